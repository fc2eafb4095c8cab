#include <graft/core/mersenne_twister.hpp>

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <random>

using namespace graft;

BOOST_AUTO_TEST_SUITE(core_mersenne_twister)

// The C++ standard names the 10000th number of the seed 5489.
BOOST_AUTO_TEST_CASE(numbers_of_the_standard) {
  MersenneTwister random(5489);
  BOOST_TEST(random() == 3'499'211'612U);
  for (int i = 1; i < 9'999; ++i) random();
  BOOST_TEST(random() == 4'123'659'995U);
}

BOOST_AUTO_TEST_CASE(every_seed_as_the_library_has_it) {
  for (const std::uint32_t seed : {0U, 1U, 42U, 0xffffffffU}) {
    MersenneTwister random(seed);
    std::mt19937 wanted(seed);
    bool same = true;
    for (int i = 0; i < 2'000; ++i) same = same && random() == wanted();
    BOOST_TEST(same, "seed " << seed);
  }
}

// torch.manual_seed(0); torch.rand(3)
BOOST_AUTO_TEST_CASE(floats_as_pytorch_makes_them) {
  MersenneTwister random(0);
  for (const float wanted : {0.4962566F, 0.7682218F, 0.0884774F})
    BOOST_TEST(std::abs(uniform01(random) - wanted) < 1e-6F);
}

BOOST_AUTO_TEST_SUITE_END()
