#include <graft/text/tokenizers/tokenizer_gguf.hpp>
#include <graft/text/tokenizers/tokenizer_json.hpp>
#include <graft/text/tokenizers/vocabulary_files.hpp>

#include "folder.hpp"

#include <boost/test/unit_test.hpp>

#include <cstring>

using namespace graft;

BOOST_AUTO_TEST_SUITE(text_tokenizers_tokenizer_gguf)

/// Metadata of a byte-level tokenizer: letters, digits, a few merges, and what else is given.
Gguf byte_level(const std::map<std::string, std::int64_t>& numbers = {}, const std::string& pre = "") {
  std::vector<std::byte> empty(24);
  const std::uint32_t magic = 0x46554747U, version = 3;
  std::memcpy(empty.data(), &magic, 4);
  std::memcpy(empty.data() + 4, &version, 4);
  Gguf made(empty, "made.gguf");
  std::vector<std::string> tokens;
  for (char c = 'a'; c <= 'z'; ++c) tokens.emplace_back(1, c);
  for (char c = '0'; c <= '9'; ++c) tokens.emplace_back(1, c);
  for (const char* token : {"Ġ", "!", "12", "123", "1234", "ab", "abc", "<s>", "<|im_end|>", "<x>", "bc"})
    tokens.emplace_back(token);
  std::vector<std::int64_t> types(tokens.size(), 1);
  types[43] = 3;  // <s>
  types[45] = 4;  // <x>
  made.metadata["tokenizer.ggml.model"] = {.kind = GgufValue::Kind::text, .text = "gpt2"};
  if (!pre.empty()) made.metadata["tokenizer.ggml.pre"] = {.kind = GgufValue::Kind::text, .text = pre};
  made.metadata["tokenizer.ggml.tokens"] = {.kind = GgufValue::Kind::texts, .texts = tokens};
  made.metadata["tokenizer.ggml.token_type"] = {.kind = GgufValue::Kind::integers, .integers = types};
  made.metadata["tokenizer.ggml.merges"] = {.kind = GgufValue::Kind::texts,
                                            .texts = {"1 2", "12 3", "123 4", "b c", "a b"}};
  for (const auto& [key, value] : numbers)
    made.metadata["tokenizer.ggml." + key] = {.kind = GgufValue::Kind::integer, .integer = value};
  return made;
}

std::vector<std::string> cut(const Gguf& gguf, const std::string& text) {
  const Tokenizer tokenizer(tokenizer_parts(gguf));
  std::vector<std::string> tokens;
  for (const Id id : tokenizer.encode_whole(text).ids) tokens.push_back(tokenizer.token(id));
  return tokens;
}
using Tokens = std::vector<std::string>;

BOOST_AUTO_TEST_CASE(pre_tokenizers_as_llama_cpp_has_them) {
  BOOST_TEST(cut(byte_level({}, "gpt-2"), "abc1234!") == (Tokens{"a", "bc", "1234", "!"}),
             boost::test_tools::per_element());
  BOOST_TEST(cut(byte_level({}, "smollm"), "12 3") == (Tokens{"1", "2", "Ġ", "3"}), boost::test_tools::per_element());
  // A whole piece that is a token is taken as it is, and a text begins with a token: 11 where the file does not say
  // which.
  BOOST_TEST(cut(byte_level({{"bos_token_id", 43}}, "llama-bpe"), "abc1234") == (Tokens{"<s>", "abc", "123", "4"}),
             boost::test_tools::per_element());
  BOOST_TEST(cut(byte_level({}, "llama-bpe"), "a") == (Tokens{"l", "a"}), boost::test_tools::per_element());
  BOOST_TEST(cut(byte_level({{"add_bos_token", 0}}, "llama-bpe"), "a") == (Tokens{"a"}),
             boost::test_tools::per_element());
  BOOST_TEST(cut(byte_level({}, "tekken"), "12").back() == "2");
  // Where a file names none: digits in threes, one piece after another.
  BOOST_TEST(cut(byte_level(), "abc1234!") == (Tokens{"a", "bc", "123", "4", "!"}), boost::test_tools::per_element());
  BOOST_CHECK_EXCEPTION(cut(byte_level({}, "of-nobody"), "a"), Error, [](const Error& e) {
    return std::string(e.what()).find("made.gguf") == 0 && std::string(e.what()).find("of-nobody") != std::string::npos;
  });
}

