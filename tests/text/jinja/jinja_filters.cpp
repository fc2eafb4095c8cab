// Filters, tests and methods; what they yield is what Jinja 3.1 and Python make of them.
#include <graft/text/jinja/jinja_filters.hpp>

#include "error.hpp"

#include <boost/test/unit_test.hpp>

using namespace graft;
using namespace graft::jinja;
using made::error_of;

BOOST_AUTO_TEST_SUITE(text_jinja_jinja_filters)

std::string filtered(const char* name, const Value& subject, const Arguments& given = {}) {
  return filter(name, subject, given).repr();
}
std::string called(const Value& subject, const char* name, const Arguments& given = {}) {
  return (*method(subject, name).function())(given).repr();
}
Arguments with(List positional) { return {std::move(positional), {}}; }
Arguments named(Dict values) { return {{}, std::move(values)}; }

BOOST_AUTO_TEST_CASE(cases_of_letters) {
  BOOST_TEST(filtered("title", "don't a-b (c") == "\"Don't A-B (C\"");  // as the filter has it,
  BOOST_TEST(called("don't 3a", "title") == "\"Don'T 3A\"");            // and as Python's method
  BOOST_TEST(filtered("capitalize", "hELLO wORLD") == "'Hello world'");
  BOOST_TEST(filtered("upper", "\u00e9a") == "'\u00c9A'");
  BOOST_TEST(test("upper", "A1", {}));
  BOOST_TEST(!test("upper", "1", {}));
  BOOST_TEST(!test("lower", "", {}));
}

BOOST_AUTO_TEST_CASE(splitting) {
  BOOST_TEST(called("  a b  c  ", "split") == "['a', 'b', 'c']");
  BOOST_TEST(called("  a b  c  ", "split", with({nullptr, 1})) == "['a', 'b  c  ']");
  BOOST_TEST(called("a,b,c", "split", with({",", 1})) == "['a', 'b,c']");
  BOOST_TEST(called(",", "split", with({","})) == "['', '']");
  BOOST_TEST(called("a\rb\nc\r\n\nd\n", "splitlines") == "['a', 'b', 'c', '', 'd']");
  BOOST_TEST(called("", "splitlines") == "[]");
  BOOST_TEST(error_of([] { called("a", "split", with({""})); }) == "the chat template splits at an empty text");
}

BOOST_AUTO_TEST_CASE(numbers_of_texts) {
  BOOST_TEST(filtered("int", " 12 ") == "12");
  BOOST_TEST(filtered("int", "3.7") == "3");
  BOOST_TEST(filtered("int", "12abc") == "0");
  BOOST_TEST(filtered("int", "x", with({5})) == "5");
  BOOST_TEST(filtered("int", -2.9) == "-2");
  BOOST_TEST(error_of([] { filtered("int", 1e300); }) == "the chat template makes a whole number of 1e+300");
  BOOST_TEST(filtered("round", 2.5) == "2.0");  // to the even one
  BOOST_TEST(filtered("round", 2.567, with({2})) == "2.57");
  BOOST_TEST(filtered("abs", -3) == "3");
  const Value smallest(std::numeric_limits<std::int64_t>::min());
  BOOST_TEST(!error_of([&] { filtered("abs", smallest); }).empty());
  BOOST_TEST(test("divisibleby", smallest, with({-1})));
  BOOST_TEST(test("divisibleby", 12, with({4})));
  BOOST_TEST(error_of([] { test("divisibleby", 1, with({0})); }) == "the chat template divides by 0");
}

BOOST_AUTO_TEST_CASE(order) {
  const List letters{"b", "A", "a"};
  BOOST_TEST(filtered("sort", List{"B", "a"}) == "['a', 'B']");  // case does not count
  BOOST_TEST(filtered("sort", List{"B", "a"}, named({{"case_sensitive", true}})) == "['B', 'a']");
  BOOST_TEST(filtered("sort", List{1, 3, 2}, with({true})) == "[3, 2, 1]");
  BOOST_TEST(filtered("unique", letters) == "['b', 'A']");
  BOOST_TEST(filtered("max", List{"B", "a"}) == "'B'");
  BOOST_TEST(filtered("min", List{"B", "a"}) == "'a'");
  BOOST_TEST(filtered("reverse", "abc") == "'cba'");
  BOOST_TEST(filtered("reverse", List{1, 2}) == "[2, 1]");
  const Dict entries{{"b", 1}, {"A", 2}};
  BOOST_TEST(filtered("dictsort", entries) == "[('A', 2), ('b', 1)]");
  BOOST_TEST(filtered("dictsort", entries, named({{"by", "value"}})) == "[('b', 1), ('A', 2)]");
}

BOOST_AUTO_TEST_CASE(attributes_of_elements) {
  const List all{Dict{{"a", Dict{{"b", 2}}}}, Dict{{"a", Dict{{"b", 1}}}}, Dict{}};
  BOOST_TEST(filtered("map", all, named({{"attribute", "a.b"}, {"default", 0}})) == "[2, 1, 0]");
  BOOST_TEST(filtered("map", List{List{1, "x"}}, named({{"attribute", 1}})) == "['x']");
  BOOST_TEST(filtered("sort", List{all[0], all[1]}, named({{"attribute", "a.b"}})) ==
             "[{'a': {'b': 1}}, {'a': {'b': 2}}]");
  BOOST_TEST(filtered("selectattr", all, with({"a"})) == "[{'a': {'b': 2}}, {'a': {'b': 1}}]");
  BOOST_TEST(filtered("rejectattr", all, with({"a.b", "eq", 1})) == "[{'a': {'b': 2}}, {}]");
  BOOST_TEST(filtered("join", List{1, "a"}, with({", "})) == "'1, a'");
}

BOOST_AUTO_TEST_CASE(indents) {
  BOOST_TEST(filtered("indent", "a\n\nb\n") == "'a\\n\\n    b\\n'");
  BOOST_TEST(filtered("indent", "a\n\nb", with({2, true, true})) == "'  a\\n  \\n  b'");
  BOOST_TEST(filtered("indent", "a\nb", with({"> "})) == "'a\\n> b'");
}

BOOST_AUTO_TEST_CASE(lists_and_dictionaries_are_changed_where_they_are) {
  const Value list(List{1, 2, 3}), dict(Dict{{"a", nullptr}});
  BOOST_TEST(called(list, "pop", with({0})) == "1");
  called(list, "append", with({4}));
  BOOST_TEST(list.repr() == "[2, 3, 4]");
  BOOST_TEST(error_of([&] { called(list, "pop", with({3})); }) == "the chat template pops element 3 of a list of 3");
  BOOST_TEST(!error_of([&] { called(list, "append", with({list})); }).empty());
  BOOST_TEST(called(dict, "get", with({"a", 5})) == "None");
  BOOST_TEST(called(dict, "get", with({"b", 5})) == "5");
  called(dict, "update", named({{"b", 2}}));
  BOOST_TEST(dict.repr() == "{'a': None, 'b': 2}");
}

BOOST_AUTO_TEST_CASE(what_is_not_known) {
  BOOST_TEST(error_of([] { filtered("xmlattr", 1); }).find("the filter \"xmlattr\"") != std::string::npos);
  BOOST_TEST(error_of([] { test("sameas", 1, {}); }).find("\"is sameas\"") != std::string::npos);
  BOOST_TEST(method("a", "swapcase").is_undefined());
  BOOST_TEST(error_of([] { filtered("tojson", 1, named({{"sort_keys", true}})); }).find("writes JSON with sort_keys") !=
             std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
