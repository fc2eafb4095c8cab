// No number of a batch gets into a model that names a row, a class or a place which is not there.
#include "tiny.hpp"

#include <graft/checkpoints/adapter_files.hpp>
#include <graft/eval/perplexity.hpp>
#include <graft/models/families/bert/bert.hpp>
#include <graft/models/families/roberta/roberta.hpp>
#include <graft/models/families/t5/t5.hpp>
#include <graft/serve/embed.hpp>
#include <graft/serve/encoder_decoder.hpp>
#include <graft/train/trainer.hpp>

#include <boost/test/unit_test.hpp>

using namespace graft;

BOOST_AUTO_TEST_SUITE(models_parts_admitted)

template <class F>
void says(const char* words, F f) {
  BOOST_CHECK_EXCEPTION(f(), Error, [words](const Error& error) {
    BOOST_TEST(std::string(error.what()).find(words) != std::string::npos, error.what());
    return true;
  });
}
/// What training and evaluation say of a batch.
template <class Model>
void refuses(const char* words, const Batch& batch) {
  Model model;
  tiny::fill(model);
  Trainer trainer(model);
  Workspace<reference> workspace;
  says(words, [&] { trainer.step(batch); });
  says(words, [&] { trainer.step(std::vector<Batch>{batch, batch}); });
  says(words, [&] { held_out_loss(model, std::span(&batch, 1), workspace); });
}
Batch text(const std::vector<Id>& ids, const std::vector<Id>& labels) {
  Batch batch = tiny::batch();
  batch.append(ids, labels);
  return batch;
}

BOOST_AUTO_TEST_CASE(tokens_and_labels) {
  using Plain = Llama<tiny::Config, LoRA<2>, reference>;
  // which has rows behind the vocabulary's, and they are nobody's tokens
  using Prompted = Llama<tiny::Config, SoftPrompt<3>, reference>;
  for (const auto& [words, batch] : {std::pair{"the token 50, and there are 50 (0 to 49)", text({1, 50, 2}, {1, 3, 2})},
                                     {"the token -1", text({1, -1, 2}, {1, 3, 2})},
                                     {"the label 50, and there are 50", text({1, 2}, {-1, 50})}}) {
    refuses<Plain>(words, batch);
    refuses<Prompted>(words, batch);
  }
  refuses<Prompted>("the label 51", text({51 - 2, 2}, {51, -1}));  // of a first token, which the prompt predicts
  Plain plain;
  tiny::fill(plain);
  Generator generator(plain, 80);
  says("the token 50", [&] { generator(std::vector<Id>{1, 50}); });
  says("the token -7", [&] { generator(std::vector<std::vector<Id>>{{1}, {-7}}); });
  says("the token 50", [&] { generator.next(std::vector<Id>{50}); });
  Prompted prompted;
  tiny::fill(prompted);
  Generator behind(prompted, 80);
  says("the token 50", [&] { behind(std::vector<Id>{1, 50}); });
  BOOST_TEST(behind.next({50, 51, 52, 1}).size() == 50U);  // here the prompt's own tokens belong
  says("the token 53", [&] { behind.next(std::vector<Id>{53}); });
}

BOOST_AUTO_TEST_CASE(adapters_and_tasks) {
  Batch batch = tiny::batch();
  batch.belongs_to(2);
  refuses<Llama<tiny::TiedConfig, Bank<2, LoRA<2>>, reference>>("the adapter 2, and there are 2 (0 to 1)", batch);
  refuses<Llama<tiny::TiedConfig, LoRA<2>, reference>>("the adapter 2, and there are 1", batch);
  batch = tiny::batch();
  batch.task = 3;
  refuses<Llama<tiny::Config, MultitaskPrompt<2, 3>, reference>>("the task 3, and there are 3 (0 to 2)", batch);
  refuses<Llama<tiny::Config, LoRA<2>, reference>>("the task 3, and there are 1", batch);
}

struct Config : BertDefaults {
  static constexpr Index vocabulary = 64, positions = 24, width = 32, blocks = 1, heads = 4, groups = 4, head_width = 8,
                         feed_forward = 48, classes = 3;
};
struct Reward : Config {
  static constexpr Index classes = 1;
};
struct OneType : Config {
  static constexpr Index token_types = 1, first_position = 2;
};

