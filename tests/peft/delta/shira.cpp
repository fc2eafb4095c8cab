#include <graft/peft/delta/shira.hpp>

#include "peft/holds.hpp"

using namespace graft;
using holding::holds;

BOOST_AUTO_TEST_SUITE(peft_delta_shira)

BOOST_AUTO_TEST_CASE(shira) { holds<SHiRA<2>, true>(); }

BOOST_AUTO_TEST_SUITE_END()
