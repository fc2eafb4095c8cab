#include <graft/checkpoints/base/tokenizer_files.hpp>
#include <graft/text.hpp>

#include "folder.hpp"

#include <boost/test/unit_test.hpp>

using namespace graft;

namespace {

/// Bytes a–z and space, three merges and one special token.
Tokenizer small() {
  std::vector<std::string> tokens;
  for (char c = 'a'; c <= 'z'; ++c) tokens.emplace_back(1, c);
  tokens.emplace_back("Ġ");
  for (const char* token : {"th", "the", "Ġthe", "<|end|>"}) tokens.emplace_back(token);
  return Tokenizer(
      byte_level_parts(std::move(tokens), {{"t", "h"}, {"th", "e"}, {"Ġ", "the"}}, {30}, {splitter::gpt2_pattern}));
}

/// The reference library puts the model's own tokens beside a text that has them already.
std::vector<Id> enclosed(const Tokenizer& tokenizer, const std::string& text) {
  auto ids = tokenizer.opening();
  for (const auto& more : {tokenizer.encode(text), tokenizer.closing()})
    ids.insert(ids.end(), more.begin(), more.end());
  return ids;
}

/// As the libraries `tokenizers` and `sentencepiece` encode and decode, for every kind of tokenizer
/// (make_tokenizers.py).
void agrees(const std::string& kind, const Tokenizer& tokenizer, bool names_special) {
  const std::filesystem::path folder = std::filesystem::path(GRAFT_TEST_DATA_DIR) / "text/tokenizers";
  const auto texts = read_json(folder / "texts.json").get<std::vector<std::string>>();
  const auto expected = read_json(folder / (kind + ".ids.json"));
  Index compared = 0;
  for (Index i = 0; i < texts.size(); ++i) {
    // The reference library takes control tokens in a text for plain text.
    if (!names_special && (texts[i].find("<s>") != std::string::npos || texts[i].find("</s>") != std::string::npos ||
                           texts[i].find("<pad>") != std::string::npos))
      continue;
    ++compared;
    const auto ids = expected.at("ids")[i].get<std::vector<Id>>();
    BOOST_TEST((enclosed(tokenizer, texts[i]) == ids), kind << ": " << Json(texts[i]).dump());
    if (i % 5 != 0) continue;
    const std::string decoded = tokenizer.decode(ids);
    BOOST_TEST(repaired(decoded) == expected.at("decoded")[i / 5].get<std::string>(),
               kind << ", decoded: " << Json(texts[i]).dump());
    TokenStream stream(tokenizer);
    std::string streamed;
    for (const Id id : ids) {
      const std::string more = stream(id);
      BOOST_TEST(unfinished_bytes(more) == 0U);
      streamed += more;
    }
    BOOST_TEST((streamed + stream.rest() == decoded), kind << ", as a stream: " << Json(texts[i]).dump());
  }
  BOOST_TEST(compared >= 500U);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(text_tokenizers_byte_pair_encoding)

BOOST_AUTO_TEST_CASE(merges_by_rank) {
  const auto t = small();
  BOOST_TEST(t.encode("the the") == (std::vector<Id>{28, 29}), boost::test_tools::per_element());
  BOOST_TEST(t.encode("thth") == (std::vector<Id>{27, 27}), boost::test_tools::per_element());
  BOOST_TEST(t.encode("the<|end|>a") == (std::vector<Id>{28, 30, 0}), boost::test_tools::per_element());
  BOOST_TEST(t.decode(std::vector<Id>{28, 29, 30}) == "the the");
  BOOST_TEST(t.decode(std::vector<Id>{28, 30}, true) == "the<|end|>");
  BOOST_TEST(t.encode("").empty());
  BOOST_CHECK_THROW(t.encode("A"), Error);
  BOOST_TEST(t.decode(std::vector<Id>{28, 99}) == "the");
  BOOST_CHECK_THROW(t.decode(std::vector<Id>{-1}), Error);
}

BOOST_AUTO_TEST_CASE(long_runs_are_not_quadratic) {
  const auto t = small();
  std::string text;
  for (int i = 0; i < 200'000; ++i) text += "th";
  BOOST_TEST(t.encode(text).size() == 200'000U);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(text_tokenizers_tokenizer_json)

BOOST_AUTO_TEST_CASE(broken_parts) {
  BOOST_CHECK_EXCEPTION(byte_level_parts({"a", "b"}, {{"a", "c"}}, {}, {}), Error, [](const Error& e) {
    return std::string(e.what()).find("merge number 0") != std::string::npos;
  });
  BOOST_CHECK_THROW(tokenizer_parts(parse_json(R"({"model":{"type":"WordPiece"}})", "t"), "t"), Error);
}

BOOST_AUTO_TEST_CASE(what_a_file_says_and_graft_does_not_do) {
  const auto refused = [](const char* json, const char* named) {
    BOOST_CHECK_EXCEPTION(tokenizer_parts(parse_json(json, "t"), "t"), Error,
                          [named](const Error& e) { return std::string(e.what()).find(named) != std::string::npos; });
  };
  refused(R"({"model":{"type":"WordLevel","vocab":{}}})", "WordLevel");
  refused(R"({"model":{"type":"BPE","vocab":{"a":0},"merges":[],"dropout":0.1}})", "dropout");
  refused(R"({"model":{"type":"BPE","vocab":{"a":0},"merges":[],"end_of_word_suffix":"</w>"}})", "end_of_word_suffix");
  refused(R"({"model":{"type":"BPE","vocab":{"a":0},"merges":[]},"normalizer":{"type":"Nmt"}})", "Nmt");
  refused(R"({"model":{"type":"BPE","vocab":{"a":0},"merges":[]},"pre_tokenizer":{"type":"UnicodeScripts"}})",
          "UnicodeScripts");
  refused(R"({"model":{"type":"BPE","vocab":{"a":0},"merges":[]},"decoder":{"type":"CTC"}})", "CTC");
  refused(R"({"model":{"type":"Unigram","unk_id":0,"vocab":[["a"]]}})", "entry 0");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(text_tokenizers_tokenizer)

BOOST_AUTO_TEST_CASE(every_kind_as_the_reference_libraries) {
  const std::filesystem::path folder = std::filesystem::path(GRAFT_TEST_DATA_DIR) / "text/tokenizers";
  for (const char* kind : {"gpt2", "roberta", "smollm", "llama3", "qwen2", "bert", "bert_cased", "t5", "llama2",
                           "llama2_new", "gemma", "phi3"})
    agrees(kind, Tokenizer(tokenizer_parts(read_json(folder / (std::string(kind) + ".json")), kind)), true);
  agrees("bert", Tokenizer(tokenizer_parts(GgufFile(folder / "bert.gguf").content)), true);
#if GRAFT_HAS_SENTENCEPIECE
  for (const char* kind : {"unigram", "bpe"}) {
    agrees(kind, Tokenizer(sentencepiece_parts(read_file(folder / (std::string(kind) + ".model")), kind)), false);
    agrees(kind, Tokenizer(tokenizer_parts(GgufFile(folder / (std::string(kind) + ".gguf")).content)), false);
  }
#else
  BOOST_TEST_MESSAGE("SentencePiece's own models are skipped: its library is not there");
#endif
}

/// A text cut in two ends among its tokens where the offsets of the reference libraries say (make_boundaries.py).
void cuts_agree(const std::string& kind, const Tokenizer& tokenizer, bool names_special) {
  const std::filesystem::path folder = std::filesystem::path(GRAFT_TEST_DATA_DIR) / "text/tokenizers";
  const auto texts = read_json(folder / "texts.json").get<std::vector<std::string>>();
  const auto reference = read_json(folder / "boundaries.json");
  // the libraries differ on which of several spaces the one that is left comes from
  const bool joins_spaces = kind == "t5" || kind == "unigram";
  Index compared = 0;
  for (Index c = 0; c < reference.at("cuts").size(); ++c) {
    const auto cut = reference.at("cuts")[c].get<std::vector<std::ptrdiff_t>>();
    const std::string whole = texts[static_cast<Index>(cut[0])] + (cut[1] < 0 ? "" : texts[static_cast<Index>(cut[1])]);
    if (!names_special && (whole.find("<s>") != std::string::npos || whole.find("</s>") != std::string::npos ||
                           whole.find("<pad>") != std::string::npos))
      continue;
    ++compared;
    const std::vector<std::string> parts{whole.substr(0, static_cast<Index>(cut[2])),
                                         whole.substr(static_cast<Index>(cut[2]))};
    const auto encoded = encode_parts(tokenizer, parts);
    const auto expected = reference.at(kind)[c].get<std::vector<Index>>();
    const auto where = kind + ": " + Json(parts).dump();
    BOOST_TEST((encoded.ids == tokenizer.encode(whole)), where);
    BOOST_TEST(encoded.parts[1].first == expected[0], where);
    if (!joins_spaces) BOOST_TEST(encoded.parts[0].last == expected[1], where);
    BOOST_TEST((encoded.parts[0].first == 0 && encoded.parts[1].last == encoded.ids.size()));
  }
  BOOST_TEST(compared >= 350U);
}

BOOST_AUTO_TEST_CASE(parts_end_where_offsets_say) {
  const std::filesystem::path folder = std::filesystem::path(GRAFT_TEST_DATA_DIR) / "text/tokenizers";
  for (const char* kind : {"gpt2", "roberta", "smollm", "llama3", "qwen2", "bert", "bert_cased", "t5", "llama2",
                           "llama2_new", "gemma", "phi3"})
    cuts_agree(kind, Tokenizer(tokenizer_parts(read_json(folder / (std::string(kind) + ".json")), kind)), true);
#if GRAFT_HAS_SENTENCEPIECE
  for (const char* kind : {"unigram", "bpe"})
    cuts_agree(kind, Tokenizer(sentencepiece_parts(read_file(folder / (std::string(kind) + ".model")), kind)), false);
#endif
}

BOOST_AUTO_TEST_CASE(parts_share_a_token) {
  const auto t = small();
  const auto spans = [&t](const std::vector<std::string>& parts) {
    const auto encoded = encode_parts(t, parts);
    std::vector<std::pair<Index, Index>> all;
    for (const auto& part : encoded.parts) all.emplace_back(part.first, part.last);
    return all;
  };
  using Spans = std::vector<std::pair<Index, Index>>;
  BOOST_TEST((spans({"a", "b", "c"}) == Spans{{0, 1}, {1, 2}, {2, 3}}));
  BOOST_TEST((spans({"a ", "the", "b"}) == Spans{{0, 2}, {1, 2}, {2, 3}}));  // " the" has characters of both
  BOOST_TEST((spans({"a ", "t", "h", "e"}) == Spans{{0, 2}, {1, 2}, {1, 2}, {1, 2}}));
  BOOST_TEST((spans({"", "a", "", "b", ""}) == Spans{{0, 0}, {0, 1}, {1, 1}, {1, 2}, {2, 2}}));
  BOOST_TEST((spans({"a<|e", "nd|>b"}) == Spans{{0, 2}, {1, 3}}));  // an added token, cut
  BOOST_TEST((spans({"a<|end|>", "b"}) == Spans{{0, 2}, {2, 3}}));
  BOOST_TEST(spans({}).empty());
  // What is composed across a cut: e and an accent are one character, of two bytes.
  const auto qwen = Tokenizer(
      tokenizer_parts(read_json(std::filesystem::path(GRAFT_TEST_DATA_DIR) / "text/tokenizers/qwen2.json"), "qwen2"));
  const std::vector<std::string> composed{"xx \u1100\u1161", "\u11a8"};
  const auto encoded = encode_parts(qwen, composed);
  // no part of the character
  BOOST_TEST(qwen.decode(std::span(encoded.ids).first(encoded.parts[1].first)).size() <= 3U);
  BOOST_TEST(encoded.parts[0].last > encoded.parts[1].first);
}

BOOST_AUTO_TEST_CASE(own_tokens_are_there_once) {
  const std::filesystem::path folder = std::filesystem::path(GRAFT_TEST_DATA_DIR) / "text/tokenizers";
  const Tokenizer bert(tokenizer_parts(read_json(folder / "bert.json"), "bert")),
      roberta(tokenizer_parts(read_json(folder / "roberta.json"), "roberta")),
      llama(tokenizer_parts(read_json(folder / "llama3.json"), "llama3"));
  for (const char* text : {"a b", "[CLS] a b", "a b [SEP]", "[CLS] a b [SEP]"})
    BOOST_TEST((bert.encode_whole(text).ids == bert.encode("[CLS] a b [SEP]")), text);
  for (const char* text : {"a", "<s>a", "a</s>", "<s>a</s>"})
    BOOST_TEST((roberta.encode_whole(text).ids == roberta.encode("<s>a</s>")), text);
  for (const char* text : {"a", "<|start|>a"})
    BOOST_TEST((llama.encode_whole(text).ids == llama.encode("<|start|>a")), text);
  BOOST_TEST((llama.encode_whole("a<|start|>").ids == llama.encode("<|start|>a<|start|>")));  // not where it belongs
  const auto plain = bert.encode_pair("a", "b"), written = bert.encode_pair("[CLS] a [SEP]", "b [SEP]");
  BOOST_TEST((plain.ids == written.ids && plain.types.size() == written.types.size()));
  BOOST_TEST((roberta.encode_pair("<s>a</s></s>", "b").ids == roberta.encode("<s>a</s></s>b</s>")));
  BOOST_TEST((roberta.encode_pair("<s>a</s>", "</s>b</s>").ids == roberta.encode("<s>a</s></s>b</s>")));
  BOOST_TEST((bert.encode_whole("").ids == bert.encode("[CLS][SEP]")));
}

BOOST_AUTO_TEST_CASE(pairs_have_types) {
  const std::filesystem::path folder = std::filesystem::path(GRAFT_TEST_DATA_DIR) / "text/tokenizers";
  const Tokenizer bert(tokenizer_parts(read_json(folder / "bert.json"), "bert"));
  const auto pair = bert.encode_pair("a", "b");
  BOOST_TEST(pair.ids.size() == 5U);
  BOOST_TEST(pair.types == (std::vector<Id>{0, 0, 0, 1, 1}), boost::test_tools::per_element());
  BOOST_TEST(bert.opening() == std::vector<Id>{bert.id("[CLS]")}, boost::test_tools::per_element());
  BOOST_TEST(bert.closing() == std::vector<Id>{bert.id("[SEP]")}, boost::test_tools::per_element());
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

BOOST_AUTO_TEST_SUITE(text_tokenizers_vocabulary_files)

TokenizerParts vocabulary_parts(const std::filesystem::path& folder, const std::string& family) {
  return VocabularyFiles(folder, model_family(family, "test").vocabulary, family, "others").parts();
}

/// The same tokenizer in the files that a folder had before tokenizer.json.
Tokenizer from_vocabulary_files(const std::filesystem::path& tokenizer_json, const std::string& family) {
  const Json json = read_json(tokenizer_json);
  const Json& model = json.at("model");
  const Folder made("graft-vocabulary");
  const auto& folder = made.path;
  Json config = {{"added_tokens_decoder", Json::object()}};
  for (const Json& token : json.at("added_tokens"))
    config["added_tokens_decoder"][std::to_string(token.at("id").get<Id>())] = token;
  if (family == "bert") {
    std::vector<std::string> tokens(model.at("vocab").size());
    for (const auto& [token, id] : model.at("vocab").items()) tokens[id.get<Index>()] = token;
    std::string text;
    for (const auto& token : tokens) text += token + "\n";
    write_file(folder / "vocab.txt", text);
    config["do_lower_case"] = json.at("normalizer").at("lowercase");
  } else {
    std::string merges = "#version: 0.2\n";
    for (const Json& merge : model.at("merges"))
      merges += (merge.is_string() ? merge.get<std::string>()
                                   : merge[0].get<std::string>() + " " + merge[1].get<std::string>()) +
                "\n";
    write_file(folder / "merges.txt", merges);
    write_json(folder / "vocab.json", model.at("vocab"));
    if (const Json& splitter = json.at("pre_tokenizer"); splitter.at("type") == "ByteLevel")
      config["add_prefix_space"] = splitter.at("add_prefix_space");
  }
  write_json(folder / "tokenizer_config.json", config);
  return Tokenizer(vocabulary_parts(folder, family));
}

BOOST_AUTO_TEST_CASE(folders_without_tokenizer_json) {
  const std::filesystem::path folder = std::filesystem::path(GRAFT_TEST_DATA_DIR) / "text/tokenizers";
  for (const auto& [kind, family] : {std::pair{"bert", "bert"},
                                     {"bert_cased", "bert"},
                                     {"gpt2", "gpt2"},
                                     {"roberta", "roberta"},
                                     {"qwen2", "qwen2"}})
    agrees(kind, from_vocabulary_files(folder / (std::string(kind) + ".json"), family), true);
  BOOST_CHECK_EXCEPTION(from_vocabulary_files(folder / "gpt2.json", "llama"), Error, [](const Error& e) {
    return std::string(e.what()).find("not of llama: it needs a tokenizer.json") != std::string::npos;
  });
  BOOST_CHECK_EXCEPTION(vocabulary_parts(folder / "nothing", "gpt2"), Error, [](const Error& e) {
    return std::string(e.what()).find("there is no tokenizer in it") != std::string::npos;
  });
}

BOOST_AUTO_TEST_SUITE_END()
