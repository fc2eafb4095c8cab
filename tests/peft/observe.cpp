#include <graft/peft/observe.hpp>

#include <graft/backend/reference.hpp>
#include <graft/layers/rms_norm.hpp>

#include <boost/test/unit_test.hpp>

using namespace graft;
using B = reference;

BOOST_AUTO_TEST_SUITE(peft_observe)

using Base = Frozen<Linear<B, 2, 3>>;
using Watch = Watching<Observe<>, Base>;

BOOST_AUTO_TEST_CASE(products_of_all_that_is_read) {
  Watch layer;
  Initializer initializer{.key = {1, 0}};
  layer.initialize(initializer);
  BOOST_TEST(layer.gram() == std::vector<float>(4, 0.0F), boost::test_tools::per_element());
  Workspace<B> workspace;
  Inference<B> tape(workspace);
  const std::vector<float> first{1, 2, 3, -1}, second{0, 4};
  const Var<B, 2> x{2, tape.numbers(first.data(), 4)};
  const auto y = layer(tape, x);
  layer(tape, Var<B, 2>{1, tape.numbers(second.data(), 2)});
  BOOST_TEST(layer.gram() == (std::vector<float>{10, -1, -1, 21}), boost::test_tools::per_element());  // Σ xᵀ x
  BOOST_TEST(download<B>(y.data, 6) == download<B>(layer.base(tape, x).data, 6), boost::test_tools::per_element());
  layer.initialize(initializer);
  BOOST_TEST(layer.gram() == std::vector<float>(4, 0.0F), boost::test_tools::per_element());
}

// It trains nothing, and watches linear layers of the base that have a weight of their own.
using AtQuery = Place<Query, 0, 3, F32>;
template <class M, class L, class Where = AtQuery>
constexpr bool watches = offers_of<typename M::template at<Where, L>>.observes;
static_assert(watches<Observe<>, Base> && !watches<Observe<On<Value>>, Base> && !watches<Observe<Blocks<1, 2>>, Base>);
static_assert(!watches<Observe<>, Frozen<RMSNorm<B, 2>>> && !watches<Observe<On<Query>>, Tied<Linear<B, 2, 3>>>);
static_assert(std::is_same_v<Observe<>::at<AtQuery, Watch>, Watch>);  // a layer that a method made
static_assert(std::is_same_v<Observe<int>::at<AtQuery, Base>::complaint, ObserveUnknownOption>);
static_assert(std::is_same_v<Observe<On<int>>::at<AtQuery, Base>::complaint, UnknownSite>);

BOOST_AUTO_TEST_SUITE_END()
