#include <graft/layers/layer_norm.hpp>

#include "layers/examine.hpp"

#include <graft/backend/reference.hpp>

using namespace graft;
using B = reference;
using examining::examine;

BOOST_AUTO_TEST_SUITE(layers_layer_norm)

static_assert(Layer<LayerNorm<B, 6>>);

BOOST_AUTO_TEST_CASE(norms) {
  examine<LayerNorm<B, 6>>(12);
  examine<Frozen<LayerNorm<B, 6>>::bias_thawed>(6);
  examine<Frozen<LayerNorm<B, 6>>>(0);
}

// (1, 3, 5, 7): the mean is 4, the variance 5, with ε 9.
BOOST_AUTO_TEST_CASE(a_row_by_hand) {
  LayerNorm<B, 4> norm;
  norm.epsilon = 4;
  norm.weight.assign(std::vector<float>{1, 3, 3, 6});
  norm.bias.assign(std::vector<float>{0, 1, 0, -2});
  Workspace<B> workspace;
  Inference<B> tape(workspace);
  const std::vector<float> x{1, 3, 5, 7, 2, 2, 2, 2}, wanted{-1, 0, 1, 4, 0, 1, 0, -2};  // a row without variance: b
  const auto y = norm(tape, Var<B, 4>{2, tape.numbers(x.data(), 8)});
  for (Index i = 0; i < 8; ++i) BOOST_TEST(std::abs(y.data[i] - wanted[i]) < 1e-5F);
}

BOOST_AUTO_TEST_CASE(first_values_are_the_bases) {
  LayerNorm<B, 2> norm;
  norm.weight.assign(std::vector<float>{3, 4});
  norm.bias.assign(std::vector<float>{5, 6});
  Initializer beside{.key = {1, 0}, .base = false}, whole{.key = {1, 0}};
  norm.initialize(beside);
  BOOST_TEST((norm.weight.read() == std::vector<float>{3, 4} && norm.bias.read() == std::vector<float>{5, 6}));
  norm.initialize(whole);
  BOOST_TEST((norm.weight.read() == std::vector<float>{1, 1} && norm.bias.read() == std::vector<float>{0, 0}));
}

BOOST_AUTO_TEST_SUITE_END()
