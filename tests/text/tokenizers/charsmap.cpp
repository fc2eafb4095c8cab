#include <graft/text/tokenizers/charsmap.hpp>

#include "error.hpp"

#include <boost/test/unit_test.hpp>

using namespace graft;
using made::error_of;

BOOST_AUTO_TEST_SUITE(text_tokenizers_charsmap)

/// A trie whose nodes are placed by hand.
struct Table {
  std::vector<std::uint32_t> units = std::vector<std::uint32_t>(0x600);
  std::string replacements;

  /// A node that `byte` leads to, and where its children begin.
  void put(Index node, std::uint32_t byte, bool ends, Index children) {
    units[node] = byte | (ends ? 256U : 0U) | static_cast<std::uint32_t>(node ^ children) << 10U;
  }
  void value(Index node, const std::string& text) {
    units[node] = static_cast<std::uint32_t>(replacements.size()) | 0x80000000U;
    replacements += text + '\0';
  }
  [[nodiscard]] std::string bytes() const {
    const auto size = static_cast<std::uint32_t>(units.size() * 4);
    std::string all(4 + size, '\0');
    std::memcpy(all.data(), &size, 4);
    std::memcpy(all.data() + 4, units.data(), size);
    return all + replacements;
  }
};

/// a is A!, é is e, and e with an accent behind it E.
Table table() {
  Table t;
  t.put(0, 0, false, 0x100);
  t.put(0x100 ^ 0x61, 0x61, true, 0x200);
  t.value(0x200, "A!");
  t.put(0x100 ^ 0xC3, 0xC3, false, 0x300);
  t.put(0x300 ^ 0xA9, 0xA9, true, 0x201);
  t.value(0x201, "e");
  t.put(0x100 ^ 0x65, 0x65, false, 0x400);
  t.put(0x400 ^ 0xCC, 0xCC, false, 0x500);
  t.put(0x500 ^ 0x81, 0x81, true, 0x202);
  t.value(0x202, "E");
  return t;
}

BOOST_AUTO_TEST_CASE(clusters_and_characters) {
  const Charsmap map(table().bytes());
  BOOST_TEST(map("") == "");
  BOOST_TEST(map("xax") == "xA!x");
  BOOST_TEST(map("\u00e9") == "e");
  BOOST_TEST(map("e\u0301e") == "Ee");
  BOOST_TEST(map("a\u0301") == "A!");  // a cluster that begins so is replaced whole, as the reference library does
  BOOST_TEST(map("a\u0301\u0301\u0301") == "A!\u0301\u0301\u0301");  // one of 6 bytes is not
  BOOST_TEST(map(std::string("a\0a", 3)) == std::string("A!\0A!", 5));
  BOOST_TEST(map("\xFFz") == "\xFFz");
}

BOOST_AUTO_TEST_CASE(tables_that_are_cut_short) {
  const auto whole = table().bytes();
  for (const std::string& bytes :
       {std::string(), std::string("abc"), std::string(4, '\0'), whole.substr(0, 100), std::string("\5\0\0\0abcde", 9)})
    BOOST_TEST(error_of([&] { Charsmap map(bytes); }) ==
               "the table of normal characters (precompiled_charsmap) is cut short");
}

BOOST_AUTO_TEST_CASE(tables_that_lead_out_of_themselves) {
  auto t = table();
  t.put(0x100 ^ 0x61, 0x61, true, 0x10000);
  t.units[0x201] = 1000;
  t.put(0x100 ^ 0x65, 0x65, false, 0x20000);
  BOOST_TEST(Charsmap(t.bytes())("a\u00e9e\u0301") == "a\u00e9e\u0301");
}

BOOST_AUTO_TEST_SUITE_END()
