#include "io/files.hpp"

#include <boost/test/unit_test.hpp>

using namespace graft;
using made::error_of;

BOOST_AUTO_TEST_SUITE(io_safetensors)

std::string parse_error(const std::string& file) {
  return error_of([&] { parse_safetensors(made::bytes(file), "x.safetensors"); });
}
#define SAYS(text, part) BOOST_TEST((text).find(part) != std::string::npos, (text))

BOOST_AUTO_TEST_CASE(what_is_written_is_read) {
  const auto path = std::filesystem::temp_directory_path() / "graft-test.safetensors";
  write_safetensors(path, {{"b", {2, 2}, {1, 2, 3, 4}}, {"a", {3}, {5, 6, 7}}, {"none", {0}, {}}});
  const SafetensorsFile file(path);
  BOOST_TEST(file.tensors.size() == 3U);
  BOOST_TEST(to_floats(file.tensors.at("b"), "b") == (std::vector<float>{1, 2, 3, 4}),
             boost::test_tools::per_element());
  BOOST_TEST(file.metadata.at("format") == "pt");
  BOOST_TEST(!std::filesystem::exists(path.string() + ".partial"));
  std::filesystem::remove(path);
}

BOOST_AUTO_TEST_CASE(nothing_half_written) {
  const auto path = std::filesystem::temp_directory_path() / "graft-atomic-test";
  write_file(path, "old");
  {
    AtomicFile file(path);
    file.write("new, but never finished");
  }
  BOOST_TEST(read_file(path) == "old");
  BOOST_TEST(!std::filesystem::exists(path.string() + ".partial"));
  std::filesystem::remove(path);
}

BOOST_AUTO_TEST_CASE(hostile_headers) {
  SAYS(parse_error("short"), "too short");
  SAYS(parse_error(made::Bytes{}.number(~std::uint64_t{0}).text + "{}"), "truncated");
  SAYS(parse_error(made::safetensors("[1]", 0)), "not a JSON object");
  SAYS(parse_error(made::safetensors("{", 0)), "not valid JSON");
  const auto tensor = [](const char* shape, const char* offsets) {
    return std::string(R"({"dtype":"F32","shape":)") + shape + R"(,"data_offsets":)" + offsets + "}";
  };
  SAYS(parse_error(
           made::safetensors("{\"a\":" + tensor("[2]", "[0,8]") + ",\"b\":" + tensor("[2]", "[4,12]") + "}", 12)),
       "overlap");
  SAYS(parse_error(
           made::safetensors("{\"a\":" + tensor("[2]", "[0,8]") + ",\"b\":" + tensor("[1]", "[12,16]") + "}", 16)),
       "leave a hole");
  SAYS(parse_error(made::safetensors("{\"a\":" + tensor("[2]", "[0,8]") + "}", 4)), "lie outside");
  SAYS(parse_error(made::safetensors("{\"a\":" + tensor("[2]", "[8,0]") + "}", 8)), "lie outside");
  SAYS(parse_error(made::safetensors("{\"a\":" + tensor("[3]", "[0,8]") + "}", 8)), "another number of bytes");
  SAYS(parse_error(made::safetensors("{\"a\":" + tensor("[4294967296,4294967296,4]", "[0,8]") + "}", 8)),
       "another number of bytes");
  SAYS(parse_error(made::safetensors("{\"a\":" + tensor("[-1]", "[0,8]") + "}", 8)),
       "not lists of non-negative numbers");
  SAYS(parse_error(made::safetensors("{\"a\":" + tensor("[2]", "[0,8]") + "}", 9)), "belong to no tensor");
  SAYS(parse_error(made::safetensors(R"({"a":7})", 0)), "dtype");
}

BOOST_AUTO_TEST_CASE(a_json_bomb) {
  SAYS(parse_error(made::safetensors(std::string(500'000, '{'), 0)), "x.safetensors");
}

BOOST_AUTO_TEST_SUITE_END()
