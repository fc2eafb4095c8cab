#include <graft/text/tokenizers/unigram.hpp>

#include "error.hpp"

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <functional>

using namespace graft;
using Ids = std::vector<Id>;

BOOST_AUTO_TEST_SUITE(text_tokenizers_unigram)

Ids ids_of(const Unigram& model, std::string_view text) {
  std::vector<Token> tokens;
  model.encode(text, tokens);
  Ids ids;
  for (const auto& token : tokens) ids.push_back(token.id);
  return ids;
}

BOOST_AUTO_TEST_CASE(the_likeliest_cut) {
  const auto vocabulary =
      std::make_shared<const Vocabulary>(std::vector<std::string>{"<unk>", "a", "b", "c", "ab", "bc", "abc", "\u00e9"});
  const Unigram model(vocabulary, {0, -1, -2, -3, -2.5, -1.5, -4, -1}, {.token = 0});
  BOOST_TEST(ids_of(model, "abc") == (Ids{1, 5}), boost::test_tools::per_element());  // −2.5, and not −4 or −5.5
  BOOST_TEST(ids_of(model, "ab") == Ids{4}, boost::test_tools::per_element());
  BOOST_TEST(ids_of(model, "\u00e9b") == (Ids{7, 2}), boost::test_tools::per_element());
  BOOST_TEST(ids_of(model, "").empty());
  BOOST_TEST(ids_of(model, "axyb") == (Ids{1, 0, 0, 2}), boost::test_tools::per_element());
  std::vector<Token> tokens;
  model.encode("\u00e9\u4e2dab", tokens);
  BOOST_TEST(tokens.size() == 3U);
  BOOST_TEST(tokens[0].end == 2U);
  BOOST_TEST(tokens[1].end == 5U);
  BOOST_TEST(tokens[2].end == 7U);
}

// Every cut of short texts is tried.
BOOST_AUTO_TEST_CASE(no_cut_is_likelier) {
  const std::vector<std::string> spelled{"a", "b", "aa", "ab", "ba", "aab", "bba", "abab"};
  const std::vector<double> scores{-3, -2.7, -4.1, -3.9, -4.3, -5.2, -6.1, -7};
  const auto vocabulary = std::make_shared<const Vocabulary>(spelled);
  const Unigram model(vocabulary, scores, {});
  const std::function<double(std::string_view)> best = [&](std::string_view text) {
    if (text.empty()) return 0.0;
    double found = -1e9;
    for (Index i = 0; i < spelled.size(); ++i)
      if (text.starts_with(spelled[i])) found = std::max(found, scores[i] + best(text.substr(spelled[i].size())));
    return found;
  };
  for (unsigned bits = 0; bits < 256; ++bits) {
    std::string text;
    for (unsigned i = 0; i < 8; ++i) text += (bits >> i & 1U) != 0 ? 'b' : 'a';
    double sum = 0;
    for (const Id id : ids_of(model, text)) sum += scores[static_cast<Index>(id)];
    BOOST_TEST(std::abs(sum - best(text)) < 1e-9, text);
  }
}

BOOST_AUTO_TEST_CASE(unknown_characters) {
  const auto vocabulary = std::make_shared<const Vocabulary>(std::vector<std::string>{"<unk>", "a", "<0x78>"});
  BOOST_TEST(ids_of(Unigram(vocabulary, {0, -1}, {.token = 0, .fused = true}), "xya") == (Ids{0, 1}),
             boost::test_tools::per_element());
  BOOST_TEST(ids_of(Unigram(vocabulary, {0, -1}, {.token = 0, .bytes = true}), "xy") == (Ids{2, 0}),
             boost::test_tools::per_element());
  BOOST_TEST(made::error_of([&] { ids_of(Unigram(vocabulary, {0, -1}, {}), "x"); }).find("no token for \"x\"") !=
             std::string::npos);
  BOOST_TEST(made::error_of([&] { Unigram(vocabulary, {0, 1, 2, 3}, {}); }) ==
             "tokenizer: there are 4 scores for 3 tokens");
}

BOOST_AUTO_TEST_SUITE_END()
