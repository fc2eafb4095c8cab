#include <graft/backend/reference.hpp>
#include <graft/train/communicators/thread_ranks.hpp>

#include <boost/test/unit_test.hpp>

#include <atomic>

using namespace graft;

BOOST_AUTO_TEST_SUITE(train_communicators_thread_ranks)

BOOST_AUTO_TEST_CASE(adds_up) {
  std::atomic<Index> right = 0;  // Boost.Test has no threads
  on_ranks(3, [&](ThreadRanks ranks) {
    for (int round = 1; round <= 50; ++round) {
      double numbers[] = {static_cast<double>(ranks.rank()), 1.0};
      ranks.sum(std::span<double>(numbers));
      std::vector<float> floats(5, static_cast<float>(ranks.rank() * static_cast<Index>(round)));
      ranks.sum(floats.data(), floats.size(), reference{});
      const bool all = numbers[0] == 3.0 && numbers[1] == static_cast<double>(ranks.ranks()) &&
                       floats == std::vector<float>(5, static_cast<float>(3 * round));
      right += all ? 1 : 0;
    }
  });
  BOOST_TEST(right == 150U);
}

std::string error_of(void (*body)(ThreadRanks)) {
  try {
    on_ranks(2, body);
  } catch (const Error& error) { return error.what(); }
  return "";
}

// Nobody waits for ever.
BOOST_AUTO_TEST_CASE(a_rank_that_ends) {
  const auto failed = error_of([](ThreadRanks ranks) {
    if (ranks.rank() == 1) throw Error("out of memory");
    double x = 0;
    ranks.sum(std::span(&x, 1));
  });
  BOOST_TEST(failed == "out of memory");
  const auto ended = error_of([](ThreadRanks ranks) {
    double x = 0;
    for (Index calls = ranks.rank(); calls < 2; ++calls) ranks.sum(std::span(&x, 1));
  });
  BOOST_TEST(ended == "rank 0 waits for a rank that has ended");
  const auto unequal = error_of([](ThreadRanks ranks) {
    std::vector<double> x(1 + ranks.rank());
    ranks.sum(std::span(x));
  });
  BOOST_TEST(unequal.find("and another rank more or fewer") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
