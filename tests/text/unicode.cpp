#include <graft/text/unicode.hpp>

#include <boost/test/unit_test.hpp>

#include <vector>

using namespace graft;

BOOST_AUTO_TEST_SUITE(text_unicode)

BOOST_AUTO_TEST_CASE(characters_and_bytes) {
  BOOST_TEST(utf8('a') == "a");
  BOOST_TEST(utf8(0xE9) == "\xC3\xA9");
  BOOST_TEST(utf8(0x1F600) == "\xF0\x9F\x98\x80");
  BOOST_TEST((first_character("\xC3\xA9x") == std::pair(0xE9, Index{2})));
  BOOST_TEST((first_character("\xA9x") == std::pair(0xFFFD, Index{1})));
  BOOST_TEST((first_character("\xC3") == std::pair(0xFFFD, Index{1})));
  std::vector<std::string> all;
  each_character("a\xC3\xA9\xFF", [&](std::int32_t, std::string_view bytes) { all.emplace_back(bytes); });
  BOOST_TEST((all == std::vector<std::string>{"a", "\xC3\xA9", "\xFF"}));
  BOOST_TEST(repaired("a\xFF\xC3\xA9\xC3") == "a\uFFFD\u00e9\uFFFD");
}

BOOST_AUTO_TEST_CASE(characters_that_are_not_whole) {
  BOOST_TEST(unfinished_bytes("a") == 0U);
  BOOST_TEST(unfinished_bytes("") == 0U);
  BOOST_TEST(unfinished_bytes("a\xC3") == 1U);
  BOOST_TEST(unfinished_bytes("a\xC3\xA9") == 0U);
  BOOST_TEST(unfinished_bytes("\xE4\xB8") == 2U);
  BOOST_TEST(unfinished_bytes("\xF0\x9F\x98") == 3U);
  BOOST_TEST(unfinished_bytes("\xF0\x9F\x98\x80") == 0U);
  BOOST_TEST(unfinished_bytes("\x98\x80\x80\x80") == 0U);  // they begin nothing
}

BOOST_AUTO_TEST_CASE(classes) {
  for (const std::int32_t space : {0x20, 0x09, 0x0D, 0x85, 0xA0, 0x2028, 0x3000}) BOOST_TEST(is_white_space(space));
  for (const std::int32_t other : {0x200B, 0x61, 0x00}) BOOST_TEST(!is_white_space(other));
  for (const std::int32_t control : {0x00, 0x07, 0x200B, 0xE000}) BOOST_TEST(is_control(control));
  for (const std::int32_t other : {0x09, 0x0A, 0x0D, 0x20}) BOOST_TEST(!is_control(other));
  for (const std::int32_t mark : {0x24, 0x5E, 0x60, 0x7E, 0x21, 0x2014, 0x3002}) BOOST_TEST(is_punctuation(mark));
  for (const std::int32_t other : {0x20, 0x61, 0x39, 0x20AC}) BOOST_TEST(!is_punctuation(other));
  for (const std::int32_t letter : {0x61, 0x39, 0x4E2D, 0xBD}) BOOST_TEST(is_letter_or_number(letter));
  BOOST_TEST(!is_letter_or_number('_'));
  BOOST_TEST(is_mark(0x301));
  BOOST_TEST(!is_mark(0xE9));
}

BOOST_AUTO_TEST_CASE(forms) {
  BOOST_TEST(lower_case("A\u00c9\u0130") == "a\u00e9i\u0307");
  BOOST_TEST(normal_form("e\u0301", "NFC") == "\u00e9");
  BOOST_TEST(normal_form("\u00e9", "NFD") == "e\u0301");
  BOOST_TEST(normal_form("\ufb01\u00b2", "NFC") == "\ufb01\u00b2");  // fi, as one, and a small 2 stay
  BOOST_TEST(normal_form("\ufb01\u00b2", "NFKC") == "fi2");
  BOOST_TEST(normal_form("\u00e9\u00b2", "NFKD") == "e\u03012");
  BOOST_TEST(normal_form("", "NFC") == "");
}

BOOST_AUTO_TEST_SUITE_END()
