#include <graft/core/random.hpp>

#include <boost/test/unit_test.hpp>

using namespace graft;

BOOST_AUTO_TEST_SUITE(core_random)

// Known answers of Philox4x32-10 from the authors' own test vectors.
BOOST_AUTO_TEST_CASE(philox_known_answers) {
  const auto zero = philox({0, 0}, 0);
  BOOST_TEST(zero[0] == 0x6627e8d5U);
  BOOST_TEST(zero[1] == 0xe169c58dU);
  BOOST_TEST(zero[2] == 0xbc57ac4cU);
  BOOST_TEST(zero[3] == 0x9b00dbd8U);
  const auto ones = philox({~0ULL, ~0ULL}, ~0ULL);
  BOOST_TEST(ones[0] == 0x408f276dU);
  BOOST_TEST(ones[1] == 0x41c83b0eU);
  BOOST_TEST(ones[2] == 0xa20bc7c6U);
  BOOST_TEST(ones[3] == 0x6d5451fdU);
}

BOOST_AUTO_TEST_CASE(moments) {
  double mean = 0, square = 0, uniform = 0;
  constexpr Index n = 100'000;
  for (Index i = 0; i < n; ++i) {
    const auto x = static_cast<double>(standard_normal({1, 2}, i));
    mean += x / n;
    square += x * x / n;
    uniform += static_cast<double>(uniform01({3, 4}, i)) / n;
  }
  BOOST_TEST(std::abs(mean) < 0.02);
  BOOST_TEST(std::abs(square - 1) < 0.02);
  BOOST_TEST(std::abs(uniform - 0.5) < 0.01);
}

BOOST_AUTO_TEST_SUITE_END()
