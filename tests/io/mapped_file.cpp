#include <graft/io/mapped_file.hpp>

#include "error.hpp"
#include "folder.hpp"

#include <graft/io/files.hpp>

#include <boost/test/unit_test.hpp>

using namespace graft;
using made::error_of;

BOOST_AUTO_TEST_SUITE(io_mapped_file)

std::string text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

BOOST_AUTO_TEST_CASE(bytes_of_a_file) {
  const Folder folder("graft-mapped");
  write_file(folder.path / "a", "0123456789");
  MappedFile file(folder.path / "a");
  const auto* const begin = file.bytes().data();
  BOOST_TEST(text(file.bytes()) == "0123456789");
  BOOST_TEST(text(file.from(begin + 7)) == "789");
  BOOST_TEST(file.from(begin + 10).empty());
  const std::byte elsewhere{};
  BOOST_TEST(file.from(&elsewhere).empty());

  MappedFile moved(std::move(file));  // the map stays where it is
  BOOST_TEST(moved.bytes().data() == begin);
  write_file(folder.path / "b", "other");
  MappedFile other(folder.path / "b");
  other = std::move(moved);
  BOOST_TEST(text(other.bytes()) == "0123456789");
  // What was mapped stays readable when another file takes the name.
  write_file(folder.path / "a", "new");
  BOOST_TEST(text(other.bytes()) == "0123456789");
}

BOOST_AUTO_TEST_CASE(nothing_to_map) {
  const Folder folder("graft-mapped");
  write_file(folder.path / "empty", "");
  const MappedFile empty(folder.path / "empty");
  BOOST_TEST(empty.bytes().empty());
  BOOST_TEST(error_of([&] { const MappedFile file(folder.path / "none"); }).starts_with("cannot open "));
  BOOST_TEST(error_of([&] { const MappedFile file(folder.path); }) == folder.path.string() + " is not a regular file");
}

BOOST_AUTO_TEST_SUITE_END()
