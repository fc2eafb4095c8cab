#include <graft/train/communicator.hpp>

#include <graft/train/communicators/thread_ranks.hpp>

#include <boost/test/unit_test.hpp>

#include <atomic>

using namespace graft;

BOOST_AUTO_TEST_SUITE(train_communicator)

static_assert(Communicator<Alone> && Communicator<ThreadRanks> && !Communicator<int>);

BOOST_AUTO_TEST_CASE(alone_everything_is_ones_own) {
  Alone ranks;
  float floats[] = {1, 2};
  double numbers[] = {3};
  ranks.sum(floats, 2, backend::reference{});
  ranks.sum(std::span<double>(numbers));
  BOOST_TEST(floats[1] == 2.0F);
  BOOST_TEST(numbers[0] == 3.0);
  BOOST_TEST(same_on_all(ranks, ~std::uint64_t{0}));
}

/// How many of three ranks say that what each has is the same.
Index agreeing(std::uint64_t first, std::uint64_t second, std::uint64_t third) {
  std::atomic<Index> count = 0;
  on_ranks(3, [&](ThreadRanks ranks) {
    const std::uint64_t own[] = {first, second, third};
    count += same_on_all(ranks, own[ranks.rank()]) ? 1 : 0;
  });
  return count;
}

BOOST_AUTO_TEST_CASE(the_same_on_all) {
  constexpr std::uint64_t large = 0xFEDC'BA98'7654'3211U;  // no double has all of its bits
  BOOST_TEST(agreeing(large, large, large) == 3U);
  BOOST_TEST(agreeing(large, large, large + 1) < 3U);
  BOOST_TEST(agreeing(large, large, large ^ (std::uint64_t{1} << 63U)) < 3U);
  BOOST_TEST(agreeing(1, 2, 3) < 3U);  // the second one's own is the mean
}

BOOST_AUTO_TEST_SUITE_END()
