/// \file
/// Tokenizers of Hugging Face folders that have no tokenizer.json: tokenizer.model or spiece.model is SentencePiece's,
/// vocab.txt is BERT's WordPiece, vocab.json with merges.txt byte-level BPE. What tokenizer_config.json says of tokens
/// is `config`; what it leaves out is as the family's class in transformers has it.
#pragma once

#include <graft/text/tokenizers/tokenizer_gguf.hpp>
#include <graft/text/tokenizers/tokenizer_json.hpp>
#include <graft/text/tokenizers/vocabulary_habits.hpp>

namespace graft {

/// Reads one folder.
class VocabularyFiles {
 public:
  /// \param family its name, for messages \param splits names of those whose vocabularies' splitting is known, likewise
  [[gnu::cold]] VocabularyFiles(std::filesystem::path folder, const VocabularyHabits& habits, std::string family,
                                std::string splits)
      : folder_(std::move(folder)),
        habits_(habits),
        family_(std::move(family)),
        splits_(std::move(splits)),
        stated_(folder_) {}

  [[nodiscard, gnu::cold]] TokenizerParts parts() const {
    const auto there = [this](const char* name) { return std::filesystem::exists(folder_ / name); };
    for (const char* name : {"tokenizer.model", "spiece.model"})
      if (there(name)) return sentencepiece(folder_ / name);
    if (there("vocab.txt")) return word_piece(read_file(folder_ / "vocab.txt"));
    if (there("vocab.json") && there("merges.txt"))
      return byte_level(read_json(folder_ / "vocab.json"), read_file(folder_ / "merges.txt"));
    fail(folder_.string(),
         ": there is no tokenizer in it: no tokenizer.json, tokenizer.model, spiece.model, vocab.txt, nor vocab.json "
         "with merges.txt; AutoTokenizer's save_pretrained writes a tokenizer.json there");
  }

 private:
  template <class V>
  [[nodiscard]] V option(const char* key, V otherwise) const {
    return optional<V>(stated_.json(), key, std::move(otherwise), stated_.source());
  }

  [[nodiscard]] TokenizerParts sentencepiece(const std::filesystem::path& path) const {
    auto parts = sentencepiece_parts(read_file(path), path.string());
    add_tokens(parts);
    enclose(parts, option("add_bos_token", habits_.begins) ? token(parts, "bos_token", "<s>") : -1,
            option("add_eos_token", habits_.ends) ? token(parts, "eos_token", "</s>") : -1);
    return parts;
  }

  [[nodiscard]] TokenizerParts word_piece(const std::string& text) const {
    TokenizerParts parts;
    parts.vocabulary = std::make_shared<Vocabulary>(lines(text));
    add_tokens(parts);
    const bool lower = option("do_lower_case", true);
    parts.model = std::make_shared<WordPiece>(parts.vocabulary, token(parts, "unk_token", "[UNK]"));
    parts.normalizer = {
        normalizer::Bert{true, option("tokenize_chinese_chars", true), option("strip_accents", lower), lower}};
    parts.splitter = {splitter::characters(is_white_space, splitter::Matches::removed),
                      splitter::characters(is_punctuation, splitter::Matches::isolated)};
    parts.decoder = {token_decoder::word_piece("##", true)};
    const Id sep = token(parts, "sep_token", "[SEP]");
    parts.pair.items = {{0, -1, 0}, {-1, sep, 0}, {1, -1, 1}};
    enclose(parts, token(parts, "cls_token", "[CLS]"), sep);
    return parts;
  }

