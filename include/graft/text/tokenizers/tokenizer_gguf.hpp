/// \file
/// Tokenizers as GGUF metadata keeps them: "gpt2" (byte-level BPE), "llama" and "t5" (SentencePiece), "bert"
/// (WordPiece). What a file leaves out is as llama.cpp has it.
#pragma once

#include <graft/io/gguf.hpp>
#include <graft/io/json.hpp>
#include <graft/text/tokenizers/sentencepiece.hpp>
#include <graft/text/tokenizers/tokenizer_config.hpp>
#include <graft/text/tokenizers/word_piece.hpp>

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
    for (Index i = pieces.size(); i-- > 0 && byte_of(pieces[i]) >= 0;)
      bytes.insert(bytes.begin(), static_cast<char>(byte_of(pieces[i])));
    bytes.erase(0, bytes.size() - unfinished_bytes(bytes));
    pieces.resize(pieces.size() - bytes.size());
    if (const auto status = loaded->processor().Decode(pieces, &text); !status.ok())
      fail("SentencePiece: ", status.ToString());
    pieces.assign(1, text + bytes);
  }};
  return parts;
#else
  static_cast<void>(model);
  fail(source,
       ": this is a SentencePiece model, and the SentencePiece library was not found when graft was configured "
       "(Debian: libsentencepiece-dev). A tokenizer.json needs no library");
#endif
}

/// What the name of a byte-level tokenizer's pre-tokenizer stands for in GGUF.
struct PreTokenizer {
  std::vector<std::string> patterns;  ///< which split text, one after another
  bool whole = false;                 ///< a piece that is a token is taken as it is
  bool begins = false;                ///< texts begin with a token, where the file does not say
  /// text is put into form NFC: llama.cpp does not, and the models' own tokenizers do
  bool composed = false;
};

[[gnu::cold]] inline PreTokenizer pre_tokenizer(const std::string& name, const std::string& source) {
  constexpr const char *digit = R"(\p{N})", *contractions = "(?i:'s|'t|'re|'ve|'m|'ll|'d)",
                       *rest = R"(|\s*[\r\n]+|\s+(?!\S)|\s+)";
  constexpr const char *upper = R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+)",
                       *lower = R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*)";
  const auto words = [&](const std::string& digits) {
    return std::string(contractions) + R"(|[^\r\n\p{L}\p{N}]?\p{L}+|)" + digits + R"(| ?[^\s\p{L}\p{N}]+[\r\n]*)" +
           rest;
  };
  const auto is = [&name](std::initializer_list<std::string_view> names) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  if (is({"llama3", "llama-v3", "llama-bpe", "falcon3", "falcon-h1", "pixtral", "midm-2.0", "lfm2", "jina-v5-nano"}))
    return {.patterns = {words(R"(\p{N}{1,3})")}, .whole = true, .begins = true};
  if (is({"dbrx", "smaug-bpe", "glm4", "chatglm-bpe"})) return {.patterns = {words(R"(\p{N}{1,3})")}};
  if (is({"qwen2", "deepseek-r1-qwen", "kormo", "f2llmv2"})) return {.patterns = {words(digit)}, .composed = true};
  if (is({"stablelm2", "hunyuan", "megrez", "solar-open"})) return {.patterns = {words(digit)}};
  if (is({"smollm", "starcoder", "refact", "command-r", "codeshell", "exaone", "minerva-7b", "mellum2"}))
    return {.patterns = {digit, splitter::gpt2_pattern}};
  if (is({"gpt-2", "phi-2", "olmo", "mpt", "jais", "trillion", "granite-docling", "gigachat", "jina-es", "jina-de",
          "jina-v2-es", "jina-v2-de", "jina-v1-en", "jina-v2-code", "roberta-bpe", "a.x-4.0", "mellum", "modern-bert",
          "exaone4"}))
    return {.patterns = {splitter::gpt2_pattern}};
  if (name == "tekken")
    return {.patterns = {std::string(upper) + "|" + lower + R"(|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*)" + rest},
            .whole = true,
            .begins = true};
  if (is({"gpt-4o", "llama4", "kanana2"}))
    return {.patterns = {std::string(upper) + contractions + "?|" + lower + contractions +
                         R"(?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*)" + rest}};
  if (name == "default")
    return {.patterns = {R"([\p{P}\$\+<=>\^~\|]+)",
                         R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S))", R"(\p{N}+)",
                         "[0-9][0-9][0-9]"}};
  fail(source, ": graft does not know how the pre-tokenizer \"", name,
       "\" (tokenizer.ggml.pre) splits text; it knows those of Llama, Mistral, Qwen, SmolLM, Phi, GPT-2 and their kin. "
       "Use the model's Hugging Face folder, whose tokenizer.json says it");
}

