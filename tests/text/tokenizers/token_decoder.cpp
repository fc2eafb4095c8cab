#include <graft/text/tokenizers/token_decoder.hpp>

#include "error.hpp"

#include <boost/test/unit_test.hpp>

using namespace graft;

BOOST_AUTO_TEST_SUITE(text_tokenizers_token_decoder)

using namespace graft::token_decoder;

using Texts = std::vector<std::string>;
Texts after(const Step& step, Texts tokens) {
  step(tokens);
  return tokens;
}

BOOST_AUTO_TEST_CASE(bytes) {
  BOOST_TEST((after(byte_level(), {"\u00c3", "\u00a9\u0120a", "\u4e2d"}) == Texts{"\xC3", "\xA9 a", "\u4e2d"}));
  BOOST_TEST((after(byte_fallback(), {"<0x0A>", "<0xC3>", "<0x0G>", "a"}) == Texts{"\n", "\xC3", "<0x0G>", "a"}));
}

BOOST_AUTO_TEST_CASE(texts) {
  BOOST_TEST((after(token_decoder::replace("_", " "), {"_a_", "b"}) == Texts{" a ", "b"}));
  BOOST_TEST((after(fuse(), {"a", "", "b"}) == Texts{"ab"}));
  BOOST_TEST((after(fuse(), {}) == Texts{""}));
  BOOST_TEST((after(token_decoder::strip(" ", 1, 2), {"  a   ", "b"}) == Texts{" a ", "b"}));
  BOOST_TEST((after(token_decoder::strip(" ", 9, 9), {"   "}) == Texts{""}));
}

BOOST_AUTO_TEST_CASE(marks_for_spaces) {
  const std::string mark = "\u2581";
  BOOST_TEST((after(token_decoder::metaspace(mark, true), {mark + "a", mark + "b" + mark}) == Texts{"a", " b "}));
  BOOST_TEST((after(token_decoder::metaspace(mark, true), {mark + mark + "a"}) == Texts{" a"}));
  BOOST_TEST((after(token_decoder::metaspace(mark, false), {mark + "a"}) == Texts{" a"}));
  BOOST_TEST(made::error_of([] { token_decoder::metaspace("", true); }) == "the tokenizer's mark for spaces is empty");
}

BOOST_AUTO_TEST_CASE(words) {
  const Texts tokens{"un", "##able", "##s", "do", "not", ".", "it", "'", "s"};
  BOOST_TEST(
      (after(word_piece("##", false), tokens) == Texts{"un", "able", "s", " do", " not", " .", " it", " '", " s"}));
  BOOST_TEST((after(word_piece("##", true), {"a", ".", "do not", "n't"}) == Texts{"a", ".", " don't", "n't"}));
  BOOST_TEST((after(word_piece("##", false), {"##a", "##b"}) == Texts{"##a", "b"}));  // the first continues nothing
}

BOOST_AUTO_TEST_SUITE_END()
