#include <graft/peft/bottleneck/loreft.hpp>

#include "peft/holds.hpp"

using namespace graft;
using holding::holds;

BOOST_AUTO_TEST_SUITE(peft_bottleneck_loreft)

BOOST_AUTO_TEST_CASE(loreft) { holds<LoReFT<2, 2, 1>, false>(); }

BOOST_AUTO_TEST_SUITE_END()
