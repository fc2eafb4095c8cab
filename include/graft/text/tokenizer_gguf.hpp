/// \file
/// Tokenizers as GGUF metadata keeps them: "gpt2" (byte-level BPE), "llama" and "t5" (SentencePiece), "bert" (WordPiece).
#pragma once

#include <graft/io/gguf.hpp>
#include <graft/text/sentencepiece.hpp>
#include <graft/text/tokenizer.hpp>
#include <graft/text/word_piece.hpp>

namespace graft {

/// A SentencePiece model as a tokenizer. Its control tokens can be named in text.
[[gnu::cold]] inline TokenizerParts sentencepiece_parts(const std::string& model, const std::string& source) {
#if GRAFT_HAS_SENTENCEPIECE
  auto loaded = std::make_shared<SentencePiece>(model, source);
  const auto& processor = loaded->processor();
  TokenizerParts parts;
  std::vector<std::string> tokens;
  for (int id = 0; id < processor.GetPieceSize(); ++id) {
    tokens.push_back(processor.IdToPiece(id));
    if (processor.IsControl(id)) parts.added.push_back({.id = static_cast<Id>(id), .content = tokens.back()});
  }
  parts.vocabulary = std::make_shared<Vocabulary>(std::move(tokens));
  parts.splitter = {[loaded](std::vector<splitter::Piece>& pieces) {
    std::vector<splitter::Piece> cut;
    for (const auto& piece : pieces) loaded->cut(piece.text, cut);
    pieces = std::move(cut);
  }};
  parts.model = loaded;
  parts.decoder = {[loaded](std::vector<std::string>& pieces) {
    std::string bytes, text;  // of a character at the end that is not whole: the library would decode them to U+FFFD
    for (Index i = pieces.size(); i-- > 0 && byte_of(pieces[i]) >= 0;) bytes.insert(bytes.begin(), static_cast<char>(byte_of(pieces[i])));
    bytes.erase(0, bytes.size() - unfinished_bytes(bytes));
    pieces.resize(pieces.size() - bytes.size());
    if (const auto status = loaded->processor().Decode(pieces, &text); !status.ok()) fail("SentencePiece: ", status.ToString());
    pieces.assign(1, text + bytes);
  }};
  return parts;
#else
  static_cast<void>(model);
  fail(source, ": this is a SentencePiece model, and the SentencePiece library was not found when graft was configured (Debian: libsentencepiece-dev). A tokenizer.json needs no library");
#endif
}

/// How the pre-tokenizer of a name in GGUF splits text.
[[gnu::cold]] inline std::vector<std::string> byte_level_patterns(const std::string& name, const std::string& source) {
  constexpr const char* digit = R"(\p{N})";
  constexpr const char* qwen2 = R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
  constexpr const char* llama3 = R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
  if (name == "smollm" || name == "starcoder" || name == "refact" || name == "command-r") return {digit, splitter::gpt2_pattern};
  if (name == "qwen2") return {qwen2};
  if (name == "llama-bpe" || name == "llama3" || name == "llama-v3" || name == "smaug-bpe") return {llama3};
  if (name == "gpt-2" || name == "default" || name == "phi-2") return {splitter::gpt2_pattern};
  fail(source, ": graft does not know how the pre-tokenizer \"", name, "\" splits text; it knows smollm, qwen2, llama-bpe and gpt-2");
}

[[gnu::cold]] inline TokenizerParts tokenizer_parts(const Gguf& gguf) {
  using Strings = std::vector<std::string>;
  const auto& kind = gguf.get<std::string>("tokenizer.ggml.model");
  auto tokens = gguf.get<Strings>("tokenizer.ggml.tokens");
  auto types = gguf.get_or<std::vector<std::int64_t>>("tokenizer.ggml.token_type", {});
  types.resize(tokens.size(), 1);
  const auto id = [&](const char* key, Id otherwise) { return static_cast<Id>(gguf.get_or<std::int64_t>(std::string("tokenizer.ggml.") + key, otherwise)); };
  const auto adds = [&](const char* key, bool otherwise) { return gguf.get_or<std::int64_t>(std::string("tokenizer.ggml.") + key, otherwise) != 0; };
  TokenizerParts parts;
  Id bos = id("bos_token_id", -1), eos = id("eos_token_id", -1);
  bool before = false, after = false;
  if (kind == "gpt2") {
    std::vector<std::pair<std::string, std::string>> merges;
    for (const auto& merge : gguf.get<Strings>("tokenizer.ggml.merges")) merges.push_back(merge_of(merge, gguf.source));
    std::vector<Id> special;
    for (Index i = 0; i < types.size(); ++i)
      if (types[i] == 3 || types[i] == 4) special.push_back(static_cast<Id>(i));  // control, user defined
    const auto pre = gguf.get_or<std::string>("tokenizer.ggml.pre", "gpt-2");
    parts = byte_level_parts(std::move(tokens), merges, special, byte_level_patterns(pre, gguf.source), pre == "llama-bpe");
    for (auto& added : parts.added) added.special = types[static_cast<Index>(added.id)] == 3;
    if (pre == "qwen2") {
      parts.normalizer = {normalizer::form("NFC")};
      parts.bytes = false;
    }
  } else if (kind == "llama" || kind == "t5") {
    SentencePieceParts made{.kind = kind == "llama" ? SentencePieceParts::Kind::bpe : SentencePieceParts::Kind::unigram, .tokens = std::move(tokens), .scores = {}, .roles = {}, .charsmap = {},
                            .space_before = adds("add_space_prefix", true), .spaces_removed = adds("remove_extra_whitespaces", kind == "t5")};
    for (const double score : gguf.get<std::vector<double>>("tokenizer.ggml.scores")) made.scores.push_back(static_cast<float>(score));
    for (const auto type : types) made.roles.push_back(static_cast<SentencePieceParts::Role>(type));
    for (const auto byte : gguf.get_or<std::vector<std::int64_t>>("tokenizer.ggml.precompiled_charsmap", {})) made.charsmap += static_cast<char>(byte);
    parts = sentencepiece_parts(made.model(), gguf.source);
    before = kind == "llama";
    after = kind == "t5";
  } else if (kind == "bert") {
    // Here words begin with SentencePiece's mark and continuations with nothing.
    constexpr std::string_view mark = "\xE2\x96\x81";
    for (Index i = 0; i < tokens.size(); ++i) {
      if (types[i] == 3 || types[i] == 2) parts.added.push_back({.id = static_cast<Id>(i), .content = tokens[i]});
      else if (tokens[i].starts_with(mark) && tokens[i] != mark) tokens[i].erase(0, mark.size());
      else if (types[i] == 1) tokens[i].insert(0, "##");
    }
    parts.vocabulary = std::make_shared<Vocabulary>(std::move(tokens));
    parts.model = std::make_shared<WordPiece>(parts.vocabulary, id("unknown_token_id", 100));
    parts.normalizer = {normalizer::Bert{}};
    parts.splitter = {splitter::characters(is_white_space, splitter::Matches::removed), splitter::characters(is_punctuation, splitter::Matches::isolated)};
    parts.decoder = {token_decoder::word_piece("##", true)};
    if (bos < 0) bos = id("cls_token_id", -1);
    if (eos < 0) eos = id("seperator_token_id", -1);  // GGUF spells it so
    before = after = true;
    parts.pair.items = {{0, -1, 0}, {-1, eos, 0}, {1, -1, 1}};
  } else {
    fail(gguf.source, ": its tokenizer is of the kind \"", kind, "\"; graft knows gpt2, llama, t5 and bert");
  }
  enclose(parts, adds("add_bos_token", before) ? bos : -1, adds("add_eos_token", after) ? eos : -1);
  return parts;
}

}  // namespace graft