class GgufTokenizer {
 public:
  /// What GGUF names after models that have it.
  enum class Kind { byte_level, pieces, unigram, word_piece };
  static constexpr std::pair<std::string_view, Kind> kinds[] = {
      {"gpt2", Kind::byte_level}, {"llama", Kind::pieces}, {"t5", Kind::unigram}, {"bert", Kind::word_piece}};
  using Role = SentencePieceParts::Role;
  /// Tokens that end a text or a turn by their names, whether a file says so or not.
  static constexpr std::string_view ends_by_name[] = {"<|eot_id|>",    "<|im_end|>", "<|end|>", "<end_of_turn>",
                                                      "<|endoftext|>", "<|eom_id|>", "<EOT>",   "_<EOT>"};

  [[gnu::cold]] explicit GgufTokenizer(const Gguf& gguf)
      : gguf_(gguf), kind_(kind_in(gguf)), tokens_(gguf.get<Strings>("tokenizer.ggml.tokens")) {
    const bool level = kind_ == Kind::byte_level, pieces = kind_ == Kind::pieces, unigram = kind_ == Kind::unigram,
               words = kind_ == Kind::word_piece;
    auto types = gguf.get_or<std::vector<std::int64_t>>("tokenizer.ggml.token_type", {});
    types.resize(tokens_.size(), 1);
    for (Index i = 0; i < tokens_.size(); ++i) {
      roles_.push_back(types[i] < 1 || types[i] > 6 ? Role::normal : static_cast<Role>(types[i]));
      if (roles_[i] == Role::user_defined ||
          std::find(std::begin(ends_by_name), std::end(ends_by_name), tokens_[i]) == std::end(ends_by_name))
        continue;
      roles_[i] = Role::control;
      named_ends_.push_back(static_cast<Id>(i));
    }
    if (level) pre_ = pre_tokenizer(gguf.get_or<std::string>("tokenizer.ggml.pre", "default"), gguf.source);
    bos_ = id("bos_token_id", level ? 11 : pieces ? 1 : words ? id("cls_token_id", 101) : -1);
    eos_ = id("eos_token_id", level ? 11 : pieces ? 2 : unigram ? 1 : -1);
    unknown_ = id("unknown_token_id", pieces ? 0 : words ? 100 : unigram ? 2 : -1);
    separator_ = id("seperator_token_id", words ? id("eos_token_id", 102) : -1);  // GGUF spells it so
    padding_ = id("padding_token_id", words || unigram ? 0 : -1);
    mask_ = id("mask_token_id", words ? 103 : -1);
    begins_ = flag("add_bos_token", pieces || words || pre_.begins);
    ended_ = flag("add_eos_token", unigram);
  }

