#include <graft/peft/delta/lokr.hpp>

#include "peft/holds.hpp"

using namespace graft;
using holding::holds, holding::is_whole;

BOOST_AUTO_TEST_SUITE(peft_delta_lokr)

BOOST_AUTO_TEST_CASE(lokr) { holds<LoKr<2>, true>(); }
BOOST_AUTO_TEST_CASE(lokr_with_a_whole_factor) { is_whole<LoKr<16>>(); }

BOOST_AUTO_TEST_SUITE_END()
