#include <graft/models/parts/token_classifier.hpp>

#include "models/by_hand.hpp"
#include "tiny.hpp"
#include "slope.hpp"

#include <graft/models/families/bert/bert.hpp>

using namespace graft;
using B = reference;
using by_hand::close;

BOOST_AUTO_TEST_SUITE(models_parts_token_classifier)

struct Classes : tiny::Config {
  static constexpr Index classes = 3;
};
struct Encoding : by_hand::SixteenColumns<BertDefaults> {
  static constexpr Index classes = 5;
};
struct Small : by_hand::TwoColumns<LlamaDefaults> {};
using Method = Methods<LoRA<2, On<Query, Value>>, Unfreeze<Head>>;

BOOST_AUTO_TEST_CASE(gradients_by_differences) {
  Batch tokens;
  tokens.append_labelled({1, 7, 3, 4}, {-1, 2, 0, -1});
  tokens.append_labelled({9, 8}, {1, 1});
  LlamaTokenClassifier<Classes, Method, B> decoder;
  BertTokenClassifier<Encoding, Method, B> encoder;
  tiny::fill(decoder), tiny::fill(encoder);
  check_slope(decoder, tokens);
  check_slope(encoder, tokens);
}

// Of the tokens that have a label: the head reads (1, −1) of the first, and (7, 1) / 5 of the last.
BOOST_AUTO_TEST_CASE(labels_where_tokens_stand) {
  LlamaTokenClassifier<Small, FrozenBase, B> model;
  by_hand::still(model);
  model.head.weight.assign(std::vector<float>{1, 0, 0, 2});
  model.head.bias.assign(std::vector<float>{0.5F, -1});
  Batch batch;
  batch.append_labelled({1, 2, 4}, {1, -1, 0});
  close(by_hand::read(model, batch,
                      [&](auto& tape, const auto& placed) { return model.logits(tape, model.hidden(tape, placed)); }),
        {1.5F, -3, -0.5F, 1, 1.9F, -0.6F});
  const double wanted = by_hand::cross_entropy_of({1.5, -3}, 1) + by_hand::cross_entropy_of({1.9, -0.6}, 0);
  BOOST_TEST(std::abs(static_cast<double>(by_hand::loss(model, batch)) - wanted) < 1e-5);
}

struct Deep : Small {
  static constexpr Index blocks = 2;
};
BOOST_AUTO_TEST_CASE(the_loss_behind_a_trunk) {
  LlamaTokenClassifier<Deep, Methods<LastBlocks<1>, Unfreeze<Head>>, B> model;
  model.initialize({.key = {3, 0}, .deviation = 0.5F});
  Batch batch;
  batch.append_labelled({1, 2, 4}, {1, -1, 0});
  const auto behind = by_hand::read(model, batch, [&](auto& tape, const auto& placed) {
    return model.loss(tape, placed, model.trunk(tape, placed));
  });
  BOOST_TEST(behind[0] == by_hand::loss(model, batch));
}

BOOST_AUTO_TEST_SUITE_END()
