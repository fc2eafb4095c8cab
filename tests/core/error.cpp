#include <graft/core/error.hpp>

#include "error.hpp"

#include <boost/test/unit_test.hpp>

using namespace graft;
using made::error_of;

BOOST_AUTO_TEST_SUITE(core_error)

BOOST_AUTO_TEST_CASE(parts_of_many_kinds_are_one_sentence) {
  const std::string name = "a.gguf";
  BOOST_TEST(error_of([&] { fail(name, ": ", 3U, std::string_view(" of "), -4, " at ", 0.5F); }) ==
             "a.gguf: 3 of -4 at 0.500000");
}

BOOST_AUTO_TEST_CASE(what_would_steer_a_terminal_is_not_shown) {
  BOOST_TEST(printable("a\x1b[31m\x7f\n\tb") == "a?[31m?\n\tb");
  BOOST_TEST(printable("a\n\tb", "") == "a??b");
  BOOST_TEST(printable("grün") == "grün");
  BOOST_TEST(printable(std::string("a\0b", 3)) == "a?b");
  BOOST_TEST(error_of([] { fail("\x1b]0;title\x07"); }) == "?]0;title?");
}

BOOST_AUTO_TEST_CASE(long_messages_are_cut_between_characters) {
  const std::string most(8'000, 'x');
  BOOST_TEST(error_of([&] { fail(most); }) == most);
  BOOST_TEST(error_of([&] { fail(most, "yz"); }) == most + " … (and 2 characters more)");
  // the last character that would begin within is of three bytes, and left out whole
  const std::string shorter(7'998, 'x');
  BOOST_TEST(error_of([&] { fail(shorter, "€", "z"); }) == shorter + " … (and 4 characters more)");
}

BOOST_AUTO_TEST_SUITE_END()
