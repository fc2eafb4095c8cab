#include <graft/text/jinja/jinja_value.hpp>

#include "error.hpp"

#include <boost/test/unit_test.hpp>

using namespace graft;
using namespace graft::jinja;
using made::error_of;

BOOST_AUTO_TEST_SUITE(text_jinja_jinja_value)

BOOST_AUTO_TEST_CASE(printed_as_by_python) {
  BOOST_TEST(Value().str() == "");
  BOOST_TEST(Value(nullptr).str() == "None");
  BOOST_TEST(Value(true).str() == "True");
  BOOST_TEST(Value(2.0).str() == "2.0");
  BOOST_TEST(Value(1e15).str() == "1000000000000000.0");
  BOOST_TEST(Value(1e16).str() == "1e+16");
  BOOST_TEST(Value(1e-5).str() == "1e-05");
  BOOST_TEST(Value(0.1 + 0.2).str() == "0.30000000000000004");
  BOOST_TEST(Value("it's").str() == "it's");
  BOOST_TEST(Value("it's").repr() == "\"it's\"");
  BOOST_TEST(Value("a'b\"\n\\").repr() == "'a\\'b\"\\n\\\\'");
  BOOST_TEST(Value(List{1, "a", Value::tuple({2})}).str() == "[1, 'a', (2,)]");
  BOOST_TEST(Value(Dict{{"k", List{}}}).str() == "{'k': []}");
}

BOOST_AUTO_TEST_CASE(written_as_by_json_dumps) {
  const Value all(Json::parse(R"({"a": [1, 2.5, null, true], "b": {}, "c": "\u00e9\"\n"})"));
  BOOST_TEST(all.json() == "{\"a\": [1, 2.5, null, true], \"b\": {}, \"c\": \"\u00e9\\\"\\n\"}");
  BOOST_TEST(Value(List{1, List{}}).json(2) == "[\n  1,\n  []\n]");
  BOOST_TEST(Value(Dict{{"a", List{1}}}).json(1) == "{\n \"a\": [\n  1\n ]\n}");
  BOOST_TEST(Value("\xff").json() == "\"\uFFFD\"");
  BOOST_TEST(error_of([] { static_cast<void>(Value().json()); }) == "the chat template writes Undefined as JSON");
}

BOOST_AUTO_TEST_CASE(numbers_beyond_64_bits_are_floats) {
  BOOST_TEST(Value(Json::parse("9223372036854775807")).is_integer());
  BOOST_TEST(Value(Json::parse("9223372036854775808")).str() == "9.223372036854776e+18");
  BOOST_TEST(negated(5) == -5);
  BOOST_TEST(!error_of([] { negated(std::numeric_limits<std::int64_t>::min()); }).empty());
}

BOOST_AUTO_TEST_CASE(equal_and_less) {
  BOOST_TEST((Value(1) == Value(1.0)));
  BOOST_TEST((Value(true) == Value(1)));
  BOOST_TEST(!(Value("1") == Value(1)));
  BOOST_TEST((Value(List{1, "a"}) == Value(List{1.0, "a"})));
  BOOST_TEST((Value(Dict{{"a", 1}, {"b", 2}}) == Value(Dict{{"b", 2}, {"a", 1}})));
  BOOST_TEST(!(Value(Dict{{"a", 1}}) == Value(Dict{{"b", 1}})));
  BOOST_TEST(!(Value(nullptr) == Value()));
  BOOST_TEST((Value("B") < Value("a")));
  BOOST_TEST(error_of([] { static_cast<void>(Value(1) < Value("a")); }) == "the chat template needs a text and has 1");
}

BOOST_AUTO_TEST_CASE(truth_length_and_elements) {
  for (const auto& no : {Value(), Value(nullptr), Value(0), Value(0.0), Value(""), Value(List{}), Value(Dict{})})
    BOOST_TEST(!no.truth());
  BOOST_TEST(Value("0").truth());
  BOOST_TEST(Value("\u00e9\u4e2d").length() == 2U);
  BOOST_TEST(Value(Dict{{"a", 1}}).elements()[0].string() == "a");
  BOOST_TEST(Value("\u00e9x").elements()[0].string() == "\u00e9");
  BOOST_TEST(Value().elements().empty());
  BOOST_TEST(error_of([] { static_cast<void>(Value(1).length()); }) == "the chat template asks for the length of 1");
  BOOST_TEST(error_of([] { static_cast<void>(Value(1).elements()); }) == "the chat template loops over 1");
}

BOOST_AUTO_TEST_CASE(values_do_not_contain_themselves) {
  const Value list(List{1});
  BOOST_TEST(!error_of([&] { static_cast<void>(list.within(list)); }).empty());
  BOOST_TEST(!error_of([&] { static_cast<void>(Value(List{list}).within(list)); }).empty());
  Value deep(List{});
  for (int i = 0; i < 101; ++i) deep = Value(List{deep});
  BOOST_TEST(error_of([&] { static_cast<void>(deep.within()); }) == "the chat template nests its values too deeply");
}

BOOST_AUTO_TEST_CASE(keys_that_were_asked_for) {
  Dict dict{{"a", 1}, {"b", 2}};
  dict.asked = std::make_shared<std::vector<std::string>>();
  const Value value(dict);
  BOOST_TEST(value.get("a").integer() == 1);
  BOOST_TEST(value.get("c").is_undefined());
  static_cast<void>(value.get("a"));
  BOOST_TEST((*dict.asked == std::vector<std::string>{"a", "c"}));  // whether they are there or not, once
  static_cast<void>(value.json());
  BOOST_TEST((*dict.asked == std::vector<std::string>{"a", "c", "b"}));
}

BOOST_AUTO_TEST_CASE(arguments_by_place_or_name) {
  const Arguments given{{1}, {{"b", 2}}};
  BOOST_TEST(given.get(0, "a").integer() == 1);
  BOOST_TEST(given.get(1, "b").integer() == 2);
  BOOST_TEST(given.get(2, "c", 3).integer() == 3);
  BOOST_TEST(!given.has(2, "c"));
}

BOOST_AUTO_TEST_SUITE_END()
