/// \file
/// tokenizer.json, as the `tokenizers` library writes it. Every step, option and kind that graft does not do is refused
/// by name.
#pragma once

#include <graft/io/json.hpp>
#include <graft/text/tokenizers/tokenizer.hpp>
#include <graft/text/tokenizers/tokenizer_config.hpp>
#include <graft/text/tokenizers/unigram.hpp>
#include <graft/text/tokenizers/word_piece.hpp>

namespace graft {

/// The tokens of {"token": id, …}, by their ids.
[[gnu::cold]] inline std::vector<std::string> tokens_by_id(const Json& vocabulary, const std::string& source) {
  std::vector<std::string> tokens;
  for (const auto& [token, id] : vocabulary.items()) {
    if (!id.is_number_unsigned() || id.get<Index>() > 10'000'000)
      fail(source, ": the vocabulary entry \"", token, "\" has no id");
    if (tokens.size() <= id.get<Index>()) tokens.resize(id.get<Index>() + 1);
    tokens[id.get<Index>()] = token;
  }
  return tokens;
}

/// Reads one file; the parts refer to the same vocabulary.
class TokenizerJson {
 public:
  [[gnu::cold]] TokenizerJson(const Json& json, std::string source) : json_(json), source_(std::move(source)) {}

  [[nodiscard, gnu::cold]] TokenizerParts parts() {
    read_model();
    read_added();
    steps("normalizer", "normalizers", [this](const Json& step) { add_normalizer(step); });
    steps("pre_tokenizer", "pretokenizers", [this](const Json& step) { add_splitter(step); });
    if (json_.contains("decoder") && !json_.at("decoder").is_null())
      steps("decoder", "decoders", [this](const Json& step) { add_decoder(step); });
    else made_.between_tokens = " ";
    steps("post_processor", "processors", [this](const Json& step) { add_template(step); });
    made_.bytes = made_.bytes && made_.normalizer.empty();
    return std::move(made_);
  }

 private:
  template <class T>
  [[nodiscard]] T option(const Json& step, const char* key, T otherwise) const {
    return optional<T>(step, key, std::move(otherwise), source_);
  }
  [[nodiscard]] std::string type(const Json& step) const { return required<std::string>(step, "type", source_); }

  /// Visits a step, or each one of a sequence.
  template <class Visit>
  void steps(const char* key, const char* plural, Visit visit) const {
    if (!json_.contains(key) || json_.at(key).is_null()) return;
    const Json& step = json_.at(key);
    if (type(step) != "Sequence") return visit(step);
    for (const Json& one : required_list(step, plural)) visit(one);
  }
  [[nodiscard]] const Json& required_list(const Json& from, const char* key) const {
    if (!from.is_object() || !from.contains(key) || !from.at(key).is_array())
      fail(source_, ": there is no list \"", key, "\" where one belongs");
    return from.at(key);
  }

  void read_model() {
    if (!json_.is_object() || !json_.contains("model") || !json_.at("model").is_object())
      fail(source_, ": there is no \"model\" in it");
    const Json& model = json_.at("model");
    const auto kind = option<std::string>(model, "type", model.contains("merges") ? "BPE" : "");
    if (kind == "Unigram") return read_unigram(model);
    if (kind != "BPE" && kind != "WordPiece")
      fail(source_, ": its model is of the kind \"", kind, "\"; graft knows BPE, Unigram and WordPiece");
    if (!model.contains("vocab") || !model.at("vocab").is_object()) fail(source_, ": there is no vocabulary in it");
    made_.vocabulary = std::make_shared<Vocabulary>(tokens_by_id(model.at("vocab"), source_));
    const Id unknown = made_.vocabulary->id(option<std::string>(model, "unk_token", ""));
    if (kind == "WordPiece") {
      made_.model = std::make_shared<WordPiece>(made_.vocabulary, unknown,
                                                option<std::string>(model, "continuing_subword_prefix", "##"),
                                                option<Index>(model, "max_input_chars_per_word", 100));
      return;
    }
    for (const char* affix : {"continuing_subword_prefix", "end_of_word_suffix"})
      if (!option<std::string>(model, affix, "").empty())
        fail(source_, ": ", affix, " is \"", option<std::string>(model, affix, ""), "\", which graft's BPE has not");
    if (option<double>(model, "dropout", 0) != 0)
      fail(source_, ": the model's dropout is not 0: it would encode a text differently each time");
    std::vector<std::pair<std::string, std::string>> merges;
    for (const Json& merge : required_list(model, "merges")) {
      if (merge.is_array() && merge.size() == 2 && merge[0].is_string() && merge[1].is_string()) {
        merges.emplace_back(merge[0].get<std::string>(), merge[1].get<std::string>());
      } else {
        merges.push_back(merge_of(merge.is_string() ? merge.get<std::string>() : std::string(), source_));
      }
    }
    made_.model = std::make_shared<BytePairEncoding>(
        made_.vocabulary, merges,
        Unknown{unknown, option<bool>(model, "byte_fallback", false), option<bool>(model, "fuse_unk", false)},
        option<bool>(model, "ignore_merges", false));
  }

