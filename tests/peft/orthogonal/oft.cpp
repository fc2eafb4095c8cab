#include <graft/peft/orthogonal/oft.hpp>

#include "peft/holds.hpp"

using namespace graft;
using holding::holds, holding::is_whole;

BOOST_AUTO_TEST_SUITE(peft_orthogonal_oft)

BOOST_AUTO_TEST_CASE(oft) { holds<OFT<8>, true>(); }
BOOST_AUTO_TEST_CASE(cayley_oft) { is_whole<CayleyOFT<8>>(); }

BOOST_AUTO_TEST_SUITE_END()
