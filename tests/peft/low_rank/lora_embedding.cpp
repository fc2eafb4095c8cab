#include <graft/peft/low_rank/lora_embedding.hpp>

#include "peft/holds.hpp"

using namespace graft;
using holding::holds;

BOOST_AUTO_TEST_SUITE(peft_low_rank_lora_embedding)

BOOST_AUTO_TEST_CASE(lora_on_the_embedding) { holds<LoRA<4, On<TokenEmbedding, Query>>, true>(); }

BOOST_AUTO_TEST_SUITE_END()