  void read_unigram(const Json& model) {
    std::vector<std::string> tokens;
    std::vector<double> scores;
    for (const Json& entry : required_list(model, "vocab")) {
      if (!entry.is_array() || entry.size() != 2 || !entry[0].is_string() || !entry[1].is_number())
        fail(source_, ": entry ", tokens.size(), " of the vocabulary is not a token with its score");
      tokens.push_back(entry[0].get<std::string>());
      scores.push_back(entry[1].get<double>());
    }
    made_.vocabulary = std::make_shared<Vocabulary>(std::move(tokens));
    made_.model = std::make_shared<Unigram>(
        made_.vocabulary, std::move(scores),
        Unknown{option<Id>(model, "unk_id", -1), option<bool>(model, "byte_fallback", false), true});
  }

  void read_added() {
    if (!json_.contains("added_tokens") || json_.at("added_tokens").is_null()) return;
    for (const Json& token : required_list(json_, "added_tokens"))
      made_.added.push_back(added_token(token, required<Id>(token, "id", source_), source_));
  }

  /// "pattern": {"String": …} or {"Regex": …}
  [[nodiscard]] std::string pattern(const Json& step) const {
    if (!step.contains("pattern") || !step.at("pattern").is_object())
      fail(source_, ": the step ", type(step), " has no pattern");
    const Json& pattern = step.at("pattern");
    return pattern.contains("Regex") ? required<std::string>(pattern, "Regex", source_)
                                     : literal_pattern(required<std::string>(pattern, "String", source_));
  }

  void add_normalizer(const Json& step) {
    const auto kind = type(step);
    auto& to = made_.normalizer;
    if (kind == "NFC" || kind == "NFD" || kind == "NFKC" || kind == "NFKD") to.push_back(normalizer::form(kind));
    else if (kind == "Lowercase") to.push_back(normalizer::lowercase());
    else if (kind == "StripAccents") to.push_back(normalizer::strip_accents());
    else if (kind == "Replace")
      to.push_back(normalizer::replace(pattern(step), required<std::string>(step, "content", source_)));
    else if (kind == "Prepend") to.push_back(normalizer::prepend(required<std::string>(step, "prepend", source_)));
    else if (kind == "Strip")
      to.push_back(normalizer::strip(option<bool>(step, "strip_left", true), option<bool>(step, "strip_right", true)));
    else if (kind == "Precompiled")
      to.push_back(normalizer::charsmap(from_base64(required<std::string>(step, "precompiled_charsmap", source_))));
    else if (kind == "BertNormalizer") {
      const bool lower = option<bool>(step, "lowercase", true);
      to.push_back(normalizer::Bert{option<bool>(step, "clean_text", true),
                                    option<bool>(step, "handle_chinese_chars", true),
                                    option<bool>(step, "strip_accents", lower), lower});
    } else fail(source_, ": graft does not know the normalizer \"", kind, "\"");
  }

  void add_splitter(const Json& step) {
    using splitter::Matches;
    const auto kind = type(step);
    auto& to = made_.splitter;
    if (kind == "Digits")
      to.push_back(splitter::pattern(
          R"(\p{N})", option<bool>(step, "individual_digits", false) ? Matches::isolated : Matches::contiguous));
    else if (kind == "Split")
      to.push_back(splitter::pattern(pattern(step),
                                     splitter::matches(option<std::string>(step, "behavior", "Isolated")),
                                     option<bool>(step, "invert", false)));
    else if (kind == "ByteLevel") {
      if (option<bool>(step, "add_prefix_space", true)) to.push_back(splitter::space_before());
      if (option<bool>(step, "use_regex", true)) to.push_back(splitter::pattern(splitter::gpt2_pattern));
      to.push_back(splitter::byte_level());
      made_.bytes = true;
    } else if (kind == "Metaspace") {
      to.push_back(splitter::metaspace(option<std::string>(step, "replacement", "\xE2\x96\x81"), before(step),
                                       option<bool>(step, "split", true)));
    } else if (kind == "BertPreTokenizer") {
      to.push_back(splitter::characters(is_white_space, Matches::removed));
      to.push_back(splitter::characters(is_punctuation, Matches::isolated));
    } else if (kind == "Punctuation")
      to.push_back(
          splitter::characters(is_punctuation, splitter::matches(option<std::string>(step, "behavior", "Isolated"))));
    else if (kind == "WhitespaceSplit") to.push_back(splitter::characters(is_white_space, Matches::removed));
    else if (kind == "Whitespace") to.push_back(splitter::pattern(R"(\w+|[^\w\s]+)", Matches::removed, true));
    else fail(source_, ": graft does not know the pre-tokenizer \"", kind, "\"");
  }
  [[nodiscard]] splitter::MarkBefore before(const Json& step) const {
    using Before = splitter::MarkBefore;
    const auto scheme =
        option<std::string>(step, "prepend_scheme", option<bool>(step, "add_prefix_space", true) ? "always" : "never");
    if (scheme != "always" && scheme != "first" && scheme != "never")
      fail(source_, ": the prepend_scheme \"", scheme, "\" is not known");
    return scheme == "always" ? Before::always : scheme == "first" ? Before::first : Before::never;
  }

