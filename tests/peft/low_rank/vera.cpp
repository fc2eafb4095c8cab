#include <graft/peft/low_rank/vera.hpp>

#include "peft/holds.hpp"

using namespace graft;
using holding::holds;

BOOST_AUTO_TEST_SUITE(peft_low_rank_vera)

BOOST_AUTO_TEST_CASE(vera) { holds<VeRA<8>, true>(); }

BOOST_AUTO_TEST_SUITE_END()
