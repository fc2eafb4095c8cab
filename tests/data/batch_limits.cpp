// A batch that contradicts itself, and what the others need.
#include <graft/data/batch_limits.hpp>

#include <boost/test/unit_test.hpp>

#include <limits>

using namespace graft;

BOOST_AUTO_TEST_SUITE(data_batch_limits)

Batch two() {
  Batch batch;
  batch.append({1, 2, 3, 4, 5}, {9, 2, 3, 4, 5});
  batch.append({7, 8, 9, 11}, {-1, -1, 9, 11});
  return batch;
}

BOOST_AUTO_TEST_CASE(what_a_batch_needs) {
  const BatchLimits needed = needs(two());
  BOOST_TEST(needed.tokens == 12U);
  BOOST_TEST(needed.targets == 12U);
  BOOST_TEST(needed.token_types == 0U);
  BOOST_TEST(needed.adapters == 0U);
  BOOST_TEST(needed.tasks == 1U);
  BOOST_TEST(!needed.numbers);
  Batch first;
  first.append({1}, {20});  // which a prompt predicts
  BOOST_TEST(needs(first).targets == 21U);
  first.belongs_to(2);
  BOOST_TEST(needs(first).adapters == 3U);
  BOOST_CHECK_NO_THROW(check(two(), {.tokens = 12, .targets = 12}));
  BOOST_CHECK_THROW(check(two(), {.tokens = 11, .targets = 12}), Error);
  BOOST_CHECK_THROW(check(two(), {.tokens = 12, .targets = 11}), Error);
  BOOST_TEST(needs(Batch{}).tokens == 0U);
  constexpr Id largest = std::numeric_limits<Id>::max();
  Batch beyond;
  beyond.append({largest}, {largest});
  BOOST_TEST(needs(beyond).tokens == Index{1} << 31U);
  BOOST_CHECK_THROW(check(beyond, {.tokens = 12, .targets = 12}), Error);
}

BOOST_AUTO_TEST_CASE(contradictions) {
  const auto changed = [](const char* words, auto change) {
    Batch batch = two();
    change(batch);
    BOOST_CHECK_EXCEPTION(static_cast<void>(needs(batch)), Error, [words](const Error& error) {
      BOOST_TEST(std::string(error.what()).find(words) != std::string::npos, error.what());
      return true;
    });
  };
  changed("the row 9, and there are 9", [](Batch& b) { b.rows.back() = 9; });
  changed("the row -1", [](Batch& b) { b.rows.back() = -1; });
  changed("the token -2", [](Batch& b) { b.tokens[0] = -2; });
  changed("the label -2", [](Batch& b) { b.targets[0] = -2; });
  changed("the position -1", [](Batch& b) { b.positions[2] = -1; });
  changed("8 positions for 9 tokens", [](Batch& b) { b.positions.pop_back(); });
  changed("6 rows for 7 labels", [](Batch& b) { b.targets.push_back(1); });
  changed("1 types for 9 tokens", [](Batch& b) { b.types = {0}; });
  changed("1 adapters for 9 tokens", [](Batch& b) { b.owners = {0}; });
  changed("0 adapters for 6 labels", [](Batch& b) { b.owners = std::vector<Id>(9, 0); });
  changed("of its tokens it does not", [](Batch& b) { b.target_owners = std::vector<Id>(6, 0); });
  changed("do not begin and end where its 9 tokens do", [](Batch& b) { b.starts.back() = 10; });
  changed("do not begin and end where its 9 tokens do", [](Batch& b) { b.starts[1] = 11; });
  changed("do not begin and end where its 9 tokens do", [](Batch& b) { b.starts.clear(); });
  changed("do not begin and end where its 0 tokens do", [](Batch& b) { b.source_starts = {0, 2}; });
  changed("1 sources for 2 texts", [](Batch& b) { b.source_tokens = {1}, b.source_starts = {0, 1}; });
  changed("1 prefixes for 2 sequences", [](Batch& b) { b.prefixes = {-1}; });
  changed("sequence 0 of a batch continues sequence 0", [](Batch& b) { b.prefixes = {0, -1}; });
  changed("continues sequence -2", [](Batch& b) { b.prefixes = {-2, -1}; });
  changed("keys ahead", [](Batch& b) { b.keys_ahead = 3; });
  changed("3 labels of first tokens for 2 sequences", [](Batch& b) { b.firsts = {1, 1, 1}; });
  changed("1 ends of keys for 2 sequences", [](Batch& b) { b.key_ends = {5}; });
  changed("the keys of sequence 1 of a batch end at row 4", [](Batch& b) { b.key_ends = {5, 4}; });
  changed("1 numbers for 6 texts", [](Batch& b) { b.values = {1}; });
  changed("bounds of texts", [](Batch& b) { b.spans = {0, 5}; });
  changed("seeks a place at row 0 in a text of rows 3 to 3", [](Batch& b) { b.spans = {3, 3, 3, 3, 3, 3}; });
}

BOOST_AUTO_TEST_SUITE_END()
