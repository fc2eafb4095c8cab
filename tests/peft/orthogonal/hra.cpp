#include <graft/peft/orthogonal/hra.hpp>

#include "peft/holds.hpp"

using namespace graft;
using holding::holds;

BOOST_AUTO_TEST_SUITE(peft_orthogonal_hra)

BOOST_AUTO_TEST_CASE(hra) { holds<HRA<4>, true>(); }

BOOST_AUTO_TEST_SUITE_END()
