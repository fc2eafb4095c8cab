#include <graft/peft/delta/fourier_ft.hpp>

#include "peft/holds.hpp"

using namespace graft;
using holding::holds;

BOOST_AUTO_TEST_SUITE(peft_delta_fourier_ft)

BOOST_AUTO_TEST_CASE(fourier_ft) { holds<FourierFT<20>, true>(); }

BOOST_AUTO_TEST_SUITE_END()
