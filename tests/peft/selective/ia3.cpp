#include <graft/peft/selective/ia3.hpp>

#include "peft/holds.hpp"

using namespace graft;
using holding::holds, holding::is_whole;

BOOST_AUTO_TEST_SUITE(peft_selective_ia3)

BOOST_AUTO_TEST_CASE(ia3) { holds<IA3<>, true>(); }
BOOST_AUTO_TEST_CASE(ia3_before_a_residual) { is_whole<IA3<On<Query, Output>>>(); }

BOOST_AUTO_TEST_SUITE_END()
