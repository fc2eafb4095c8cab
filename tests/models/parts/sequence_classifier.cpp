#include <graft/models/parts/sequence_classifier.hpp>

#include "models/by_hand.hpp"
#include "tiny.hpp"
#include "slope.hpp"

#include <graft/models/families/bert/bert.hpp>
#include <graft/models/parts/admitted.hpp>

using namespace graft;
using B = reference;
using by_hand::close;

BOOST_AUTO_TEST_SUITE(models_parts_sequence_classifier)

struct Classes : tiny::Config {
  static constexpr Index classes = 3;
  static constexpr std::ptrdiff_t pad = 2;
};
struct Reward : tiny::Config {
  static constexpr Index classes = 1;
};
struct Small : by_hand::TwoColumns<LlamaDefaults> {
  static constexpr Index classes = 3;
  static constexpr std::ptrdiff_t pad = 2;
};
struct SmallReward : Small {
  static constexpr Index classes = 1;
};
struct Encoding : BertDefaults {
  static constexpr Index vocabulary = 5, width = 2, blocks = 1, heads = 1, groups = 1, head_width = 2, feed_forward = 2,
                         positions = 16, classes = 2;
};
using Method = Methods<LoRA<2, On<Query, Value>>, Unfreeze<Head>>;

BOOST_AUTO_TEST_CASE(gradients_by_differences) {
  Batch classes, numbers;
  classes.append_class({1, 7, 3, 4}, 2);
  classes.append_class({9, 8}, 0);
  numbers.append_number({1, 7, 3, 4}, 0.5F);
  numbers.append_number({9, 8}, -2);
  LlamaClassifier<Classes, Method, B> classifier;
  LlamaClassifier<Reward, Method, B> reward;
  tiny::fill(classifier), tiny::fill(reward);
  check_slope(classifier, classes);
  check_slope(reward, numbers);
}

template <class Model>
std::vector<float> logits_of(const Model& model, const Batch& given) {
  return by_hand::read(model, Model::prepared(given),
                       [&](auto& tape, const auto& placed) { return model.logits(tape, placed); });
}

BOOST_AUTO_TEST_CASE(a_decoder_says_of_a_text_what_its_last_token_yields) {
  LlamaClassifier<Classes, Method, B> model;
  tiny::fill(model);
  Batch plain, padded, other;
  plain.append_class({1, 7, 3}, 0);
  padded.append_class({1, 7, 3, 2, 2}, 0);
  other.append_class({1, 7, 3, 4}, 0);
  BOOST_TEST(logits_of(model, padded) == logits_of(model, plain));
  BOOST_TEST(logits_of(model, other) != logits_of(model, plain));
}

// The head reads (7, 1) / 5 of the last token that is no padding; of a text of padding alone the first, (−1, 1).
BOOST_AUTO_TEST_CASE(classes_by_hand) {
  LlamaClassifier<Small, FrozenBase, B> model;
  by_hand::still(model);
  model.head.weight.assign(std::vector<float>{1, 0, 0, 1, 2, 1});
  Batch batch;
  batch.append_class({1, 4, 2, 2}, 2);
  batch.append_class({2, 2}, 0);
  close(logits_of(model, batch), {1.4F, 0.2F, 3, -1, 1, -1});
  const double wanted = by_hand::cross_entropy_of({1.4, 0.2, 3}, 2) + by_hand::cross_entropy_of({-1, 1, -1}, 0);
  BOOST_TEST(std::abs(static_cast<double>(by_hand::loss(model, model.prepared(batch))) - wanted) < 1e-5);
}
BOOST_AUTO_TEST_CASE(numbers_by_hand) {
  using Model = LlamaClassifier<SmallReward, FrozenBase, B>;
  static_assert(Model::says_numbers && !LlamaClassifier<Small, FrozenBase, B>::says_numbers);
  Model model;
  by_hand::still(model);
  model.head.weight.assign(std::vector<float>{1, 2});
  Batch batch;
  batch.append_number({1, 4}, 1);
  batch.append_number({0}, -1);
  close(logits_of(model, batch), {1.8F, 3});
  close({by_hand::loss(model, Model::prepared(batch))}, {0.64F + 16});
}

// z = Head(tanh(Pooler(h))) of the first token, which may be a prompt's.
BOOST_AUTO_TEST_CASE(an_encoder_pools) {
  using Model = BertClassifier<Encoding, FrozenBase, B>;
  static_assert(Model::pools && !LlamaClassifier<Small, FrozenBase, B>::pools);
  Model model;
  model.initialize({.key = {1, 0}});
  model.pooler.weight.assign(std::vector<float>{1, 1, 0, -1});
  model.pooler.bias.assign(std::vector<float>{0, 0.5F});
  model.head.weight.assign(std::vector<float>{1, 0, 1, 2});
  model.head.bias.assign(std::vector<float>{0, 10});
  Workspace<B> workspace;
  Inference<B> tape(workspace);
  const std::vector<float> h{1, 2};
  const float first = std::tanh(3.0F), second = std::tanh(-1.5F);
  const auto z = model.logits(tape, Var<B, 2>{1, tape.numbers(h.data(), 2)});
  close(download<B>(z.data, 2), {first, first + 2 * second + 10});
  Batch batch;
  batch.append_class({1, 3}, 0);
  batch.append_class({4, 0}, 1);
  BOOST_TEST((Model::prepared(batch).rows == std::vector<Id>{0, 2}));
  BOOST_TEST((BertClassifier<Encoding, SoftPrompt<2>, B>::prepared(batch).rows == std::vector<Id>{0, 4}));
}

BOOST_AUTO_TEST_CASE(what_is_no_batch_of_the_model_is_refused) {
  Batch classes, numbers, answers, broken;
  classes.append_class({1, 7}, 1);
  numbers.append_number({1, 7}, 1);
  answers.append_answer({1, 7}, 0, 1);
  broken.append_number({1, 7}, std::numeric_limits<float>::quiet_NaN());
  using Says = LlamaClassifier<Reward, Method, B>;
  BOOST_CHECK_NO_THROW(check(numbers, batch_limits<Says>()));
  BOOST_CHECK_THROW(check(classes, batch_limits<Says>()), Error);
  BOOST_CHECK_THROW(check(broken, batch_limits<Says>()), Error);
  BOOST_CHECK_THROW(check(answers, batch_limits<Says>()), Error);
}

BOOST_AUTO_TEST_SUITE_END()
