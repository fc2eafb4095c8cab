#include <graft/text/tokenizers/splitter.hpp>

#include "error.hpp"

#include <boost/test/unit_test.hpp>

using namespace graft;
using made::error_of;

BOOST_AUTO_TEST_SUITE(text_tokenizers_splitter)

using namespace graft::splitter;

/// Pieces, each behind | or, where it is what the text begins with, ^.
std::string cut(const Step& step, const std::string& text) {
  std::vector<Piece> pieces{{text, true}};
  step(pieces);
  std::string all;
  for (const auto& piece : pieces) all += (piece.begins ? "^" : "|") + piece.text;
  return all;
}

BOOST_AUTO_TEST_CASE(what_becomes_of_matches) {
  const auto as = [](const char* name, bool inverted = false) {
    return cut(pattern("-", matches(name), inverted), "the-final--countdown");
  };
  BOOST_TEST(as("Isolated") == "^the|-|final|-|-|countdown");
  BOOST_TEST(as("Removed") == "^the|final|countdown");
  BOOST_TEST(as("MergedWithPrevious") == "^the-|final-|-|countdown");
  BOOST_TEST(as("MergedWithNext") == "^the|-final|-|-countdown");
  BOOST_TEST(as("Contiguous") == "^the|-|final|--|countdown");
  BOOST_TEST(as("Removed", true) == "|-|-|-");
  BOOST_TEST(cut(pattern("-", Matches::removed), "-a") == "|a");
  BOOST_TEST(error_of([] { matches("Kept"); }).find("the behaviour \"Kept\"") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(steps_refine_pieces) {
  std::vector<Piece> pieces{{"a.b", true}, {"c.d", false}};
  characters(is_punctuation, Matches::isolated)(pieces);
  BOOST_TEST(pieces.size() == 6U);
  BOOST_TEST(pieces[0].begins);
  BOOST_TEST(!pieces[3].begins);
  BOOST_TEST(cut(characters(is_white_space, Matches::removed), " a\u3000b ") == "|a|b");
  BOOST_TEST(cut(pattern(gpt2_pattern), "I'll  go 12!") == "^I|'ll| | go| 12|!");
}

BOOST_AUTO_TEST_CASE(marks_for_spaces) {
  BOOST_TEST(cut(metaspace("_", MarkBefore::always, false), "a b") == "^_a_b");
  BOOST_TEST(cut(metaspace("_", MarkBefore::always, true), "a  b") == "^_a|_|_b");
  BOOST_TEST(cut(metaspace("_", MarkBefore::always, false), " a") == "^_a");  // there is one
  BOOST_TEST(cut(metaspace("_", MarkBefore::never, false), "a") == "^a");
  std::vector<Piece> pieces{{"a", true}, {"b", false}};
  metaspace("_", MarkBefore::first, false)(pieces);
  BOOST_TEST(pieces[0].text == "_a");
  BOOST_TEST(pieces[1].text == "b");
  BOOST_TEST(error_of([] { metaspace("", MarkBefore::never, false); }) == "the tokenizer's mark for spaces is empty");
  BOOST_TEST(cut(space_before(), "a") == "^ a");
  BOOST_TEST(cut(space_before(), " a") == "^ a");
}

BOOST_AUTO_TEST_CASE(letters_for_bytes) {
  const auto& letters = byte_letters();
  BOOST_TEST(letters['A'] == "A");
  BOOST_TEST(letters[0] == "\u0100");
  BOOST_TEST(letters[' '] == "\u0120");
  BOOST_TEST(letters[0x7F] == "\u0121");
  BOOST_TEST(letters[0xAD] == "\u0143");
  BOOST_TEST(letters[0xFF] == "\u00ff");
  BOOST_TEST(cut(byte_level(), "\u00e9 \n") == "^\u00c3\u00a9\u0120\u010a");
}

BOOST_AUTO_TEST_SUITE_END()
