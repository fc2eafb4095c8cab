// A weight that waits is itself again, and costs memory only where nobody else has it.
#include <graft/backend/reference.hpp>
#include <graft/layers/linear.hpp>
#include <graft/peft/set_aside.hpp>

#include <boost/test/unit_test.hpp>

using namespace graft;

BOOST_AUTO_TEST_SUITE(peft_set_aside)

using Base = Frozen<Linear<reference, 2, 2>, Q4_1>;
struct Doubled {
  Base base;
  static std::vector<float> merged_weight(std::vector<float> w) {
    for (float& x : w) x *= 2;
    return w;
  }
};

BOOST_AUTO_TEST_CASE(merged_and_back) {
  Doubled layer;
  layer.base.weight.assign(std::vector<float>{1, 2, 3, 4});
  const auto* const there = layer.base.weight.packed();
  const auto before = layer.base.weight.read();
  WeightAside<Base> aside;
  aside.unmerge(layer);
  BOOST_TEST(!aside.holds());
  aside.merge(layer);
  aside.merge(layer);  // once
  BOOST_TEST((aside.holds() && layer.base.weight.read() == Doubled::merged_weight(before)));
  aside.unmerge(layer);
  BOOST_TEST((!aside.holds() && layer.base.weight.packed() == there && layer.base.weight.read() == before));
}
BOOST_AUTO_TEST_CASE(only_what_others_have_is_kept_for_nothing) {
  Base base;
  base.weight.assign(std::vector<float>{1, 2, 3, 4});
  WeightAside<Base> aside;
  aside.keep_shared(base.weight);
  BOOST_TEST(!aside.holds());
  const auto other = base.weight;
  aside.keep_shared(base.weight);
  BOOST_TEST(aside.holds());
}

BOOST_AUTO_TEST_SUITE_END()
