#include <graft/layers/bias.hpp>

#include "layers/examine.hpp"

#include <graft/autodiff/ops/pointwise/scale.hpp>
#include <graft/backend/reference.hpp>

using namespace graft;
using B = reference;
using examining::examine;

BOOST_AUTO_TEST_SUITE(layers_bias)

static_assert(Layer<Bias<B, 6>>);

/// Over a value of its own, as the sum takes its place.
template <class L>
struct OfCopy : L {
  template <class T, Gradient G>
  constexpr auto operator()(T& tape, Var<B, 6, G> x) const {
    return L::operator()(tape, scale(tape, x, 1.5F));
  }
};
BOOST_AUTO_TEST_CASE(gradients) {
  examine<OfCopy<Bias<B, 6>>>(6);
  examine<OfCopy<Frozen<Bias<B, 6>>>>(0);
  examine<OfCopy<Frozen<Bias<B, 6>>::thawed>>(6);
}

BOOST_AUTO_TEST_CASE(is_added_to_every_row) {
  Bias<B, 2> layer;
  layer.bias.assign(std::vector<float>{0.5F, -1});
  Workspace<B> workspace;
  Inference<B> tape(workspace);
  const std::vector<float> x{1, 2, 3, 4};
  const Var<B, 2> given{2, tape.numbers(x.data(), 4)};
  const auto y = layer(tape, given);
  BOOST_TEST(y.data == given.data);  // in place
  BOOST_TEST(download<B>(y.data, 4) == (std::vector<float>{1.5F, 1, 3.5F, 3}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(begins_as_nothing_where_it_is_the_bases) {
  Bias<B, 2> layer;
  layer.bias.assign(std::vector<float>{0.5F, -1});
  Initializer beside{.key = {1, 0}, .base = false}, whole{.key = {1, 0}};
  layer.initialize(beside);
  BOOST_TEST(layer.bias.read() == (std::vector<float>{0.5F, -1}), boost::test_tools::per_element());
  layer.initialize(whole);
  BOOST_TEST(layer.bias.read() == std::vector<float>(2, 0.0F), boost::test_tools::per_element());
  Bias<B, 2>::visit(
      layer, [&](const Path& path, auto&) { BOOST_TEST(path.str() == "head.bias"); }, Path{nullptr, "head"});
}

BOOST_AUTO_TEST_SUITE_END()
