// Layers through the public check_layer, on `reference` and where memory is out of reach.
#include "backend/guarded.hpp"
#include "layers/examine.hpp"

#include <graft/layers/check_layer.hpp>
#include <graft/peft.hpp>

#include <boost/test/unit_test.hpp>

using namespace graft;

using B = reference;
using examining::examine;

BOOST_AUTO_TEST_SUITE(layers_linear)

static_assert(Layer<Linear<B, 6, 4>> && Layer<RMSNorm<B, 6>> && Layer<LowRank<LoRA<2>, Frozen<Linear<B, 6, 4>>>>);

BOOST_AUTO_TEST_CASE(linear) {
  examine<Linear<B, 6, 4>>(24);
  examine<Linear<B, 6, 4, true>>(28);
  examine<Frozen<Linear<B, 6, 4, true>>>(0);
  examine<Frozen<Linear<B, 6, 4, true>>::bias_thawed>(4);
  examine<Frozen<Linear<guarded, 6, 4, true>, Bf16>::bias_thawed>(4);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(layers_rms_norm)

BOOST_AUTO_TEST_CASE(norms) {
  examine<RMSNorm<B, 6>>(6);
  examine<Frozen<RMSNorm<B, 6>>>(0);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(peft_low_rank_lora)

BOOST_AUTO_TEST_CASE(low_rank) {
  examine<LowRank<LoRA<2>, Frozen<Linear<B, 6, 4>>>>(20);
  examine<LowRank<LoRA<3, RankStabilized>, Frozen<Linear<guarded, 6, 4, true>, Bf16>>>(30);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(layers_layer)

// Base and method draw from streams of their own, whoever draws first and however often.
BOOST_AUTO_TEST_CASE(streams_of_the_base_and_of_a_method) {
  Initializer one{.key = {3, 5}}, other{.key = {3, 5}}, over{.key = {3, 5 + Initializer::base_streams}, .base = false};
  const auto added = other.normal(8, 0.5F);
  const auto more = other.uniform(8, 0.5F);
  const auto first = one.base_weights(8), second = one.base_weights(8);
  BOOST_TEST((other.base_weights(8) == first && other.base_weights(8) == second && first != second));
  BOOST_TEST((one.normal(8, 0.5F) == added && one.uniform(8, 0.5F) == more));
  BOOST_TEST((over.normal(8, 0.5F) == added && over.uniform(8, 0.5F) == more));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(layers_check_layer)

// The wrong examination fails: a layer whose backward forgets a factor.
struct Wrong : Linear<B, 6, 4> {
  template <class T, Gradient G>
  auto operator()(T& tape, Var<B, 6, G> x) const {
    const auto y = matmul(tape, x, weight);
    if constexpr (decltype(y)::tracked) {
      const auto z = tape.track(y.constant());
      tape.run(0, [=](auto on) { scale(z.data, z.data, 2.0F, z.size(), false, on); });
      tape.record(z, [=](auto& back, auto) { back.pass_adjoint(z, y); });
      return z;
    } else {
      tape.run(0, [=](auto on) { scale(y.data, y.data, 2.0F, y.size(), false, on); });
      return y;
    }
  }
};

BOOST_AUTO_TEST_CASE(a_wrong_gradient_is_found) {
  Wrong layer;
  Initializer initializer{.key = {3, 0}, .base = true, .deviation = 0.5F};
  layer.initialize(initializer);
  BOOST_TEST(check_layer<6>(layer).worst > 0.2);
}

BOOST_AUTO_TEST_SUITE_END()
