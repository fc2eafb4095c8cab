#include <graft/text/tokenizers/normalizer.hpp>

#include <boost/test/unit_test.hpp>

using namespace graft;

BOOST_AUTO_TEST_SUITE(text_tokenizers_normalizer)

BOOST_AUTO_TEST_CASE(simple_steps) {
  BOOST_TEST(normalizer::form("NFKC")("\ufb01e\u0301") == "fi\u00e9");
  BOOST_TEST(normalizer::lowercase()("A\u00c9") == "a\u00e9");
  BOOST_TEST(normalizer::replace("a+", "<>")("caab a") == "c<>b <>");
  BOOST_TEST(normalizer::replace(" ", "\u2581")(" a ") == "\u2581a\u2581");
  BOOST_TEST(normalizer::prepend("_")("a") == "_a");
  BOOST_TEST(normalizer::prepend("_")("") == "");
  BOOST_TEST(normalizer::strip_accents()("e\u0301\u00e9") == "e\u00e9");  // what is composed stays
}

BOOST_AUTO_TEST_CASE(white_space_at_the_ends) {
  const std::string text = " \u3000a b\n";
  BOOST_TEST(normalizer::strip(true, true)(text) == "a b");
  BOOST_TEST(normalizer::strip(true, false)(text) == "a b\n");
  BOOST_TEST(normalizer::strip(false, true)(text) == " \u3000a b");
  BOOST_TEST(normalizer::strip(false, false)(text) == text);
  BOOST_TEST(normalizer::strip(false, true)(" \t ") == "");
  BOOST_TEST(normalizer::strip(false, false)(" \t ") == " \t ");
}

BOOST_AUTO_TEST_CASE(as_bert_reads) {
  const std::string text = std::string("A\u00c9\tb\u200b\ufffd", 11) + '\0' + "\u4e2dc";
  BOOST_TEST(normalizer::Bert{}(text) == "ae b \u4e2d c");
  BOOST_TEST((normalizer::Bert{.clean = false}("a\t\u200b") == "a\t\u200b"));
  BOOST_TEST((normalizer::Bert{.chinese = false}("\u4e2d") == "\u4e2d"));
  BOOST_TEST((normalizer::Bert{.accents_stripped = false}("\u00c9") == "\u00e9"));
  BOOST_TEST((normalizer::Bert{.lower = false}("\u00c9A") == "EA"));
}

BOOST_AUTO_TEST_SUITE_END()
