#include <graft/peft/selective/ln_tuning.hpp>

#include "peft/holds.hpp"

using namespace graft;
using holding::holds;

BOOST_AUTO_TEST_SUITE(peft_selective_ln_tuning)

BOOST_AUTO_TEST_CASE(ln_tuning) { holds<LNTuning<>, false>(); }

BOOST_AUTO_TEST_SUITE_END()
