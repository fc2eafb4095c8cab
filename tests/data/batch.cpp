// What is appended to a batch, and what cannot be.
#include <graft/data/batch.hpp>

#include <boost/test/unit_test.hpp>

using namespace graft;

BOOST_AUTO_TEST_SUITE(data_batch)

template <class F>
void says(const char* words, F change) {
  Batch batch;
  batch.append({1, 2, 3}, {1, 2, 3});
  const Batch before = batch;
  BOOST_CHECK_EXCEPTION(change(batch), Error, [words](const Error& error) {
    BOOST_TEST(std::string(error.what()).find(words) != std::string::npos, error.what());
    return true;
  });
  BOOST_TEST(batch.tokens == before.tokens);  // nothing is half appended
  BOOST_TEST(batch.starts == before.starts);
  BOOST_TEST(batch.rows == before.rows);
  BOOST_TEST(batch.targets == before.targets);
}

BOOST_AUTO_TEST_CASE(labels_are_as_many_as_tokens) {
  says("2 labels for 3 tokens", [](Batch& b) { b.append({1, 2, 3}, {1, 2}); });
  says("0 labels for 1 tokens", [](Batch& b) { b.append({1}, {}); });
  says("3 labels for 2 tokens", [](Batch& b) { b.append_labelled({1, 2}, {-1, -1, -1}); });
}
BOOST_AUTO_TEST_CASE(texts_have_tokens) {
  says("the text has no token", [](Batch& b) { b.append({}, {}); });
  says("the text has no token", [](Batch& b) { b.append_text({}); });
  says("the text has no token", [](Batch& b) { b.append_class({}, 0); });
  says("the text has no token", [](Batch& b) { b.append_number({}, 1); });
  says("the text has no token", [](Batch& b) { b.append_labelled({}, {}); });
  says("the source has no token", [](Batch& b) { b.append_pair({}, {1}); });
}
BOOST_AUTO_TEST_CASE(what_is_shared_is_there) {
  says("sequence 1 is to be continued, and the batch has 1", [](Batch& b) { b.append({1, 2}, {-1, -1}, 1, 1); });
  says("4 tokens are to be shared of a text of 5 with one of 3",
       [](Batch& b) { b.append({1, 2, 3, 4, 5}, {-1, -1, -1, -1, -1}, 4, 0); });
  says("2 tokens are to be shared of a text of 1", [](Batch& b) { b.append({1}, {-1}, 2, 0); });
  Batch chain;
  chain.append({1, 2}, {-1, -1});
  chain.append({1, 2, 3}, {-1, -1, 3}, 2, 0);
  chain.append({1, 2, 3, 4}, {-1, 2, 3, 4}, 3, 1);  // as far as the whole chain goes
  BOOST_TEST(chain.rows == (std::vector<Id>{1, 0, 1, 2}), boost::test_tools::per_element());
  chain.append({1, 2, 3}, {-1, -1, -1}, 3, 1);  // with no token of its own
  BOOST_TEST(chain.sequences() == 4U);
  BOOST_CHECK_THROW(chain.append({1, 2, 3, 4, 5}, {-1, -1, -1, -1, -1}, 5, 2), Error);
}
BOOST_AUTO_TEST_CASE(answers_and_padding_stand_in_a_text) {
  says("an answer from token 1 to 2 in a text of 2", [](Batch& b) { b.append_answer({1, 2}, 1, 2); });
  says("an answer from token 1 to 0", [](Batch& b) { b.append_answer({1, 2}, 1, 0); });
  says("no text before", [](Batch& b) { b.append_padding({0}); });
  BOOST_CHECK_THROW(Batch().append_padding({0}), Error);
}
BOOST_AUTO_TEST_CASE(owners) {
  Batch batch;
  batch.append({1, 2}, {-1, 2});
  batch.belongs_to(3);
  batch.append({1, 2, 3}, {-1, 2, 3});
  batch.belongs_to(0);
  BOOST_TEST(batch.owners == (std::vector<Id>{3, 3, 0, 0, 0}), boost::test_tools::per_element());
  BOOST_TEST(batch.target_owners == (std::vector<Id>{3, 0, 0}), boost::test_tools::per_element());
  BOOST_TEST(batch.members() == (std::vector<Id>{0, 3}), boost::test_tools::per_element());
  BOOST_TEST(batch.shape().owners == 2U);
  BOOST_CHECK_THROW(batch.belongs_to(Index{1} << 32U), Error);  // which is no Id
}

BOOST_AUTO_TEST_SUITE_END()
