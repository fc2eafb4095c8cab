// Classifiers of texts: what their first tokens see, soft prompts before every text, heads that files lack.
#include "peft/holds.hpp"

#include <graft/checkpoints/base/load.hpp>
#include <graft/models/families/bert/bert.hpp>

using namespace graft;

namespace {

struct Config : BertDefaults {
  static constexpr Index vocabulary = 64, positions = 24, width = 32, blocks = 2, heads = 4, groups = 4, head_width = 8,
                         feed_forward = 48, classes = 3;
};

Batch texts() {
  Batch batch;
  batch.append_class({1, 5, 9, 7}, 2);
  batch.append_class({1, 3, 2, 8, 11, 2}, 0, 3);  // two texts in one
  return batch;
}

template <class Model>
std::vector<float> logits(const Model& model, const Batch& batch) {
  Workspace<reference> workspace;
  Inference<reference> tape(workspace);
  const auto prepared = Model::prepared(batch);
  const auto y = model.logits(tape, place(tape, prepared));
  return download<reference>(y.data, y.size());
}

}  // namespace

BOOST_AUTO_TEST_SUITE(models_families_bert_bert_block)

template <class M>
void check_gradient(const char* part) {
  BertClassifier<Config, M, reference> model;
  tiny::fill(model);
  holding::check_gradient(model, part, texts());
}

BOOST_AUTO_TEST_CASE(gradient) {
  for (const char* part : {"", "embeddings", "attention", "LayerNorm", "pooler"}) check_gradient<FullFineTuning>(part);
  check_gradient<Methods<LoRA<4>, SoftPrompt<3>, Unfreeze<Head>>>("");
  check_gradient<Methods<PrefixTuning<3>, PfeifferAdapter<4>>>("");
  check_gradient<HoulsbyAdapter<4>>("");
}

BOOST_AUTO_TEST_CASE(a_text_is_read_alone_and_whole) {
  BertClassifier<Config, SoftPrompt<2>, reference> model;
  tiny::fill(model);
  const auto together = logits(model, texts());
  Batch second;
  second.append_class({1, 3, 2, 8, 11, 2}, 0, 3);
  const auto alone = logits(model, second);
  for (Index k = 0; k < 3; ++k) BOOST_TEST(std::abs(together[3 + k] - alone[k]) < 1e-5F);
  // The last token counts, and so does which text it is of.
  Batch other;
  other.append_class({1, 3, 2, 8, 11, 4}, 0, 3);
  BOOST_TEST(std::abs(logits(model, other)[0] - alone[0]) > 1e-3F);
  Batch one;
  one.append_class({1, 3, 2, 8, 11, 2}, 0);
  BOOST_TEST(std::abs(logits(model, one)[0] - alone[0]) > 1e-3F);
}

BOOST_AUTO_TEST_CASE(training_learns_the_classes) {
  BertClassifier<Config, Methods<LoRA<4>, Unfreeze<Head>>, Cpu, Bf16> model;
  tiny::fill(model);
  Trainer trainer(model, AdamW{.learning_rate = 1e-2F});
  const double first = trainer.step(texts()).loss;
  double last = first;
  for (int i = 0; i < 30; ++i) last = trainer.step(texts()).loss;
  BOOST_TEST(last < 0.3 * first);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(models_families_bert_bert)

using Base = BertClassifier<Config, FrozenBase, reference>;

BOOST_AUTO_TEST_CASE(a_new_head_is_one_that_is_trained) {
  const auto folder = std::filesystem::temp_directory_path() / ("graft-bert-" + std::to_string(::getpid()));
  std::filesystem::create_directories(folder);
  Base filled;
  tiny::fill(filled);
  std::vector<NamedTensor> tensors;
  Base::visit(filled, [&tensors](const Path& path, const auto& p) {
    if (path.str().starts_with("classifier")) return;
    tensors.push_back({path.str().substr(5), shape_in_files(p), p.read()});  // a model without a head has no root
  });
  tensors.push_back({"cls.predictions.bias", {64}, std::vector<float>(64, 0.0F)});
  write_safetensors(folder / "model.safetensors", tensors);
  write_json(folder / "config.json", {{"model_type", "bert"},
                                      {"vocab_size", 64},
                                      {"hidden_size", 32},
                                      {"num_hidden_layers", 2},
                                      {"num_attention_heads", 4},
                                      {"intermediate_size", 48},
                                      {"max_position_embeddings", 24},
                                      {"type_vocab_size", 2},
                                      {"layer_norm_eps", 1e-12},
                                      {"hidden_act", "gelu"},
                                      {"id2label", {{"0", "a"}, {"1", "b"}, {"2", "c"}}}});
  BOOST_CHECK_EXCEPTION(load<Base>(folder), Error, [](const Error& e) {
    return std::string(e.what()).find("missing: classifier.weight [3, 32]") != std::string::npos;
  });
  using Tuned = BertClassifier<Config, Methods<PfeifferAdapter<4>, Unfreeze<Head>>, reference>;
  auto model = load<Tuned>(folder);
  float most = 0;
  for (const float x : model.head.weight.read()) most = std::max(most, std::abs(x));
  BOOST_TEST((most > 0.01F && most < 0.2F));
  // The head goes with the adapter.
  save_adapter(model, folder / "adapter");
  auto again = load<Tuned>(folder, 5);
  BOOST_TEST((again.head.weight.read() != model.head.weight.read()));
  load_adapter(again, folder / "adapter");
  BOOST_TEST(again.head.weight.read() == model.head.weight.read(), boost::test_tools::per_element());
  BOOST_TEST(logits(again, texts()) == logits(model, texts()), boost::test_tools::per_element());
  std::filesystem::remove_all(folder);
}

BOOST_AUTO_TEST_SUITE_END()
