#include <graft/peft/bottleneck/compacter.hpp>

#include "peft/holds.hpp"

using namespace graft;
using holding::holds;

BOOST_AUTO_TEST_SUITE(peft_bottleneck_compacter)

BOOST_AUTO_TEST_CASE(compacter) { holds<Compacter<4, 2>, false>(); }

BOOST_AUTO_TEST_SUITE_END()
