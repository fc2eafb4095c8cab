#include <graft/text/example.hpp>

#include "error.hpp"

#include <boost/test/unit_test.hpp>

using namespace graft;
using Ids = std::vector<Id>;

BOOST_AUTO_TEST_SUITE(text_example)

BOOST_AUTO_TEST_CASE(counts) {
  Example words;
  words.append({4, 5}, true);
  words.append({6}, false);
  words.append({7}, true);
  BOOST_TEST(words.labels == (Ids{4, 5, -1, 7}), boost::test_tools::per_element());
  BOOST_TEST(words.supervised() == 2U);  // nothing predicts the first token
  BOOST_TEST(words.tokens() == 4U);
  const Example pair{.ids = {}, .labels = {8, -1, 9}, .kind = ExampleKind::pair, .source = {1, 2}};
  BOOST_TEST(pair.supervised() == 2U);
  BOOST_TEST(pair.tokens() == 5U);  // an encoder's and a decoder's
}

BOOST_AUTO_TEST_CASE(a_batch_gets_what_each_kind_says) {
  using enum ExampleKind;
  const auto batch_of = [](const Example& example) {
    Batch batch;
    example.into(batch);
    return batch;
  };
  auto batch = batch_of({.ids = {4, 5, 6}, .labels = {-1, 5, -1}});
  BOOST_TEST(batch.rows == Ids{0}, boost::test_tools::per_element());  // what stands before predicts
  BOOST_TEST(batch.targets == Ids{5}, boost::test_tools::per_element());
  for (const auto kind : {fill_in, token_class}) {
    batch = batch_of({.ids = {4, 5, 6}, .labels = {-1, 2, -1}, .kind = kind});
    BOOST_TEST(batch.rows == Ids{1}, boost::test_tools::per_element());
    BOOST_TEST(batch.targets == Ids{2}, boost::test_tools::per_element());
  }
  batch = batch_of({.ids = {4, 5, 6}, .labels = {3}, .kind = text_class, .second = 2});
  BOOST_TEST(batch.targets == Ids{3}, boost::test_tools::per_element());
  BOOST_TEST(batch.types == (Ids{0, 0, 1}), boost::test_tools::per_element());
  batch = batch_of({.ids = {4, 5}, .labels = {}, .kind = text_number, .number = 0.5F});
  BOOST_TEST(batch.values == std::vector<float>{0.5F}, boost::test_tools::per_element());
  batch = batch_of({.ids = {4, 5, 6}, .labels = {1, 2}, .kind = answer});
  BOOST_TEST(batch.rows == (Ids{1, 2}), boost::test_tools::per_element());
  batch = batch_of({.ids = {}, .labels = {8, 9}, .kind = pair, .source = {1, 2, 3}});
  BOOST_TEST(batch.source_tokens.size() == 3U);
  BOOST_TEST(batch.tokens == (Ids{0, 8}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(labels_that_are_not_there) {
  const auto said = [](ExampleKind kind, const Ids& labels) {
    Batch batch;
    return made::error_of([&] { Example{.ids = {4, 5, 6}, .labels = labels, .kind = kind}.into(batch); });
  };
  BOOST_TEST(said(ExampleKind::answer, {1}) == "an example has 1 labels, and one of its kind has 2");
  BOOST_TEST(said(ExampleKind::text_class, {}) == "an example has 0 labels, and one of its kind has 1");
  BOOST_TEST(!said(ExampleKind::next_token, {1}).empty());
}

BOOST_AUTO_TEST_SUITE_END()