BOOST_AUTO_TEST_CASE(classes_and_types) {
  using Classifier = BertClassifier<Config, Methods<LoRA<2>, Unfreeze<Head>>, reference>;
  const auto classified = [](const std::vector<Id>& ids, Id label, Index second = ~Index{0}) {
    Batch batch;
    batch.append_class(ids, label, second);
    return batch;
  };
  refuses<Classifier>("the label 3, and there are 3 (0 to 2)", classified({1, 2}, 3));
  refuses<Classifier>("the label -1", classified({1, 2}, -1));
  refuses<Classifier>("the token 64", classified({1, 64}, 0));
  refuses<RobertaClassifier<OneType, Methods<LoRA<2>, Unfreeze<Head>>, reference>>("the token type 1, and there are 1",
                                                                                   classified({1, 2, 3}, 0, 1));
  Batch masked;
  masked.append_labelled({1, 2}, {-1, 64});
  refuses<BertMaskedLM<Config, LoRA<2>, reference>>("the label 64", masked);
  BertEncoder<Config, FrozenBase, reference> encoder;
  tiny::fill(encoder);
  says("the token 64", [&] { embed(encoder, {{1, 2}, {64}}); });
}

struct PairConfig : T5Defaults {
  static constexpr Index vocabulary = 64, width = 32, encoder_blocks = 1, blocks = 1, heads = 4, groups = 4,
                         head_width = 8, feed_forward = 48, buckets = 8, farthest = 12;
};
BOOST_AUTO_TEST_CASE(sources_and_answers) {
  using Model = T5<PairConfig, LoRA<2>, reference>;
  for (const auto& [words, source, labels] : {std::tuple{"the token 64", std::vector<Id>{5, 64}, std::vector<Id>{4}},
                                              {"the token 70", {5}, {70, 1}},
                                              {"the label 64", {5}, {1, 64}}}) {
    Batch batch;
    batch.append_pair(source, labels);
    refuses<Model>(words, batch);
  }
  Model model;
  tiny::fill(model);
  EncoderDecoderGenerator generator(model, 80);
  says("the token 64", [&] { generator(std::vector<Id>{64}); });
}

// A placed batch does not get past the model's door either: nothing behind it reads by numbers that were not held
// against the model's.
BOOST_AUTO_TEST_CASE(placed_without_the_gate) {
  const auto hidden = []<class Model>(const Model& model, const Batch& batch) {
    Workspace<reference> workspace;
    Inference<reference> tape(workspace);
    return model.hidden(tape, place(tape, batch)).rows;
  };
  using Plain = Llama<tiny::Config, LoRA<2>, reference>;
  Plain plain;
  tiny::fill(plain);
  says("the token 50, and there are 50", [&] { hidden(plain, text({1, 50}, {1, 3})); });
  says("the token -1", [&] { hidden(plain, text({1, -1}, {1, 3})); });
  says("the label 50, and there are 50", [&] { tiny::loss(plain, text({1, 2}, {1, 50})); });
  says("the adapter 1, and there are 1", [&] {
    Batch batch = tiny::batch();
    batch.belongs_to(1);
    hidden(plain, batch);
  });
  Llama<tiny::Config, SoftPrompt<3>, reference> prompted;
  tiny::fill(prompted);
  says("the token 53, and there are 53", [&] { hidden(prompted, text({1, 53}, {1, 3})); });
  BertClassifier<Config, FrozenBase, reference> classifier;
  tiny::fill(classifier);
  Batch classes;
  classes.append_class({1, 2}, 3);
  says("the label 3, and there are 3", [&] { tiny::loss(classifier, classes); });
  classes = {};
  classes.append_class({1, 2}, 2, 1);
  classes.types.back() = 2;
  says("the token type 2, and there are 2", [&] { hidden(classifier, classes); });
  T5<PairConfig, FrozenBase, reference> pairs;
  tiny::fill(pairs);
  Batch pair;
  pair.append_pair({5, 64}, {4});
  says("the token 64", [&] { hidden(pairs, pair); });
  pair = {};
  pair.append_pair({5}, {64});
  says("the label 64", [&] { tiny::loss(pairs, pair); });
  says("has no sources", [&] { hidden(pairs, tiny::batch()); });

  Batch keys = tiny::batch();
  keys = behind({.keys = 5}, keys);
  says("5 keys ahead of its texts, and the model's prefix is of 0", [&] { hidden(plain, keys); });
  Llama<tiny::Config, PrefixTuning<3>, reference> prefixed;
  tiny::fill(prefixed);
  says("5 keys ahead of its texts, and the model's prefix is of 3", [&] { hidden(prefixed, keys); });
  says("0 keys ahead of its texts, and the model's prefix is of 3", [&] { hidden(prefixed, tiny::batch()); });

  Batch unlabelled, numberless;
  unlabelled.append({1, 2}, {-1, -1});
  says("without labels has no loss", [&] { tiny::loss(plain, unlabelled); });
  BertQuestionAnswering<Config, FrozenBase, reference> seeks;
  tiny::fill(seeks);
  numberless.append_class({1, 2}, 0);
  says("no answers", [&] { tiny::loss(seeks, numberless); });
  BertClassifier<Reward, FrozenBase, reference> reward;
  tiny::fill(reward);
  says("no numbers of its texts", [&] { tiny::loss(reward, numberless); });
}