  void add_decoder(const Json& step) {
    const auto kind = type(step);
    auto& to = made_.decoder;
    if (kind == "ByteLevel") to.push_back(token_decoder::byte_level());
    else if (kind == "ByteFallback") to.push_back(token_decoder::byte_fallback());
    else if (kind == "Fuse") to.push_back(token_decoder::fuse());
    else if (kind == "Replace")
      to.push_back(token_decoder::replace(pattern(step), required<std::string>(step, "content", source_)));
    else if (kind == "Strip")
      to.push_back(token_decoder::strip(required<std::string>(step, "content", source_),
                                        option<Index>(step, "start", 0), option<Index>(step, "stop", 0)));
    else if (kind == "Metaspace")
      to.push_back(token_decoder::metaspace(option<std::string>(step, "replacement", "\xE2\x96\x81"),
                                            before(step) != splitter::MarkBefore::never));
    else if (kind == "WordPiece")
      to.push_back(
          token_decoder::word_piece(option<std::string>(step, "prefix", "##"), option<bool>(step, "cleanup", true)));
    else fail(source_, ": graft does not know the decoder \"", kind, "\"");
  }

  void add_template(const Json& step) {
    const auto kind = type(step);
    if (kind == "ByteLevel") return;  // about offsets only
    if (kind == "TemplateProcessing") {
      made_.single = template_of(required_list(step, "single"), step);
      made_.pair = template_of(required_list(step, "pair"), step);
    } else if (kind == "BertProcessing" || kind == "RobertaProcessing") {
      const Id sep = token_of(step, "sep"), cls = token_of(step, "cls");
      made_.single.items = {{-1, cls, 0}, {0, -1, 0}, {-1, sep, 0}};
      if (kind == "BertProcessing")
        made_.pair.items = {{-1, cls, 0}, {0, -1, 0}, {-1, sep, 0}, {1, -1, 1}, {-1, sep, 1}};
      else made_.pair.items = {{-1, cls, 0}, {0, -1, 0}, {-1, sep, 0}, {-1, sep, 0}, {1, -1, 0}, {-1, sep, 0}};
    } else fail(source_, ": graft does not know the post-processor \"", kind, "\"");
  }
  /// ["[SEP]", 102]
  [[nodiscard]] Id token_of(const Json& step, const char* key) const {
    const Json& token = required_list(step, key);
    if (token.size() != 2 || !token[1].is_number_unsigned()) fail(source_, ": ", key, " is not a token with its id");
    return token[1].get<Id>();
  }
  [[nodiscard]] TokenTemplate template_of(const Json& items, const Json& step) const {
    TokenTemplate made;
    for (const Json& item : items) {
      if (item.contains("Sequence")) {
        made.items.push_back({required<std::string>(item.at("Sequence"), "id", source_) == "A" ? 0 : 1, -1,
                              option<Id>(item.at("Sequence"), "type_id", 0)});
      } else if (item.contains("SpecialToken")) {
        const auto name = required<std::string>(item.at("SpecialToken"), "id", source_);
        if (!step.contains("special_tokens") || !step.at("special_tokens").contains(name))
          fail(source_, ": the template's token \"", name, "\" is not among its special_tokens");
        for (const Json& id : required_list(step.at("special_tokens").at(name), "ids"))
          made.items.push_back({-1, id.get<Id>(), option<Id>(item.at("SpecialToken"), "type_id", 0)});
      } else fail(source_, ": the template has ", item.dump(), " in it");
    }
    return made;
  }

  /// RFC 4648.
  [[nodiscard]] std::string from_base64(std::string_view text) const {
    constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string bytes;
    std::uint32_t bits = 0;
    int held = 0;
    for (const char c : text) {
      const auto value = alphabet.find(c);
      if (c == '=' || c == '\n') continue;
      if (value == alphabet.npos) fail(source_, ": precompiled_charsmap is not in base 64");
      bits = bits << 6U | static_cast<std::uint32_t>(value);
      if ((held += 6) >= 8) bytes += static_cast<char>(bits >> static_cast<unsigned>(held -= 8) & 255U);
    }
    return bytes;
  }

  const Json& json_;
  std::string source_;
  TokenizerParts made_;
};

[[gnu::cold]] inline TokenizerParts tokenizer_parts(const Json& json, const std::string& source) {
  return TokenizerJson(json, source).parts();
}

}  // namespace graft
