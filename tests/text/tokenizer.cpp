#include <graft/models/tokenizer_files.hpp>
#include <graft/text.hpp>

#include <boost/test/unit_test.hpp>

using namespace graft;

BOOST_AUTO_TEST_SUITE(text_tokenizer)

/// Bytes a–z and space, three merges and one special token.
Tokenizer small() {
  TokenizerParts parts;
  for (char c = 'a'; c <= 'z'; ++c) parts.tokens.emplace_back(1, c);
  parts.tokens.emplace_back("Ġ");
  for (const char* token : {"th", "the", "Ġthe", "<|end|>"}) parts.tokens.emplace_back(token);
  parts.merges = {{"t", "h"}, {"th", "e"}, {"Ġ", "the"}};
  parts.special = {30};
  parts.patterns = {gpt2_pattern};
  return Tokenizer(std::move(parts));
}

BOOST_AUTO_TEST_CASE(merges_by_rank) {
  const auto t = small();
  BOOST_TEST(t.encode("the the") == (std::vector<Id>{28, 29}), boost::test_tools::per_element());
  BOOST_TEST(t.encode("thth") == (std::vector<Id>{27, 27}), boost::test_tools::per_element());
  BOOST_TEST(t.encode("the<|end|>a") == (std::vector<Id>{28, 30, 0}), boost::test_tools::per_element());
  BOOST_TEST(t.decode({28, 29, 30}) == "the the");
  BOOST_TEST(t.decode({28, 30}, true) == "the<|end|>");
  BOOST_TEST(t.encode("").empty());
  BOOST_CHECK_THROW(t.encode("A"), Error);
  BOOST_CHECK_THROW(t.decode({99}), Error);
}

BOOST_AUTO_TEST_CASE(long_runs_are_not_quadratic) {
  const auto t = small();
  std::string text;
  for (int i = 0; i < 200'000; ++i) text += "th";
  BOOST_TEST(t.encode(text).size() == 200'000U);
}

BOOST_AUTO_TEST_CASE(broken_parts) {
  TokenizerParts parts{.tokens = {"a", "b"}, .merges = {{"a", "c"}}, .special = {}, .patterns = {}};
  BOOST_CHECK_EXCEPTION(Tokenizer(std::move(parts)), Error, [](const Error& e) { return std::string(e.what()).find("merge number 0") != std::string::npos; });
  BOOST_CHECK_THROW(tokenizer_parts(parse_json(R"({"model":{"type":"WordPiece"}})", "t"), "t"), Error);
}

BOOST_AUTO_TEST_CASE(chatml) {
  const ChatTemplate plain("{{'<|im_start|>' + message['role']}}<|im_end|>");
  BOOST_TEST(plain.render({{"user", "Hi"}}, true) == "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n");
  const ChatTemplate with_default("{{ '<|im_start|>system\\nBe kind.<|im_end|>\\n' }}{{'<|im_start|>' + message['role']}}");
  BOOST_TEST(with_default.render({{"user", "Hi"}}, false) == "<|im_start|>system\nBe kind.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n");
  BOOST_TEST(with_default.render({{"system", "Be brief."}}, false) == "<|im_start|>system\nBe brief.<|im_end|>\n");
  BOOST_CHECK_EXCEPTION(ChatTemplate("[INST] {{x}}"), Error, [](const Error& e) { return std::string(e.what()).find("Llama 2") != std::string::npos; });
}

BOOST_AUTO_TEST_CASE(examples_and_labels) {
  const auto t = small();
  const Formatter formatter{t, std::nullopt, "the "};
  const auto e = formatter.example({{"prompt", "a"}, {"completion", "bc"}}, "row");
  BOOST_TEST(e.ids == (std::vector<Id>{28, 26, 0, 1, 2}), boost::test_tools::per_element());
  BOOST_TEST(e.labels == (std::vector<Id>{-1, -1, -1, 1, 2}), boost::test_tools::per_element());
  BOOST_TEST(e.supervised() == 2U);
  BOOST_TEST(formatter.example({{"text", "abc"}}, "row").supervised() == 2U);  // nothing predicts the first token
  BOOST_CHECK_THROW(formatter.example({{"prompt", "a"}, {"completion", ""}}, "row"), Error);
  BOOST_CHECK_THROW(formatter.example({{"question", "a"}}, "row"), Error);
}

BOOST_AUTO_TEST_CASE(packing) {
  std::vector<Example> examples(5);
  for (Index i = 0; i < 5; ++i) examples[i].append({1, 2, 3, 4}, true);
  std::vector<const Example*> all;
  for (const auto& e : examples) all.push_back(&e);
  const auto batches = pack(all, 9);
  BOOST_TEST(batches.size() == 3U);
  BOOST_TEST(batches[0].starts == (std::vector<Id>{0, 4, 8}), boost::test_tools::per_element());
  BOOST_TEST(batches[0].positions == (std::vector<Id>{0, 1, 2, 3, 0, 1, 2, 3}), boost::test_tools::per_element());
  BOOST_TEST(batches[0].rows == (std::vector<Id>{0, 1, 2, 4, 5, 6}), boost::test_tools::per_element());
  BOOST_TEST(batches[0].targets == (std::vector<Id>{2, 3, 4, 2, 3, 4}), boost::test_tools::per_element());
  auto order = shuffled(100, 1, 0);
  BOOST_TEST((order != shuffled(100, 1, 1)));
  BOOST_TEST(order == shuffled(100, 1, 0), boost::test_tools::per_element());
  std::sort(order.begin(), order.end());
  for (Index i = 0; i < 100; ++i) BOOST_TEST(order[i] == i);
}

BOOST_AUTO_TEST_SUITE_END()
