// Which of the likely tokens is taken.
#include <graft/serve/generate_options.hpp>

#include <boost/test/unit_test.hpp>

#include <limits>

using namespace graft;

BOOST_AUTO_TEST_SUITE(serve_generate_options)

BOOST_AUTO_TEST_CASE(sampling) {
  const std::vector<float> logits{0.0F, 2.0F, 1.0F, -5.0F};
  std::vector<int> counts(4);
  for (Index i = 0; i < 4000; ++i) ++counts[static_cast<Index>(sample(logits, {.temperature = 1.0F, .seed = 7}, i))];
  const double z = 1 + std::exp(2) + std::exp(1) + std::exp(-5);
  BOOST_TEST(std::abs(counts[1] / 4000.0 - std::exp(2) / z) < 0.03);
  BOOST_TEST(std::abs(counts[0] / 4000.0 - 1 / z) < 0.03);
  for (Index i = 0; i < 200; ++i) {
    BOOST_TEST(sample(logits, {.temperature = 5.0F, .top_k = 1}, i) == 1);
    BOOST_TEST(sample(logits, {.temperature = 1.0F, .top_p = 0.6F}, i) == 1);
    BOOST_TEST(sample(logits, {.temperature = 9.0F, .top_k = 2}, i) != 3);
  }
}
BOOST_AUTO_TEST_CASE(logits_are_numbers) {
  const float infinite = std::numeric_limits<float>::infinity();
  for (const auto& logits : {std::vector<float>{}, {0, std::numeric_limits<float>::quiet_NaN()}, {0, infinite}})
    for (const float temperature : {0.0F, 1.0F})
      BOOST_CHECK_THROW(static_cast<void>(sample(logits, {.temperature = temperature}, 0)), Error);
  // tokens that are ruled out
  for (const float temperature : {0.0F, 1.0F})
    BOOST_TEST(sample(std::vector<float>{-infinite, 1, -infinite}, {.temperature = temperature}, 0) == 1);
}

BOOST_AUTO_TEST_SUITE_END()