  [[nodiscard]] TokenizerParts byte_level(const Json& vocabulary, const std::string& merges_txt) const {
    if (habits_.split.empty())
      fail(folder_.string(), ": vocab.json and merges.txt do not say how text is split, and graft knows that of ",
           splits_, " and not of ", family_, ": it needs a tokenizer.json");
    if (!vocabulary.is_object()) fail((folder_ / "vocab.json").string(), ": this is no vocabulary");
    std::vector<std::pair<std::string, std::string>> merges;
    for (const auto& line : lines(merges_txt))
      if (!line.empty() && !line.starts_with("#version"))
        merges.push_back(merge_of(line, (folder_ / "merges.txt").string()));
    auto parts = byte_level_parts(tokens_by_id(vocabulary, (folder_ / "vocab.json").string()), merges, {},
                                  pre_tokenizer(std::string(habits_.split), stated_.source()).patterns);
    if (option("add_prefix_space", false)) parts.splitter.insert(parts.splitter.begin(), splitter::space_before());
    if (habits_.composed) {
      parts.normalizer = {normalizer::form("NFC")};
      parts.bytes = false;
    }
    add_tokens(parts);
    if (habits_.encloses) {
      const Id cls = token(parts, "cls_token", "<s>"), sep = token(parts, "sep_token", "</s>");
      parts.pair.items = {{0, -1, 0}, {-1, sep, 0}, {-1, sep, 0}, {1, -1, 0}};
      enclose(parts, cls, sep);
    } else if (option("add_bos_token", false)) {
      enclose(parts, token(parts, "bos_token", "<|endoftext|>"), -1);
    }
    return parts;
  }

  [[nodiscard]] static std::vector<std::string> lines(const std::string& text) {
    std::vector<std::string> all;
    for (Index at = 0; at < text.size();) {
      const Index end = std::min(text.find('\n', at), text.size());
      all.push_back(text.substr(at, end - at));
      if (all.back().ends_with('\r')) all.back().pop_back();
      at = end + 1;
    }
    return all;
  }

  /// The id of a token that the config names, or the family's class.
  [[nodiscard]] Id token(const TokenizerParts& parts, const char* key, const char* otherwise) const {
    const auto spelled = named_token(stated_.json(), key, otherwise);
    for (const auto& added : parts.added)
      if (added.content == spelled) return added.id;
    const Id id = parts.vocabulary->id(spelled);
    if (id < 0) fail(stated_.source(), ": the ", key, " \"", spelled, "\" is not in the vocabulary");
    return id;
  }

  /// Tokens that text can name: those that files add, those that they have for special, and those that the family
  /// usually has.
  void add_tokens(TokenizerParts& parts) const {
    const auto named = [&parts](const std::string& content) {
      return std::any_of(parts.added.begin(), parts.added.end(),
                         [&](const AddedToken& other) { return other.content == content; });
    };
    for (const auto& token : stated_.added()) {
      std::erase_if(parts.added, [&](const AddedToken& other) { return other.id == token.id; });
      parts.added.push_back(token);
    }
    Id next = static_cast<Id>(parts.vocabulary->size());
    for (const auto& token : parts.added) next = std::max(next, token.id + 1);
    for (AddedToken token : stated_.special()) {
      if (named(token.content)) continue;
      token.id = parts.vocabulary->id(token.content);
      if (token.id < 0) token.id = next++;
      if (habits_.mask_takes_left && stated_.json().contains("mask_token") &&
          stated_.json().at("mask_token") == token.content)
        token.takes_left = true;
      parts.added.push_back(std::move(token));
    }
    if (stated_.json().contains("added_tokens_decoder")) return;
    for (const auto& [key, usual_token] : {std::pair{"unk_token", habits_.unknown},
                                           {"sep_token", habits_.separator},
                                           {"pad_token", habits_.padding},
                                           {"cls_token", habits_.first},
                                           {"mask_token", habits_.mask},
                                           {"bos_token", std::string_view("<s>")},
                                           {"eos_token", habits_.end}}) {
      const std::string usual(usual_token);
      if (const Id id = parts.vocabulary->id(usual); id >= 0 && !stated_.json().contains(key) && !named(usual))
        parts.added.push_back({.id = id,
                               .content = usual,
                               .takes_left = habits_.mask_takes_left && std::string_view(key) == "mask_token"});
    }
  }

  std::filesystem::path folder_;
  VocabularyHabits habits_;
  std::string family_, splits_;
  TokenizerConfig stated_;
};

}  // namespace graft
