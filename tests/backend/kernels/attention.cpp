#include <graft/backend/kernels/attention.hpp>

#include <boost/test/unit_test.hpp>

#include <array>
#include <vector>

using namespace graft;
using namespace graft::backend;

BOOST_AUTO_TEST_SUITE(backend_kernels_attention)

namespace tt = boost::test_tools;

/// Three keys and two queries, then four keys and two queries that see the first's keys, too.
struct Continued {
  std::array<Id, 3> queries{0, 2, 4}, keys{0, 3, 7};
  std::array<Id, 2> prefixes{-1, 0};
  [[nodiscard]] AttentionShape shape(AttentionRule rule = {}) const {
    return {queries.data(), keys.data(), nullptr, prefixes.data(), 2, 1, 1, 4, true, rule};
  }
};

BOOST_AUTO_TEST_CASE(what_queries_see) {
  const Continued made;
  auto shape = made.shape();
  BOOST_TEST(shape.query_rows() == 4U);
  BOOST_TEST(shape.key_rows() == 7U);
  BOOST_TEST(shape.key_begin(1) == 3U);
  BOOST_TEST(shape.visible(0, 0) == 2U);  // the last query sits at the last key
  BOOST_TEST(shape.visible(0, 1) == 3U);
  BOOST_TEST(shape.visible(1, 0) == 3U);
  BOOST_TEST(shape.keys_before(0) == 0U);
  BOOST_TEST(shape.keys_before(1) == 3U);
  BOOST_TEST(shape.most_seen() == 7U);
  std::vector<Index> seen;
  shape.each_seen(1, [&seen](Index s) { seen.push_back(s); });
  BOOST_TEST(seen == (std::vector<Index>{0, 1}), tt::per_element());
  BOOST_TEST(shape.sees(1, 0));
  BOOST_TEST(!shape.sees(0, 1));
  shape.causal = false;
  BOOST_TEST(shape.visible(1, 0) == 4U);
}

BOOST_AUTO_TEST_CASE(windows_across_prefixes) {
  const Continued made;
  const auto shape = made.shape({.window = 3});
  // Query 0 of the second sequence is the sixth: it sees its own three keys and none of the prefix.
  BOOST_TEST(shape.hidden(1, 0, 0) == 3U);
  BOOST_TEST(shape.hidden(1, 0, 1) == 0U);
  BOOST_TEST(shape.hidden(1, 1, 1) == 1U);
  BOOST_TEST(shape.hidden(0, 1, 0) == 0U);
  BOOST_TEST(shape.hides());
  BOOST_TEST(!made.shape({.window = 7}).hides());
  BOOST_TEST(made.shape().hidden(1, 1, 0) == 0U);
}

BOOST_AUTO_TEST_CASE(room_behind_keys_and_scales) {
  const Continued made;
  const std::array<Id, 2> ends{2, 6};
  auto shape = made.shape();
  shape.key_ends = ends.data();
  BOOST_TEST(shape.key_count(0) == 2U);
  BOOST_TEST(shape.key_count(1) == 3U);
  BOOST_TEST(shape.visible(1, 1) == 3U);
  BOOST_TEST(shape.scale() == 0.5F);  // 1/√4
  BOOST_TEST(made.shape({.scale = 0.125F}).scale() == 0.125F);
}

BOOST_AUTO_TEST_CASE(distances) {
  constexpr auto fine = [](bool both, Index query, Index key) { return RelativeBuckets{32, 128, both}(query, key); };
  BOOST_TEST(fine(false, 9, 9) == 0U);
  BOOST_TEST(fine(false, 9, 4) == 5U);
  BOOST_TEST(fine(false, 40, 24) == 16U);
  BOOST_TEST(fine(false, 400, 0) == 31U);
  BOOST_TEST(fine(true, 4, 9) == 21U);
  BOOST_TEST(fine(true, 9, 4) == 5U);
  BOOST_TEST(fine(true, 0, 400) == 31U);
}

// Two pairs of a width of four: they turn at 1 and 1/10.
BOOST_AUTO_TEST_CASE(frequencies) {
  const auto near = tt::tolerance(1e-6);
  RotaryFrequencies plain{.base = 100};
  BOOST_TEST(plain(0, 4) == 1.0, near);
  BOOST_TEST(plain(1, 4) == 0.1, near);
  plain.factor = 4;
  BOOST_TEST(plain(1, 4) == 0.025, near);
  const RotaryFrequencies ramp{.base = 100, .factor = 4, .ramp_begin = 0, .ramp_end = 2};
  BOOST_TEST(ramp(0, 4) == 1.0, near);
  BOOST_TEST(ramp(1, 4) == 0.0625, near);  // half of 0.1, half of 0.025
  const std::array<float, 2> own{2, 8};
  const RotaryFrequencies divided{.base = 100, .divisors = own.data()};
  BOOST_TEST(divided(0, 4) == 0.5, near);
  BOOST_TEST(divided(1, 4) == 0.0125, near);
}
// Llama 3: of 100 positions the first pair turns 15.9 times, which is above 4, the second 1.59 times.
BOOST_AUTO_TEST_CASE(frequencies_of_slow_pairs) {
  const auto near = tt::tolerance(1e-6);
  RotaryFrequencies llama{.base = 100, .factor = 4, .original = 100};
  BOOST_TEST(llama(0, 4) == 1.0, near);
  const double share = (10 / 6.283185307179586 - 1) / 3;
  BOOST_TEST(llama(1, 4) == (1 - share) * 0.025 + share * 0.1, near);
  llama.original = 10;  // 0.159 times: below 1
  BOOST_TEST(llama(1, 4) == 0.025, near);
}

BOOST_AUTO_TEST_SUITE_END()