BOOST_AUTO_TEST_CASE(ids_that_are_not_stated_or_no_tokens) {
  // An id that is no token's counts as not stated.
  BOOST_TEST(cut(byte_level({{"bos_token_id", 4000}, {"add_bos_token", 1}}, "gpt-2"), "a") == (Tokens{"l", "a"}),
             boost::test_tools::per_element());
  BOOST_TEST(GgufTokenizer(byte_level({{"eos_token_id", 43}, {"eot_token_id", 3}}, "gpt-2")).ends() ==
                 (std::vector<Id>{43, 3, 44}),
             boost::test_tools::per_element());
  // A token of such a name ends a turn, and text can name it, whatever its type is.
  BOOST_TEST(cut(byte_level({}, "gpt-2"), "a<|im_end|><x>") == (Tokens{"a", "<|im_end|>", "<x>"}),
             boost::test_tools::per_element());
}

/// A folder's files made of it say the same.
void writes_itself(const Gguf& gguf, const std::vector<std::string>& texts) {
  const Folder folder("graft-tokenizer-gguf-test");
  for (const auto& [name, text] : GgufTokenizer(gguf).files()) write_file(folder.path / name, text);
  const auto json = folder.path / "tokenizer.json";
  const Tokenizer own(tokenizer_parts(gguf)),
      read(std::filesystem::exists(json)
               ? tokenizer_parts(TokenizerConfig(folder.path).applied_to(read_json(json)), json.string())
               : VocabularyFiles(folder.path,
                                 std::filesystem::exists(folder.path / "spiece.model")
                                     ? VocabularyHabits{.begins = false, .ends = true}
                                     : VocabularyHabits{},
                                 "a family", "others")
                     .parts());
  for (const auto& text : texts) {
    if (text.find("<unk>") != text.npos) continue;  // a folder's text can name it
    const auto want = own.encode_whole(text).ids, have = read.encode_whole(text).ids;
    BOOST_TEST_CONTEXT(gguf.source << ": " << text) {
      BOOST_TEST(have == want, boost::test_tools::per_element());
      const auto decoded = own.decode(want);  // where <unk> is SentencePiece's "⁇"; in a folder it is special
      if (decoded.find("\u2047") == decoded.npos) BOOST_TEST(read.decode(have) == decoded);
    }
  }
  BOOST_TEST(read_json(folder.path / "generation_config.json").contains("eos_token_id"));
}

BOOST_AUTO_TEST_CASE(files_of_a_folder_say_the_same) {
  const std::vector<std::string> small{"abc1234!", "12 3 <x> <s>", "a<|im_end|>"};
  for (const char* pre : {"gpt-2", "smollm", "llama-bpe", "qwen2", "tekken", "gpt-4o", "default"})
    writes_itself(byte_level({{"bos_token_id", 43}, {"eos_token_id", 44}}, pre), small);
  writes_itself(
      byte_level({{"bos_token_id", 43}, {"eos_token_id", 44}, {"add_bos_token", 1}, {"add_eos_token", 1}}, "gpt-2"),
      small);
  const auto folder = std::filesystem::path(GRAFT_TEST_DATA_DIR) / "text/tokenizers";
  auto texts = read_json(folder / "texts.json").get<std::vector<std::string>>();
  texts.resize(120);
  writes_itself(GgufFile(folder / "bert.gguf").content, texts);
#if GRAFT_HAS_SENTENCEPIECE
  for (const char* kind : {"unigram.gguf", "bpe.gguf"}) writes_itself(GgufFile(folder / kind).content, texts);
#endif
}

BOOST_AUTO_TEST_SUITE_END()
