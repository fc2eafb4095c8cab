#include <graft/models/parts/causal_lm.hpp>

#include "models/by_hand.hpp"
#include "slope.hpp"

#include <graft/models/families/llama/llama.hpp>
#include <graft/peft/selective/selective.hpp>

using namespace graft;
using B = reference;
using by_hand::close;

BOOST_AUTO_TEST_SUITE(models_parts_causal_lm)

struct Own : by_hand::TwoColumns<LlamaDefaults> {};
struct Tied : Own {
  static constexpr bool tied_head = true;
};
struct Capped : Tied {
  static constexpr float logit_cap = 2;
};

template <class Model>
std::vector<float> logits(const Model& model, const Batch& batch) {
  return by_hand::read(model, batch,
                       [&](auto& tape, const auto& placed) { return model.logits(tape, model.hidden(tape, placed)); });
}
Batch text(const std::vector<Id>& ids) {
  Batch batch;
  batch.append(ids, ids);
  return batch;
}
using Frozen3 = Llama<Own, FrozenBase, B>;

BOOST_AUTO_TEST_CASE(logits_of_a_head_of_its_own) {
  Frozen3 model;
  by_hand::still(model);
  model.head.weight.assign(std::vector<float>{1, 0, 0, 1, 2, 1, 0, 0, -1, 3});
  close(logits(model, text({1, 4})), {1, -1, 1, 0, -4, 1.4F, 0.2F, 3, 0, -0.8F});  // of (1, −1) and of (7, 1) / 5
}
BOOST_AUTO_TEST_CASE(logits_of_a_head_that_is_the_embedding) {
  Llama<Tied, FrozenBase, B> model;
  by_hand::still(model);
  close(logits(model, text({1})), {0, 2, -2, 0, 6});
  Llama<Capped, FrozenBase, B> capped;
  by_hand::still(capped);
  const float one = 2 * std::tanh(1.0F), three = 2 * std::tanh(3.0F);
  close(logits(capped, text({1})), {0, one, -one, 0, three});
}
BOOST_AUTO_TEST_CASE(a_head_that_a_method_untied) {
  using Model = Llama<Tied, Unfreeze<Head>, B>;
  static_assert(Model::unties_head && !Llama<Tied, FrozenBase, B>::unties_head &&
                !Llama<Own, Unfreeze<Head>, B>::unties_head);
  Model model;
  model.initialize({.key = {1, 0}});
  BOOST_TEST((model.head.weight.read() == model.token_embedding.weight.read()));
}

// Each of a text's tokens behind the first is told by what is before it.
template <class Model>
void is_the_sum_of_cross_entropies() {
  Model model;
  by_hand::still(model);
  if constexpr (Model::unties_head) model.head.weight.assign(by_hand::rows);
  const std::vector<std::vector<double>> z{{0, 2, -2, 0, 6}, {1.6, 1.2, -1.2, -1.6, 10}};  // behind token 1, and 4
  const double wanted = by_hand::cross_entropy_of(z[0], 4) + by_hand::cross_entropy_of(z[1], 0);
  BOOST_TEST(std::abs(static_cast<double>(by_hand::loss(model, text({1, 4, 0}))) - wanted) < 1e-5);
}
BOOST_AUTO_TEST_CASE(the_loss) {
  is_the_sum_of_cross_entropies<Llama<Tied, FrozenBase, B>>();
  is_the_sum_of_cross_entropies<Llama<Tied, FrozenBase, B, CheckpointBlocks>>();
  is_the_sum_of_cross_entropies<Llama<Tied, Unfreeze<Head>, B>>();  // which computes logits, and not the loss at once
}

// Of a trained head logits are there of a chunk of rows at a time: as many texts have as many times the loss.
BOOST_AUTO_TEST_CASE(more_labels_than_a_chunk_has) {
  Llama<Tied, Unfreeze<Head>, B> model;
  by_hand::still(model);
  Batch many;
  for (int i = 0; i < 300; ++i) many.append({1, 4, 0}, {-1, 4, 0});
  const float one = by_hand::loss(model, text({1, 4, 0}));
  BOOST_TEST(by_hand::loss(model, many) == 300 * one, boost::test_tools::tolerance(1e-4F));
  check_slope(model, many);
}

struct Deep : Own {
  static constexpr Index blocks = 3;
};
BOOST_AUTO_TEST_CASE(the_loss_behind_a_trunk) {
  using Model = Llama<Deep, LastBlocks<1>, B>;
  static_assert(Model::trunk_blocks == 2);
  Model model;
  model.initialize({.key = {3, 0}, .deviation = 0.5F});
  const auto batch = text({1, 4, 0, 2});
  const auto behind = by_hand::read(model, batch, [&](auto& tape, const auto& placed) {
    return model.loss(tape, placed, model.trunk(tape, placed));
  });
  BOOST_TEST(behind[0] == by_hand::loss(model, batch));
  check_slope(model, batch);
}

BOOST_AUTO_TEST_CASE(a_model_over_another) {
  Frozen3 base;
  base.initialize({.key = {1, 0}});
  const Frozen3::of<Unfreeze<Head>> model(base, 5);
  BOOST_TEST(model.token_embedding.weight.packed() == base.token_embedding.weight.packed());
  BOOST_TEST((model.head.weight.read() == base.head.weight.read()));
}

BOOST_AUTO_TEST_SUITE_END()
