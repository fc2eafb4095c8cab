#include <graft/peft/delta/miss.hpp>

#include "peft/holds.hpp"

using namespace graft;
using holding::holds;

BOOST_AUTO_TEST_SUITE(peft_delta_miss)

BOOST_AUTO_TEST_CASE(miss) { holds<MiSS<4>, true>(); }

BOOST_AUTO_TEST_SUITE_END()