  [[nodiscard, gnu::cold]] TokenizerParts parts() const {
    TokenizerParts parts;
    if (kind_ == Kind::byte_level) {
      parts = byte_level_parts(tokens_, merges(), named(), pre_.patterns, pre_.whole);
      for (auto& added : parts.added) added.special = is_control(added.id);
      if (pre_.composed) {
        parts.normalizer = {normalizer::form("NFC")};
        parts.bytes = false;
      }
    } else if (kind_ == Kind::word_piece) {
      parts.added.reserve(8);
      for (const Id token : named())
        parts.added.push_back({.id = token, .content = tokens_[static_cast<Index>(token)]});
      parts.vocabulary = std::make_shared<Vocabulary>(word_pieces());
      parts.model = std::make_shared<WordPiece>(parts.vocabulary, unknown_);
      const bool lower = flag("normalizer.lowercase", true);
      parts.normalizer = {normalizer::Bert{true, true, flag("normalizer.strip_accents", lower), lower}};
      parts.splitter = {splitter::characters(is_white_space, splitter::Matches::removed),
                        splitter::characters(is_punctuation, splitter::Matches::isolated)};
      parts.decoder = {token_decoder::word_piece("##", true)};
      parts.pair.items = {{0, -1, 0}, {-1, closing(), 0}, {1, -1, 1}};
    } else {
      parts = sentencepiece_parts(pieces().model(), gguf_.source);
    }
    enclose(parts, begins_ ? bos_ : -1, ended_ || kind_ == Kind::word_piece ? closing() : -1);
    return parts;
  }

  /// The tokens that end a text.
  [[nodiscard]] std::vector<Id> ends() const {
    std::vector<Id> all;
    const auto add = [&all](Id token) {
      if (token >= 0 && std::find(all.begin(), all.end(), token) == all.end()) all.push_back(token);
    };
    for (const Id token : {eos_, id("eot_token_id", -1), id("eom_token_id", -1)}) add(token);
    for (const Id token : named_ends_) add(token);
    return all;
  }
  [[nodiscard]] std::string bos() const { return spelled(bos_); }
  [[nodiscard]] std::string eos() const { return spelled(eos_); }

  /// The same as the files of a Hugging Face folder, by their names: tokenizer.json, tokenizer.model or vocab.txt, with
  /// tokenizer_config.json, special_tokens_map.json and generation_config.json.
  [[nodiscard, gnu::cold]] std::vector<std::pair<std::string, std::string>> files() const {
    std::vector<std::pair<std::string, std::string>> all;
    if (kind_ == Kind::byte_level) {
      all.emplace_back("tokenizer.json", tokenizer_json().dump(2));
    } else if (kind_ == Kind::word_piece) {
      std::string lines;
      for (const auto& token : word_pieces()) lines += token + "\n";
      all.emplace_back("vocab.txt", lines);
    } else {
      all.emplace_back(kind_ == Kind::unigram ? "spiece.model" : "tokenizer.model", pieces().model());
    }
    Json map = Json::object(), decoder = Json::object(), ids = Json::object();
    for (const auto& [key, token] : {std::pair{"bos_token", bos_},
                                     {"eos_token", eos_},
                                     {"unk_token", unknown_},
                                     {"pad_token", padding_},
                                     {"sep_token", separator_},
                                     {"mask_token", mask_}})
      if (token >= 0) map[key] = spelled(token);
    if (kind_ == Kind::word_piece && bos_ >= 0) map["cls_token"] = spelled(bos_);
    for (const Id token : named()) {
      decoder[std::to_string(token)] =
          json_of(AddedToken{.id = token, .content = spelled(token), .special = is_control(token)});
      decoder[std::to_string(token)].erase("id");
    }
    Json config = map;
    config.update({{"tokenizer_class", kind_ == Kind::byte_level   ? "PreTrainedTokenizerFast"
                                       : kind_ == Kind::word_piece ? "BertTokenizer"
                                       : kind_ == Kind::unigram    ? "T5Tokenizer"
                                                                   : "LlamaTokenizer"},
                   {"added_tokens_decoder", decoder},
                   {"clean_up_tokenization_spaces", false}});
    if (kind_ == Kind::pieces || kind_ == Kind::unigram)
      config.update({{"add_bos_token", begins_}, {"add_eos_token", ended_}, {"legacy", true}});
    if (kind_ == Kind::word_piece) config["do_lower_case"] = flag("normalizer.lowercase", true);
    const auto context =
        gguf_.get_or<std::int64_t>(gguf_.get_or<std::string>("general.architecture", "") + ".context_length", 0);
    if (context > 0) config["model_max_length"] = context;
    all.emplace_back("tokenizer_config.json", config.dump(2));
    all.emplace_back("special_tokens_map.json", map.dump(2));
    if (bos_ >= 0) ids["bos_token_id"] = bos_;
    if (const auto last = ends(); !last.empty()) ids["eos_token_id"] = last.size() == 1 ? Json(last[0]) : Json(last);
    if (padding_ >= 0) ids["pad_token_id"] = padding_;
    all.emplace_back("generation_config.json", ids.dump(2));
    return all;
  }

