#include <graft/peft/delta/loha.hpp>

#include "peft/holds.hpp"

using namespace graft;
using holding::Config, holding::holds, holding::is_whole;

BOOST_AUTO_TEST_SUITE(peft_delta_loha)

BOOST_AUTO_TEST_CASE(loha) { holds<LoHa<4>, true>(); }

BOOST_AUTO_TEST_CASE(loha_in_some_blocks) {
  static_assert(2 * Llama<Config, LoHa<4, Blocks<1, 2>>, reference>::trainable_parameters ==
                Llama<Config, LoHa<4, Blocks<1, 3>>, reference>::trainable_parameters);
  is_whole<LoHa<4, Blocks<1, 2>>>();
}

BOOST_AUTO_TEST_SUITE_END()
