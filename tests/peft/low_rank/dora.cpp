#include <graft/peft/low_rank/dora.hpp>

#include "peft/holds.hpp"

using namespace graft;
using holding::holds, holding::holds_over;

BOOST_AUTO_TEST_SUITE(peft_low_rank_dora)

// Its norms are constants to the gradient, as the paper has it, but not to the loss: differences agree for magnitudes
// only; parity with PyTorch checks the rest.
BOOST_AUTO_TEST_CASE(dora) { holds<DoRA<4>, true>("lora_magnitude_vector"); }
BOOST_AUTO_TEST_CASE(dora_over_four_bits) { holds_over<Nf4, DoRA<4>, true>(); }

BOOST_AUTO_TEST_SUITE_END()