 private:
  using Strings = std::vector<std::string>;

  [[nodiscard]] static Kind kind_in(const Gguf& gguf) {
    const auto& stated = gguf.get<std::string>("tokenizer.ggml.model");
    std::string known;
    for (const auto& [name, kind] : kinds) {
      if (name == stated) return kind;
      known += (known.empty() ? "" : &name == &std::end(kinds)[-1].first ? " and " : ", ") + std::string(name);
    }
    fail(gguf.source, ": its tokenizer is of the kind \"", stated, "\"; graft knows ", known);
  }

  /// What is stated and no token's id counts as not stated.
  [[nodiscard]] Id id(const std::string& key, Id otherwise) const {
    const auto there = [this](std::int64_t token) { return token >= 0 && static_cast<Index>(token) < tokens_.size(); };
    const auto stated = gguf_.get_or<std::int64_t>("tokenizer.ggml." + key, otherwise);
    return there(stated) ? static_cast<Id>(stated) : there(otherwise) ? otherwise : -1;
  }
  [[nodiscard]] bool flag(const std::string& key, bool otherwise) const {
    return gguf_.get_or<std::int64_t>("tokenizer.ggml." + key, otherwise) != 0;
  }
  [[nodiscard]] std::string spelled(Id token) const { return token < 0 ? "" : tokens_[static_cast<Index>(token)]; }
  [[nodiscard]] Id closing() const { return kind_ == Kind::word_piece && separator_ >= 0 ? separator_ : eos_; }
  [[nodiscard]] bool is_control(Id token) const { return roles_[static_cast<Index>(token)] != Role::user_defined; }
  /// Tokens that text can name; SentencePiece finds those of users by itself.
  [[nodiscard]] std::vector<Id> named() const {
    std::vector<Id> all;
    for (Index i = 0; i < roles_.size(); ++i)
      if (roles_[i] == Role::control || (roles_[i] == Role::user_defined && kind_ == Kind::byte_level) ||
          (roles_[i] == Role::unknown && kind_ == Kind::word_piece))
        all.push_back(static_cast<Id>(i));
    return all;
  }
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> merges() const {
    std::vector<std::pair<std::string, std::string>> all;
    for (const auto& merge : gguf_.get<Strings>("tokenizer.ggml.merges")) all.push_back(merge_of(merge, gguf_.source));
    return all;
  }
  /// Here words begin with SentencePiece's mark and continuations with nothing.
  [[nodiscard]] Strings word_pieces() const {
    constexpr std::string_view mark = "\xE2\x96\x81";
    Strings all = tokens_;
    for (Index i = 0; i < all.size(); ++i) {
      if (roles_[i] == Role::control || roles_[i] == Role::unknown) continue;
      if (all[i].starts_with(mark) && all[i] != mark) all[i].erase(0, mark.size());
      else if (roles_[i] == Role::normal) all[i].insert(0, "##");
    }
    return all;
  }
  [[nodiscard]] SentencePieceParts pieces() const {
    SentencePieceParts made{
        .kind = kind_ == Kind::pieces ? SentencePieceParts::Kind::bpe : SentencePieceParts::Kind::unigram,
        .tokens = tokens_,
        .scores = {},
        .roles = roles_,
        .charsmap = {},
        .space_before = flag("add_space_prefix", kind_ == Kind::pieces),
        .spaces_removed = flag("remove_extra_whitespaces", false)};
    for (const double score : gguf_.get_or<std::vector<double>>("tokenizer.ggml.scores", {}))
      made.scores.push_back(static_cast<float>(score));
    if (made.scores.empty()) made.scores.resize(tokens_.size());
    for (const auto byte : gguf_.get_or<std::vector<std::int64_t>>("tokenizer.ggml.precompiled_charsmap", {}))
      made.charsmap += static_cast<char>(byte);
    return made;
  }

