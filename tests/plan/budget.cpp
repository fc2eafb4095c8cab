// The policy that a budget chooses is the cheapest that fits, by the plan of each.
#include "tiny.hpp"

#include <graft/plan/budget.hpp>

#include <boost/test/unit_test.hpp>

using namespace graft;

BOOST_AUTO_TEST_SUITE(plan_budget)

using Plain = Llama<tiny::Config, LoRA<2>, reference, Bf16>;
using Remade = Plain::with<Recompute>;
using Checkpointed = Plain::with<CheckpointBlocks>;

template <class Model>
constexpr Index needed = plan<Model>(Tokens{64}).total();

BOOST_AUTO_TEST_CASE(the_cheapest_that_fits) {
  static_assert(needed<Plain> > needed<Remade> && needed<Remade> > needed<Checkpointed>);
  static_assert(plan<Plain>(Tokens{64}).flops.backward < plan<Checkpointed>(Tokens{64}).flops.backward);
  static_assert(std::is_same_v<Budget<needed<Plain>, Plain, 64>, Plain>);
  static_assert(std::is_same_v<Budget<needed<Plain> - 1, Plain, 64>, Remade>);
  static_assert(std::is_same_v<Budget<needed<Remade> - 1, Plain, 64>, Checkpointed>);
  BOOST_TEST(std::string(Budget<needed<Checkpointed>, Plain, 64>::memory_policy).starts_with("CheckpointBlocks"));
  BOOST_TEST(std::string(Plain::memory_policy) != Remade::memory_policy);
}

BOOST_AUTO_TEST_SUITE_END()
