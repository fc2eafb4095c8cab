#include <graft/peft/selective/trainable_tokens.hpp>

#include "peft/holds.hpp"

using namespace graft;
using holding::holds;

BOOST_AUTO_TEST_SUITE(peft_selective_trainable_tokens)

BOOST_AUTO_TEST_CASE(trainable_tokens) { holds<TrainableTokens<3, 9>, false>(); }

BOOST_AUTO_TEST_CASE(trainable_tokens_beside_lora) {
  holds<Methods<TrainableTokens<3, 9>, LoRA<2>>, true>("trainable_tokens");
}

BOOST_AUTO_TEST_SUITE_END()