// A model that nobody gave weights says so wherever it is asked for anything.
BOOST_AUTO_TEST_CASE(without_weights) {
  const char* const words = "this model has no values";
  Llama<tiny::Config, LoRA<2>, reference> model;
  Trainer trainer(model);
  Workspace<reference> workspace;
  says(words, [&] { trainer.step(tiny::batch()); });
  says(words, [&] { held_out_loss(model, std::vector<Batch>{tiny::batch()}, workspace); });
  says(words, [&] { tiny::loss(model, tiny::batch()); });
  says(words, [&] { Generator(model, 80); });
  says(words, [&] { save_adapter(model, "nowhere"); });
  says(words, [&] { EncoderDecoderGenerator(T5<PairConfig, LoRA<2>, reference>{}, 80); });
  says(words, [&] { embed(BertEncoder<Config, FrozenBase, reference>{}, {{1, 2}}); });
  BOOST_TEST(!model.initialized());
  tiny::fill(model);
  BOOST_TEST(model.initialized());
  const auto moved = std::move(model);
  BOOST_TEST(moved.initialized());
}

BOOST_AUTO_TEST_CASE(places) {
  const BatchLimits limits{.tokens = 50, .targets = 50};
  check(tiny::batch(), limits);
  const auto changed = [&limits](const char* words, auto change) {
    Batch batch = tiny::batch();
    change(batch);
    says(words, [&] { check(batch, limits); });
  };
  changed("the row 9, and there are 9", [](Batch& b) { b.rows.back() = 9; });
  changed("the position -1", [](Batch& b) { b.positions[2] = -1; });
  changed("8 positions for 9 tokens", [](Batch& b) { b.positions.pop_back(); });
  changed("6 rows for 7 labels", [](Batch& b) { b.targets.push_back(1); });
  changed("1 types for 9 tokens", [](Batch& b) { b.types = {0}; });
  changed("1 adapters for 9 tokens", [](Batch& b) { b.owners = {0}; });
  changed("do not begin and end where its 9 tokens do", [](Batch& b) { b.starts.back() = 10; });
  changed("do not begin and end where its 9 tokens do", [](Batch& b) { b.starts[1] = 11; });
  changed("do not begin and end where its 9 tokens do", [](Batch& b) { b.starts.clear(); });
  changed("do not begin and end where its 0 tokens do", [](Batch& b) { b.source_starts = {0, 2}; });
  changed("1 prefixes for 2 sequences", [](Batch& b) { b.prefixes = {-1}; });
  changed("sequence 0 of a batch continues sequence 0", [](Batch& b) { b.prefixes = {0, -1}; });
}

BOOST_AUTO_TEST_SUITE_END()
