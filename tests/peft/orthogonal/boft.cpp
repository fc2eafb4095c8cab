#include <graft/peft/orthogonal/boft.hpp>

#include "peft/holds.hpp"

using namespace graft;
using holding::holds, holding::is_whole;

BOOST_AUTO_TEST_SUITE(peft_orthogonal_boft)

BOOST_AUTO_TEST_CASE(boft) { holds<BOFT<8>, true>(); }
BOOST_AUTO_TEST_CASE(boft_of_two_factors) { is_whole<BOFT<4, 3>>(); }

BOOST_AUTO_TEST_SUITE_END()
