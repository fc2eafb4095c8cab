#include <graft/text/tokenizers/subword.hpp>

#include "error.hpp"

#include <boost/test/unit_test.hpp>

using namespace graft;
using made::error_of;

BOOST_AUTO_TEST_SUITE(text_tokenizers_subword)

BOOST_AUTO_TEST_CASE(tokens_and_ids) {
  const Vocabulary vocabulary({"a", "", "b", "a", "<0x0A>", "<0xFF>"});
  BOOST_TEST(vocabulary.size() == 6U);
  BOOST_TEST(vocabulary.id("a") == 0);  // the first of those that spell the same
  BOOST_TEST(vocabulary[3] == "a");
  BOOST_TEST(vocabulary.id("") == -1);
  BOOST_TEST(vocabulary.id("c") == -1);
  BOOST_TEST(vocabulary.byte(10) == 4);
  BOOST_TEST(vocabulary.byte(255) == 5);
  BOOST_TEST(vocabulary.byte(11) == -1);
  BOOST_TEST(error_of([&] { static_cast<void>(vocabulary[6]); }) == "tokenizer: no token has the id 6; there are 6");
  BOOST_TEST(error_of([&] { static_cast<void>(vocabulary[-1]); }) == "tokenizer: no token has the id -1; there are 6");
}

BOOST_AUTO_TEST_CASE(bytes_by_name) {
  BOOST_TEST(byte_of("<0x0A>") == 10);
  BOOST_TEST(byte_of("<0xff>") == 255);
  for (const char* other : {"<0xG0>", "<0x0G>", "<0x0>", "<0x0AB>", "0x0A", "<0x0A)", ""})
    BOOST_TEST(byte_of(other) < 0);
}

BOOST_AUTO_TEST_CASE(what_is_not_in_a_vocabulary) {
  const Vocabulary vocabulary({"<unk>", "a", "<0xC3>", "<0xA9>"});
  std::vector<Token> tokens;
  bool after = false;
  const auto add = [&](const Unknown& unknown, const char* text, Index begin) {
    unknown.encode(vocabulary, text, begin, tokens, after);
  };
  const Unknown fused{.token = 0, .bytes = false, .fused = true}, spelled{.token = 0, .bytes = true};
  add(fused, "x", 0);
  add(fused, "yz", 1);
  BOOST_TEST(tokens.size() == 1U);
  BOOST_TEST(tokens[0].end == 3U);
  BOOST_TEST(after);
  add({.token = 0}, "x", 3);
  BOOST_TEST(tokens.size() == 2U);
  add(spelled, "\u00e9", 4);  // its bytes, both of which there are
  BOOST_TEST(tokens.size() == 4U);
  BOOST_TEST(tokens[2].id == 2);
  BOOST_TEST(tokens[2].end == 5U);
  BOOST_TEST(tokens[3].id == 3);
  BOOST_TEST(tokens[3].end == 6U);
  BOOST_TEST(!after);
  add(fused, "x", 6);  // nothing unknown stands before it
  BOOST_TEST(tokens.size() == 5U);
  add(spelled, "\u00e8", 7);
  BOOST_TEST(tokens.back().id == 0);
  BOOST_TEST(error_of([&] { add({}, "x", 0); }) ==
             "tokenizer: the vocabulary has no token for \"x\" and none for what is unknown");
}

BOOST_AUTO_TEST_SUITE_END()
