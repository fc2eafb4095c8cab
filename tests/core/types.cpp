#include <graft/core/types.hpp>

#include <boost/test/unit_test.hpp>

using namespace graft;

BOOST_AUTO_TEST_SUITE(core_types)

static_assert((Gradient::none | Gradient::none) == Gradient::none);
static_assert((Gradient::tracked | Gradient::none) == Gradient::tracked &&
              (Gradient::none | Gradient::tracked) == Gradient::tracked &&
              (Gradient::tracked | Gradient::tracked) == Gradient::tracked);

BOOST_AUTO_TEST_CASE(sizes_in_powers_of_two) {
  BOOST_TEST(3_KiB == 3'072U);
  BOOST_TEST(2_MiB == 2'097'152U);
  BOOST_TEST(5_GiB == 5'368'709'120U);  // more than 32 bits hold
}

BOOST_AUTO_TEST_SUITE_END()
