#include <graft/core/parallel.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

using namespace graft;

BOOST_AUTO_TEST_SUITE(core_parallel)

BOOST_AUTO_TEST_CASE(each_number_once) {
  for (const bool worthwhile : {false, true})
    for (const Index count : {Index{0}, Index{1}, Index{1'000}}) {
      std::vector<int> calls(count + 1, 0);
      parallel_for(count, worthwhile, [&](Index i) { ++calls[i]; });
      BOOST_TEST(calls.back() == 0);
      calls.pop_back();
      BOOST_TEST(calls == std::vector<int>(count, 1), boost::test_tools::per_element());
    }
}

BOOST_AUTO_TEST_CASE(what_is_not_worthwhile_stays_on_its_thread_in_order) {
  std::vector<Index> seen;
  bool here = true;
  const auto caller = std::this_thread::get_id();
  parallel_for(5, false, [&](Index i) {
    seen.push_back(i);
    here = here && std::this_thread::get_id() == caller;
  });
  BOOST_TEST((here && seen == std::vector<Index>{0, 1, 2, 3, 4}));
}

BOOST_AUTO_TEST_CASE(pieces_cover_all_and_the_last_is_shorter) {
  const auto pieces = [](Index count, Index piece) {
    std::mutex mutex;
    std::vector<std::pair<Index, Index>> found;
    parallel_pieces(count, piece, [&](Index begin, Index end) {
      const std::lock_guard lock(mutex);
      found.emplace_back(begin, end);
    });
    std::sort(found.begin(), found.end());
    return found;
  };
  using Pieces = std::vector<std::pair<Index, Index>>;
  BOOST_TEST((pieces(10, 4) == Pieces{{0, 4}, {4, 8}, {8, 10}}));
  BOOST_TEST((pieces(8, 4) == Pieces{{0, 4}, {4, 8}}));
  BOOST_TEST((pieces(3, 4) == Pieces{{0, 3}}));
  BOOST_TEST(pieces(0, 4).empty());
}

BOOST_AUTO_TEST_CASE(there_is_a_thread) { BOOST_TEST(thread_count() >= 1U); }

BOOST_AUTO_TEST_SUITE_END()
