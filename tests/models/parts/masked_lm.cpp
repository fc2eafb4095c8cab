// A model that fills in masked tokens: gradients, what it learns, and files that have heads of other models.
#include "peft/holds.hpp"

#include <graft/checkpoints/base/load.hpp>
#include <graft/checkpoints/base/merge.hpp>
#include <graft/models/families/roberta/roberta.hpp>

using namespace graft;

BOOST_AUTO_TEST_SUITE(models_parts_masked_lm)

struct Config : RobertaDefaults {
  static constexpr Index vocabulary = 64, positions = 24, width = 32, blocks = 2, heads = 4, groups = 4, head_width = 8,
                         feed_forward = 48;
};

Batch masked() {
  Batch batch;
  batch.append_labelled({1, 5, 3, 7, 2}, {-1, -1, 9, -1, -1});
  batch.append_labelled({1, 3, 3, 2}, {-1, 8, 11, -1});
  return batch;
}
template <class M>
void check_gradient(const char* part) {
  RobertaMaskedLM<Config, M, reference> model;
  tiny::fill(model);
  holding::check_gradient(model, part, masked());
}
BOOST_AUTO_TEST_CASE(gradient) {
  for (const char* part : {"", "lm_head.dense", "lm_head.layer_norm", "lm_head.bias", "word_embeddings",
                           "position_embeddings", "token_type"})
    check_gradient<FullFineTuning>(part);
  check_gradient<Methods<LoRA<4>, SoftPrompt<2>>>("");
}
BOOST_AUTO_TEST_CASE(positions_count_from_two) {
  RobertaMaskedLM<Config, FrozenBase, reference> model;
  BOOST_TEST(decltype(model)::prepared(masked()).positions == (std::vector<Id>{2, 3, 4, 5, 6, 2, 3, 4, 5}),
             boost::test_tools::per_element());
}
BOOST_AUTO_TEST_CASE(training_fills_in) {
  RobertaMaskedLM<Config, LoRA<4>, Cpu, Bf16> model;
  tiny::fill(model);
  Trainer trainer(model, AdamW{.learning_rate = 1e-2F});
  const double first = trainer.step(masked()).loss;
  double last = first;
  for (int i = 0; i < 40; ++i) last = trainer.step(masked()).loss;
  BOOST_TEST(last < 0.5 * first);
}
BOOST_AUTO_TEST_CASE(files_with_other_heads) {
  const auto folder = std::filesystem::temp_directory_path() / ("graft-mlm-" + std::to_string(::getpid()));
  std::filesystem::create_directories(folder);
  using Model = RobertaMaskedLM<Config, LoRA<2>, reference>;
  Model filled;
  tiny::fill(filled);
  std::vector<NamedTensor> tensors;
  using Base = RobertaMaskedLM<Config, FrozenBase, reference>;
  Base base;
  tiny::fill(base);
  Base::visit(base, [&tensors](const Path& path, const auto& p) {
    tensors.push_back({path.str(), shape_in_files(p), p.read()});
  });
  tensors.push_back({"lm_head.decoder.bias", {64}, std::vector<float>(64, 0.0F)});
  write_safetensors(folder / "model.safetensors", tensors);
  write_json(folder / "config.json", {{"model_type", "roberta"},
                                      {"architectures", {"RobertaForMaskedLM"}},
                                      {"vocab_size", 64},
                                      {"hidden_size", 32},
                                      {"num_hidden_layers", 2},
                                      {"num_attention_heads", 4},
                                      {"intermediate_size", 48},
                                      {"max_position_embeddings", 24},
                                      {"type_vocab_size", 1},
                                      {"layer_norm_eps", 1e-5},
                                      {"hidden_act", "gelu"},
                                      {"pad_token_id", 1}});
  auto model = load<Model>(folder);
  const double untouched = holding::loss_of(base, masked());
  BOOST_TEST(holding::loss_of(model, masked()) == untouched, boost::test_tools::tolerance(1e-6));
  Model::visit(model, [](const Path&, auto& p) {
    if constexpr (std::remove_cvref_t<decltype(p)>::trainable) p.assign(std::vector<float>(p.size, 0.1F));
  });
  const double tuned = holding::loss_of(model, masked());
  save_adapter(model, folder / "adapter");
  BOOST_TEST(read_json(folder / "adapter" / "adapter_config.json").at("task_type").is_null());
  auto again = load<Model>(folder);
  load_adapter(again, folder / "adapter");
  BOOST_TEST(holding::loss_of(again, masked()) == tuned);
  save_merged(model, ModelFiles(folder), folder / "merged");
  BOOST_TEST(holding::loss_of(load<Base>(folder / "merged"), masked()) == tuned, boost::test_tools::tolerance(1e-5));
  // The same file as an encoder, and as a classifier with a new head.
  BOOST_TEST((load<RobertaEncoder<Config, FrozenBase, reference>>(folder).parameters) > 0U);
  BOOST_CHECK_THROW((load<RobertaClassifier<Config, FrozenBase, reference>>(folder)), Error);
  using Classifier = RobertaClassifier<Config, Methods<LoRA<2>, Unfreeze<Pooler, Head>>, reference>;
  const auto classifier = load<Classifier>(folder);
  save_adapter(classifier, folder / "classifier");
  BOOST_TEST(read_json(folder / "classifier" / "adapter_config.json").at("modules_to_save") ==
             Json::array({"classifier"}));
  std::filesystem::remove_all(folder);
}

BOOST_AUTO_TEST_SUITE_END()
