#include <graft/core/storage.hpp>

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <limits>

using namespace graft;

BOOST_AUTO_TEST_SUITE(core_storage)

BOOST_AUTO_TEST_CASE(bfloat16_rounds_to_nearest_even) {
  BOOST_TEST(static_cast<float>(Bfloat16(1.0F)) == 1.0F);
  BOOST_TEST(static_cast<float>(Bfloat16(1.00390625F)) == 1.0F);       // half-way: to the even neighbour
  BOOST_TEST(static_cast<float>(Bfloat16(1.01171875F)) == 1.015625F);  // half-way: up to the even neighbour
  BOOST_TEST(static_cast<float>(Bfloat16(-3.0e38F)) < -2.9e38F);
  BOOST_TEST(std::isnan(static_cast<float>(Bfloat16(std::numeric_limits<float>::quiet_NaN()))));
  BOOST_TEST(std::isinf(static_cast<float>(Bfloat16(std::numeric_limits<float>::infinity()))));
}

BOOST_AUTO_TEST_CASE(halves) {
  BOOST_TEST(half_to_float(0x3c00) == 1.0F);
  BOOST_TEST(half_to_float(0xc000) == -2.0F);
  BOOST_TEST(half_to_float(0x7bff) == 65504.0F);
  BOOST_TEST(half_to_float(0x0001) == 0x1p-24F);
  BOOST_TEST(half_to_float(0x83ff) == -1023.0F * 0x1p-24F);
  BOOST_TEST(std::isinf(half_to_float(0x7c00)));
  BOOST_TEST(std::isnan(half_to_float(0x7c01)));
}

BOOST_AUTO_TEST_SUITE_END()
