// Expressions; what they yield is what Jinja 3.1 makes of them.
#include <graft/text/jinja/jinja.hpp>

#include "error.hpp"

#include <boost/test/unit_test.hpp>

using namespace graft;
using made::error_of;

BOOST_AUTO_TEST_SUITE(text_jinja_jinja)

std::string computed(std::string_view text, jinja::Dict values = {}) {
  jinja::Scope scope(std::move(values));
  return jinja::ExpressionParser(text).whole()(scope).str();
}
std::string refused(const std::string& text) {
  return error_of([&] { static_cast<void>(computed(text)); });
}

BOOST_AUTO_TEST_CASE(operators_bind_as_in_jinja) {
  BOOST_TEST(computed("1 + 2 * 3") == "7");
  BOOST_TEST(computed("2 * 3 ** 2") == "18");
  BOOST_TEST(computed("2 ** 3 ** 2") == "64");  // from the left, unlike Python
  BOOST_TEST(computed("-2 ** 2") == "4");
  BOOST_TEST(computed("-3 | abs") == "3");
  BOOST_TEST(computed("1 or 2 and 0") == "1");
  BOOST_TEST(computed("not 1 == 2") == "True");
  BOOST_TEST(computed("'a' ~ 1 ~ none") == "a1None");
  BOOST_TEST(computed("'x' if false") == "");
}

BOOST_AUTO_TEST_CASE(comparisons_in_a_row) {
  BOOST_TEST(computed("3 > 2 > 1") == "True");
  BOOST_TEST(computed("0 < 5 < 3") == "False");
  BOOST_TEST(computed("1 < 2 == true") == "False");
  BOOST_TEST(computed("1 not in [2] != 3") == "True");
  BOOST_TEST(computed("2 <= 2 >= 3") == "False");
}

BOOST_AUTO_TEST_CASE(numbers) {
  BOOST_TEST(computed("7 // -2") == "-4");
  BOOST_TEST(computed("-7 % 3") == "2");
  BOOST_TEST(computed("7 % -3") == "-2");
  BOOST_TEST(computed("6 / 2") == "3.0");
  BOOST_TEST(computed("2 ** -1") == "0.5");
  BOOST_TEST(computed("true + 1") == "2");
  BOOST_TEST(computed("1.5e2") == "150.0");
  BOOST_TEST(refused("1 % 0") == "the chat template divides by 0");
  BOOST_TEST(refused("9223372036854775807 + 1") == "the chat template computes a number that is too large");
  BOOST_TEST(refused("-(-9223372036854775807 - 1)") == "the chat template computes a number that is too large");
  BOOST_TEST(refused("100000000000000000000") == "the chat template has the number 100000000000000000000");
}

BOOST_AUTO_TEST_CASE(texts) {
  BOOST_TEST(computed(R"('\x41\u00e9' "b")") == "A\u00e9b");
  BOOST_TEST(computed(R"('a\qb\n')") == "a\\qb\n");
  BOOST_TEST(computed("'ab' * 3") == "ababab");
  BOOST_TEST(computed("'ab' * -1") == "");
  BOOST_TEST(computed("'' * 9000000000000000000") == "");
  BOOST_TEST(refused("'ab' * 90000000") == "the chat template repeats a text too often");
  BOOST_TEST(refused("'a' + 1") == "the chat template needs a text and has 1");
  BOOST_TEST(refused(R"('\u00g0')") == "the chat template has a text with a broken \\u");
  BOOST_TEST(refused("'ab") == "the chat template has a text without an end: 'ab");
}

BOOST_AUTO_TEST_CASE(slices) {
  BOOST_TEST(computed("'h\u00e9llo'[1:3]") == "\u00e9l");
  BOOST_TEST(computed("'abc'[-10:2]") == "ab");
  BOOST_TEST(computed("'abcd'[::-2]") == "db");
  BOOST_TEST(computed("[1, 2, 3][-1]") == "3");
  BOOST_TEST(computed("[1, 2, 3][5]") == "");
  BOOST_TEST(computed("[1, 2, 3][:-1][0]") == "1");
  // Steps that lead out of everything.
  BOOST_TEST(computed("'abc'[1::9223372036854775807]") == "b");
  BOOST_TEST(computed("'abc'[1::-9223372036854775807]") == "b");
  BOOST_TEST(refused("'abc'[::0]") == "the chat template slices by steps of 0");
}

BOOST_AUTO_TEST_CASE(lists_and_dictionaries) {
  BOOST_TEST(computed("()") == "()");
  BOOST_TEST(computed("(1,)") == "(1,)");
  BOOST_TEST(computed("(1)") == "1");
  BOOST_TEST(computed("[1, [none, 2.0],]") == "[1, [None, 2.0]]");
  BOOST_TEST(computed("{'a': (1, 'b')}") == "{'a': (1, 'b')}");
  BOOST_TEST(computed("{'a': {'b': 5}}.a['b']") == "5");
  BOOST_TEST(computed("'a' in {'a': 1} and 1 not in {'a': 1}") == "True");
  BOOST_TEST(computed("a.b", {{"a", jinja::Dict{{"b", 7}}}}) == "7");
}

BOOST_AUTO_TEST_CASE(what_cannot_be_read) {
  BOOST_TEST(refused("1 2") == "the chat template cannot be read at \"2\" in \"1 2\"");
  BOOST_TEST(refused("1 not 2").find("cannot be read at \"2\"") != std::string::npos);
  BOOST_TEST(refused("a(").find("cannot be read at \"\"") != std::string::npos);
  BOOST_TEST(refused("a()") == "the chat template calls what is no function");
  BOOST_TEST(refused(std::string(300, '(') + "1") == "the chat template's expressions nest too deeply");
}

BOOST_AUTO_TEST_SUITE_END()
