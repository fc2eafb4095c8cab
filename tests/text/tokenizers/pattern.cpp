#include <graft/text/tokenizers/pattern.hpp>

#include "error.hpp"

#include <boost/test/unit_test.hpp>

using namespace graft;
using made::error_of;

BOOST_AUTO_TEST_SUITE(text_tokenizers_pattern)

/// Matches in brackets.
std::string marked(const char* pattern, std::string_view text) {
  std::string all;
  Pattern{pattern}(text, [&all](std::string_view piece, bool matches) {
    all += (matches ? "[" : "(") + std::string(piece) + (matches ? "]" : ")");
  });
  return all;
}

BOOST_AUTO_TEST_CASE(pieces_in_order) {
  BOOST_TEST(marked(R"(\p{L}+)", "ab1\u00e9 ") == "[ab](1)[\u00e9]( )");
  BOOST_TEST(marked("x", "ab") == "(ab)");
  BOOST_TEST(marked("x", "") == "");
  BOOST_TEST(marked("a*", "baac") == "(b)[aa](c)");  // nothing is no match
  BOOST_TEST(marked("a",
                    "a\xFF"
                    "a") == "[a](\xFF)[a]");            // what is no UTF-8 is kept
  BOOST_TEST(marked(R"(\d)", "\u0663") == "[\u0663]");  // digits of any script
}

BOOST_AUTO_TEST_CASE(beginnings_and_whole_texts) {
  const Pattern pattern("ab?");
  BOOST_TEST(pattern.matches("abc", false));
  BOOST_TEST(!pattern.matches("abc", true));
  BOOST_TEST(pattern.matches("ab", true));
  BOOST_TEST(!pattern.matches("cab", false));
  BOOST_TEST(Pattern("a|ab").matches("ab", true));  // as Python's fullmatch tries again
}

BOOST_AUTO_TEST_CASE(named_groups) {
  const Pattern pattern(R"(.*?\.(?<number>\d+)\.)");
  BOOST_TEST(pattern.captured("layers.12.mlp.3.", "number") == "12");
  BOOST_TEST(pattern.captured("layers.mlp", "number") == "");
}

BOOST_AUTO_TEST_CASE(patterns_of_files_that_nobody_vouches_for) {
  BOOST_TEST(error_of([] { Pattern("a(b"); }) == "the pattern a(b is not valid at character 3");
  const Pattern slow("(a|aa)+$");
  BOOST_TEST(error_of([&] {
               static_cast<void>(slow.matches(std::string(100, 'a') + "b", false));
             }).find("with the expression takes too long") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(literal_texts) {
  const std::string all = "\\^$.|?*+()[]{}#- a\u2581";
  BOOST_TEST(Pattern(literal_pattern(all)).matches(all, true));
  BOOST_TEST(!Pattern(literal_pattern("a.c")).matches("abc", true));
}

BOOST_AUTO_TEST_SUITE_END()
