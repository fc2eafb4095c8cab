#include <graft/peft/low_rank/adalora.hpp>

#include "peft/holds.hpp"

using namespace graft;
using holding::holds;

BOOST_AUTO_TEST_SUITE(peft_low_rank_adalora)

BOOST_AUTO_TEST_CASE(adalora) { holds<AdaLoRA<4>, true>("lora_E"); }

BOOST_AUTO_TEST_SUITE_END()
