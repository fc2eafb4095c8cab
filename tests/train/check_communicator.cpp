// The judge of communicators: silent about those that do what they must, and in words about the others.
#include <graft/train/check_communicator.hpp>
#include <graft/train/communicators/thread_ranks.hpp>

#include <boost/test/unit_test.hpp>

#include <atomic>

using namespace graft;

BOOST_AUTO_TEST_SUITE(train_check_communicator)

BOOST_AUTO_TEST_CASE(those_there_are) {
  BOOST_TEST(check_communicator(Alone{}).empty());
  for (const Index count : {1, 2, 5}) {
    std::atomic<Index> right = 0;  // Boost.Test has no threads
    on_ranks(count, [&](ThreadRanks ranks) { right += check_communicator(ranks).empty() ? 1 : 0; });
    BOOST_TEST(right == count);
  }
}

/// Adds up nothing.
struct Deaf : ThreadRanks {
  explicit Deaf(ThreadRanks ranks) : ThreadRanks(ranks) {}
  using ThreadRanks::sum;
  template <class B>
  void sum(Pointer<B>, Index, B) {}
};
/// Rounds counts.
struct Coarse : ThreadRanks {
  explicit Coarse(ThreadRanks ranks) : ThreadRanks(ranks) {}
  using ThreadRanks::sum;
  void sum(std::span<double> numbers) {
    ThreadRanks::sum(numbers);
    for (double& x : numbers) x = static_cast<double>(static_cast<float>(x));
  }
};
/// Begins with its own, as a ring does that is not careful.
struct Selfish : ThreadRanks {
  explicit Selfish(ThreadRanks ranks) : ThreadRanks(ranks) {}
  using ThreadRanks::sum;
  template <class B>
  void sum(Pointer<B> floats, Index count, B on) {
    const auto own = download<B>(floats, count);
    ThreadRanks::sum(floats, count, on);
    auto sums = download<B>(floats, count);
    for (Index i = 0; i < count; ++i) sums[i] = own[i] + (sums[i] - own[i]);
    upload<B>(floats, std::span<const float>(sums));
  }
};

template <class C>
std::string complaints() {
  std::string all;
  on_ranks(3, [&](ThreadRanks ranks) {
    const auto wrong = check_communicator(C(ranks));
    if (ranks.rank() != 0) return;
    for (const auto& text : wrong) all += text + "; ";
  });
  return all;
}

BOOST_AUTO_TEST_CASE(those_that_are_wrong) {
  BOOST_TEST(complaints<Deaf>().find("the sum of 7 floats is another;") != std::string::npos);
  BOOST_TEST(complaints<Deaf>().find("other bits on other ranks") != std::string::npos);
  BOOST_TEST(complaints<Coarse>().find("counts are not added up exactly") != std::string::npos);
  BOOST_TEST(complaints<Selfish>().find("the sum of 1000 floats has other bits on other ranks") != std::string::npos);
  BOOST_TEST(complaints<Selfish>().find("is another;") == std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
