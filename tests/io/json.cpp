#include <graft/io/json.hpp>

#include "error.hpp"
#include "folder.hpp"

#include <boost/test/unit_test.hpp>

using namespace graft;
using made::error_of;

BOOST_AUTO_TEST_SUITE(io_json)

BOOST_AUTO_TEST_CASE(values_by_key) {
  const Json json = {{"n", 8}, {"text", "wide"}, {"nothing", nullptr}};
  BOOST_TEST(required<Index>(json, "n", "a.json") == 8U);
  BOOST_TEST(optional<Index>(json, "m", 3, "a.json") == 3U);
  BOOST_TEST(optional<Index>(json, "nothing", 3, "a.json") == 3U);
  BOOST_TEST(text_at(json, "text") == "wide");
  BOOST_TEST(text_at(json, "n") == "");
  BOOST_TEST(text_at(Json::array(), "n") == "");
  BOOST_TEST(error_of([&] { (void)required<Index>(json, "m", "a.json"); }) == "a.json: the key \"m\" is missing");
  BOOST_TEST(error_of([&] { (void)required<Index>(Json(3), "m", "a.json"); }) == "a.json: the key \"m\" is missing");
  BOOST_TEST(error_of([&] { (void)optional<Index>(json, "text", 3, "a.json"); }) ==
             "a.json: the key \"text\" is \"wide\", which is of another type than belongs there");
}

BOOST_AUTO_TEST_CASE(nesting_has_a_limit) {
  const auto nested = [](Index levels) { return std::string(levels, '[') + std::string(levels, ']'); };
  BOOST_TEST(parse_json(nested(64), "a.json").is_array());
  BOOST_TEST(error_of([&] { parse_json(nested(66), "a.json"); }) == "a.json: JSON nested deeper than 64 levels");
  BOOST_TEST(error_of([&] { parse_json(nested(1'000'000), "bomb.json"); }).find("nested deeper") != std::string::npos);
  BOOST_TEST(error_of([] { parse_json("{\"a\": }", "a.json"); }).starts_with("a.json: not valid JSON: "));
}

BOOST_AUTO_TEST_CASE(files) {
  const Folder folder("graft-json");
  const auto path = folder.path / "a.json";
  const Json json = {{"b", {1, 2}}, {"a", "é"}};
  write_json(path, json);
  BOOST_TEST(read_file(path) == "{\n  \"a\": \"é\",\n  \"b\": [\n    1,\n    2\n  ]\n}\n");
  BOOST_TEST(read_json(path) == json);
  write_file(path, "{");
  BOOST_TEST(error_of([&] { read_json(path); }).starts_with(path.string() + ": not valid JSON"));
}

BOOST_AUTO_TEST_SUITE_END()
