#include <graft/peft/low_rank/rand_lora.hpp>

#include "peft/holds.hpp"

using namespace graft;
using holding::holds;

BOOST_AUTO_TEST_SUITE(peft_low_rank_rand_lora)

BOOST_AUTO_TEST_CASE(rand_lora) { holds<RandLoRA<4, Alpha<8>>, true>(); }

BOOST_AUTO_TEST_SUITE_END()
