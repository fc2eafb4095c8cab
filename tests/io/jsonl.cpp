#include <graft/io/jsonl.hpp>

#include "error.hpp"
#include "folder.hpp"

#include <boost/test/unit_test.hpp>

using namespace graft;
using made::error_of;

BOOST_AUTO_TEST_SUITE(io_jsonl)

std::vector<Row> rows(const std::string& text) {
  const Folder folder("graft-jsonl");
  write_file(folder.path / "a.jsonl", text);
  return read_jsonl(folder.path / "a.jsonl");
}

// A byte-order mark, an empty line, a line's end as Windows has it, and none at the end of the file.
BOOST_AUTO_TEST_CASE(a_row_a_line) {
  const auto all = rows("\xEF\xBB\xBF{\"b\": 1, \"a\": null}\n \n{\"b\": \"two\"}\r\n{\"b\": 3}");
  BOOST_REQUIRE(all.size() == 3U);
  BOOST_TEST(all[0].get<int>("b") == 1);
  BOOST_TEST(all[0].json.dump() == R"({"b":1,"a":null})");  // in the order of the text
  BOOST_TEST(!all[0].has("a"));
  BOOST_TEST(!all[0].has("c"));
  BOOST_TEST(all[1].get("b") == "two");
  BOOST_TEST(all[1].where.ends_with("a.jsonl, line 3"), all[1].where);
  BOOST_TEST(error_of([&] { (void)all[2].get("b"); }).find("a.jsonl, line 4: the key \"b\" is 3") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(what_is_refused) {
  const auto says = [](const std::string& text, const char* words) {
    const auto error = error_of([&text] { rows(text); });
    BOOST_TEST(error.find(words) != std::string::npos, error);
  };
  says("{\"a\": 1}\n{\"a\": \n", "a.jsonl, line 2: not valid JSON");
  says("{\"a\": 1}\n[1]\n", "a.jsonl, line 2: not a JSON object");
  says("\n\n", "a.jsonl: there is no example in it");
  says("", "there is no example in it");
  BOOST_TEST(error_of([] { read_jsonl("/nowhere.jsonl"); }).starts_with("cannot open /nowhere.jsonl"));
}

BOOST_AUTO_TEST_SUITE_END()