  [[nodiscard]] Json tokenizer_json() const {
    Json added = Json::array(), vocabulary = Json::object(), pairs = Json::array(), steps = Json::array();
    for (const Id token : named())
      added.push_back(json_of(AddedToken{.id = token, .content = spelled(token), .special = is_control(token)}));
    for (Index i = 0; i < tokens_.size(); ++i) vocabulary[tokens_[i]] = i;
    for (const auto& [left, right] : merges()) pairs.push_back({left, right});
    for (const auto& pattern : pre_.patterns)
      steps.push_back(
          {{"type", "Split"}, {"pattern", {{"Regex", pattern}}}, {"behavior", "Isolated"}, {"invert", false}});
    const Json bytes = {
        {"type", "ByteLevel"}, {"add_prefix_space", false}, {"trim_offsets", true}, {"use_regex", false}};
    steps.push_back(bytes);
    return {{"version", "1.0"},
            {"truncation", nullptr},
            {"padding", nullptr},
            {"added_tokens", added},
            {"normalizer", pre_.composed ? Json{{"type", "NFC"}} : Json()},
            {"pre_tokenizer", {{"type", "Sequence"}, {"pretokenizers", steps}}},
            {"post_processor", enclosing()},
            {"decoder", bytes},
            {"model",
             {{"type", "BPE"},
              {"dropout", nullptr},
              {"unk_token", nullptr},
              {"continuing_subword_prefix", nullptr},
              {"end_of_word_suffix", nullptr},
              {"fuse_unk", false},
              {"byte_fallback", false},
              {"ignore_merges", pre_.whole},
              {"vocab", vocabulary},
              {"merges", pairs}}}};
  }
  [[nodiscard]] Json enclosing() const {
    Json single = Json::array(), pair = Json::array(), tokens = Json::object();
    const auto token = [&](Id which) {
      if (which < 0) return;
      tokens[spelled(which)] = template_entry(spelled(which), which);
      for (Json* list : {&single, &pair}) list->push_back(template_token(spelled(which), 0));
    };
    token(begins_ ? bos_ : -1);
    for (Json* list : {&single, &pair}) list->push_back(template_text("A", 0));
    pair.push_back(template_text("B", 0));
    token(ended_ ? eos_ : -1);
    return {{"type", "TemplateProcessing"}, {"single", single}, {"pair", pair}, {"special_tokens", tokens}};
  }

  const Gguf& gguf_;
  Kind kind_;
  const Strings& tokens_;
  std::vector<Role> roles_;
  std::vector<Id> named_ends_;
  PreTokenizer pre_;
  Id bos_ = -1, eos_ = -1, unknown_ = -1, separator_ = -1, padding_ = -1, mask_ = -1;
  bool begins_ = false, ended_ = false;
};

[[gnu::cold]] inline TokenizerParts tokenizer_parts(const Gguf& gguf) { return GgufTokenizer(gguf).parts(); }

}  // namespace graft
