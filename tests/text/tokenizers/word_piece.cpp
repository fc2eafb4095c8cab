#include <graft/text/tokenizers/word_piece.hpp>

#include "error.hpp"

#include <boost/test/unit_test.hpp>

using namespace graft;
using Ids = std::vector<Id>;

BOOST_AUTO_TEST_SUITE(text_tokenizers_word_piece)

const auto vocabulary = std::make_shared<const Vocabulary>(
    std::vector<std::string>{"[UNK]", "un", "##aff", "##able", "##a", "\u00e9", "##\u00e9", "aff"});

std::vector<Token> tokens_of(const WordPiece& model, std::string_view word) {
  std::vector<Token> tokens;
  model.encode(word, tokens);
  return tokens;
}
Ids ids_of(const WordPiece& model, std::string_view word) {
  Ids ids;
  for (const auto& token : tokens_of(model, word)) ids.push_back(token.id);
  return ids;
}

BOOST_AUTO_TEST_CASE(the_longest_first) {
  const WordPiece model(vocabulary, 0);
  BOOST_TEST(ids_of(model, "unaffable") == (Ids{1, 2, 3}), boost::test_tools::per_element());
  BOOST_TEST(ids_of(model, "una") == (Ids{1, 4}), boost::test_tools::per_element());
  BOOST_TEST(ids_of(model, "\u00e9\u00e9") == (Ids{5, 6}), boost::test_tools::per_element());
  BOOST_TEST(tokens_of(model, "\u00e9\u00e9")[1].end == 4U);
  BOOST_TEST(ids_of(model, "").empty());
}

BOOST_AUTO_TEST_CASE(a_word_is_unknown_as_a_whole) {
  const WordPiece model(vocabulary, 0);
  std::vector<Token> tokens{{7, 1}};
  model.encode("unaffx", tokens);  // what was there before stays
  BOOST_TEST(tokens.size() == 2U);
  BOOST_TEST(tokens[1].id == 0);
  BOOST_TEST(tokens[1].end == 6U);
  const WordPiece brief(vocabulary, 0, "##", 3);  // characters, not bytes
  BOOST_TEST(ids_of(brief, "\u00e9\u00e9\u00e9") == (Ids{5, 6, 6}), boost::test_tools::per_element());
  BOOST_TEST(ids_of(brief, "unaf") == Ids{0}, boost::test_tools::per_element());
  BOOST_TEST(made::error_of([] { WordPiece(vocabulary, -1); }) ==
             "tokenizer: the vocabulary has no token for unknown words");
}

BOOST_AUTO_TEST_CASE(another_mark_of_continuation) {
  BOOST_TEST(ids_of(WordPiece(vocabulary, 0, ""), "unaff") == (Ids{1, 7}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()
