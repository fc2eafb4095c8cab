#include <graft/io/gguf_writer.hpp>

#include "folder.hpp"

#include <graft/io/gguf.hpp>

#include <boost/test/unit_test.hpp>

using namespace graft;

BOOST_AUTO_TEST_SUITE(io_gguf_writer)

BOOST_AUTO_TEST_CASE(what_is_written_is_read) {
  const Folder folder("graft-gguf-writer");
  const auto path = folder.path / "made.gguf";
  write_gguf(path, {{"name", std::string("llama")}, {"count", std::uint32_t{7}}, {"scale", 0.25F}},
             {{"matrix", {2, 3}, {1, 2, 3, 4, 5, 6}}, {"vector", {2}, {8, 9}}});
  const GgufFile file(path);
  const Gguf& g = file.content;
  BOOST_TEST(g.get<std::string>("name") == "llama");
  BOOST_TEST(g.get<std::int64_t>("count") == 7);
  BOOST_TEST(g.get<double>("scale") == 0.25);
  BOOST_TEST(g.tensors.size() == 2U);
  BOOST_TEST(g.tensors.at("matrix").shape == (std::vector<Index>{2, 3}), boost::test_tools::per_element());
  BOOST_TEST(to_floats(g.tensors.at("matrix"), "matrix") == (std::vector<float>{1, 2, 3, 4, 5, 6}),
             boost::test_tools::per_element());
  BOOST_TEST(to_floats(g.tensors.at("vector"), "vector") == (std::vector<float>{8, 9}),
             boost::test_tools::per_element());
}

// By hand: extents innermost first, the data of each tensor at a multiple of 32.
BOOST_AUTO_TEST_CASE(bytes_of_the_format) {
  const Folder folder("graft-gguf-writer");
  const auto path = folder.path / "made.gguf";
  write_gguf(path, {}, {{"a", {2, 3}, {1, 2, 3, 4, 5, 6}}});
  const std::string bytes = read_file(path);
  const auto number = [&bytes]<class T>(std::size_t at, T) {
    T value;
    std::memcpy(&value, bytes.data() + at, sizeof value);
    return value;
  };
  BOOST_TEST(bytes.substr(0, 4) == "GGUF");
  BOOST_TEST(number(4, std::uint32_t()) == 3U);
  BOOST_TEST(number(8, std::uint64_t()) == 1U);   // tensors
  BOOST_TEST(number(16, std::uint64_t()) == 0U);  // values
  BOOST_TEST(number(24, std::uint64_t()) == 1U);  // the length of "a"
  BOOST_TEST(number(33, std::uint32_t()) == 2U);
  BOOST_TEST(number(37, std::uint64_t()) == 3U);
  BOOST_TEST(number(45, std::uint64_t()) == 2U);
  BOOST_TEST(bytes.size() == 128U);  // 65 bytes of header, 24 of data
  BOOST_TEST(number(96, float()) == 1.0F);
  BOOST_TEST(number(116, float()) == 6.0F);
}

BOOST_AUTO_TEST_SUITE_END()
