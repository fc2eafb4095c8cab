/// \file
/// What the files beside a tokenizer.json change of it, as Transformers 4.57 puts them together: tokenizer_config.json,
/// and where that has no added_tokens_decoder, special_tokens_map.json and added_tokens.json, which are older.
#pragma once

#include <graft/io/json.hpp>
#include <graft/text/tokenizers/tokenizer.hpp>

#include <algorithm>
#include <charconv>
#include <map>

namespace graft {

/// A token as "added_tokens", "added_tokens_decoder" and "bos_token" describe it: a text, or an object that has it.
[[gnu::cold]] inline AddedToken added_token(const Json& token, Id id, const std::string& source) {
  if (token.is_string()) return {.id = id, .content = token.get<std::string>()};
  const auto says = [&](const char* key, bool otherwise) { return optional<bool>(token, key, otherwise, source); };
  const bool special = says("special", false);
  return {.id = id,
          .content = required<std::string>(token, "content", source),
          .special = special,
          .takes_left = says("lstrip", false),
          .takes_right = says("rstrip", false),
          .whole_word = says("single_word", false),
          .normalized = says("normalized", !special)};
}
[[gnu::cold]] inline Json json_of(const AddedToken& token) {
  return {{"id", token.id},
          {"content", token.content},
          {"single_word", token.whole_word},
          {"lstrip", token.takes_left},
          {"rstrip", token.takes_right},
          {"normalized", token.normalized},
          {"special", token.special}};
}

/// How a token of tokenizer_config.json is spelled ("bos_token", "eos_token"): a text, or an object that has it.
[[gnu::cold]] inline std::string named_token(const Json& config, const char* key, const std::string& otherwise = "") {
  if (!config.is_object() || !config.contains(key)) return otherwise;
  const Json& token = config.at(key);
  return token.is_string()   ? token.get<std::string>()
         : token.is_object() ? token.value("content", otherwise)
                             : otherwise;
}

/// The parts of "TemplateProcessing", a tokenizer.json's post-processor: where a text goes ("A", "B"), where a token
/// goes, and which token that is.
[[nodiscard, gnu::cold]] inline Json template_text(const char* text, int type) {
  return {{"Sequence", {{"id", text}, {"type_id", type}}}};
}
[[nodiscard, gnu::cold]] inline Json template_token(const std::string& content, int type) {
  return {{"SpecialToken", {{"id", content}, {"type_id", type}}}};
}
[[nodiscard, gnu::cold]] inline Json template_entry(const std::string& content, const Json& id) {
  return {{"id", content}, {"ids", {id}}, {"tokens", {content}}};
}

class TokenizerConfig {
 public:
  [[gnu::cold]] explicit TokenizerConfig(const std::filesystem::path& folder)
      : source_((folder / "tokenizer_config.json").string()), json_(read(folder, "tokenizer_config.json")) {
    class_ = optional<std::string>(json_, "tokenizer_class", "", source_);
    if (class_.ends_with("Fast")) class_.resize(class_.size() - 4);
    if (!json_.contains("added_tokens_decoder")) read_older(folder);
    for (const auto& [kind, tokens] : usual_tokens)
      if (kind == class_)
        for (const auto& [key, token] : tokens)
          if (!token.empty() && !json_.contains(key)) json_[std::string(key)] = token;
    read_special();
  }

  /// Of all files together, and of the class where they leave a token out.
  [[nodiscard]] const Json& json() const { return json_; }
  [[nodiscard]] const std::string& source() const { return source_; }
  /// Tokens with the ids that they are said to have, by these.
  [[nodiscard]] const std::vector<AddedToken>& added() const { return added_; }
  /// Tokens of a meaning, in Transformers' order; without ids.
  [[nodiscard]] const std::vector<AddedToken>& special() const { return special_; }
  [[nodiscard]] bool is_special(const std::string& content) const {
    return std::any_of(special_.begin(), special_.end(),
                       [&](const AddedToken& token) { return token.content == content; });
  }

  /// tokenizer.json with all this. A token has the id that the vocabulary, or an earlier entry, has for it, or else the
  /// next one.
  [[nodiscard, gnu::cold]] Json applied_to(Json tokenizer) const {
    if (!tokenizer.is_object()) return tokenizer;
    add_tokens(tokenizer);
    if (class_ == "LlamaTokenizer" || class_ == "CodeLlamaTokenizer" || class_ == "GemmaTokenizer")
      tokenizer["post_processor"] = template_of_class(tokenizer);
    else if (const auto step = type_of(tokenizer, "pre_tokenizer"); step == "ByteLevel")
      tokenizer["pre_tokenizer"]["add_prefix_space"] = option("add_prefix_space", false);
    if (class_ == "BertTokenizer" && type_of(tokenizer, "normalizer") == "BertNormalizer") {
      auto& step = tokenizer["normalizer"];
      step["lowercase"] = option("do_lower_case", true);
      step["handle_chinese_chars"] = option("tokenize_chinese_chars", true);
      step["strip_accents"] = json_.contains("strip_accents") ? json_.at("strip_accents") : Json();
    }
    return tokenizer;
  }

 private:
  /// What Transformers' classes have where a config is silent.
  struct Usual {
    std::string_view kind;
    std::array<std::pair<std::string_view, std::string_view>, 7> tokens;
  };
  static constexpr Usual usual_tokens[] = {
      {"LlamaTokenizer", {{{"bos_token", "<s>"}, {"eos_token", "</s>"}, {"unk_token", "<unk>"}}}},
      {"CodeLlamaTokenizer", {{{"bos_token", "<s>"}, {"eos_token", "</s>"}, {"unk_token", "<unk>"}}}},
      {"GemmaTokenizer",
       {{{"bos_token", "<bos>"}, {"eos_token", "<eos>"}, {"unk_token", "<unk>"}, {"pad_token", "<pad>"}}}},
      {"GPT2Tokenizer",
       {{{"bos_token", "<|endoftext|>"}, {"eos_token", "<|endoftext|>"}, {"unk_token", "<|endoftext|>"}}}},
      {"Qwen2Tokenizer",
       {{{"eos_token", "<|endoftext|>"}, {"unk_token", "<|endoftext|>"}, {"pad_token", "<|endoftext|>"}}}},
      {"BertTokenizer",
       {{{"unk_token", "[UNK]"},
         {"sep_token", "[SEP]"},
         {"pad_token", "[PAD]"},
         {"cls_token", "[CLS]"},
         {"mask_token", "[MASK]"}}}},
      {"RobertaTokenizer",
       {{{"bos_token", "<s>"},
         {"eos_token", "</s>"},
         {"unk_token", "<unk>"},
         {"sep_token", "</s>"},
         {"pad_token", "<pad>"},
         {"cls_token", "<s>"},
         {"mask_token", "<mask>"}}}},
      {"T5Tokenizer", {{{"eos_token", "</s>"}, {"unk_token", "<unk>"}, {"pad_token", "<pad>"}}}},
  };

  static Json read(const std::filesystem::path& folder, const char* name) {
    if (!std::filesystem::exists(folder / name)) return Json::object();
    Json json = read_json(folder / name);
    if (!json.is_object()) fail((folder / name).string(), ": this is no JSON object");
    return json;
  }
  template <class V>
  [[nodiscard]] V option(const char* key, V otherwise) const {
    return optional<V>(json_, key, std::move(otherwise), source_);
  }
  [[nodiscard]] std::string type_of(const Json& tokenizer, const char* step) const {
    return tokenizer.contains(step) && tokenizer.at(step).is_object()
               ? optional<std::string>(tokenizer.at(step), "type", "", source_)
               : "";
  }

  void read_older(const std::filesystem::path& folder) {
    const Json map = read(folder, "special_tokens_map.json"), added = read(folder, "added_tokens.json");
    for (const auto& [key, token] : map.items()) {
      if (key == "additional_special_tokens" && token.is_array()) {
        Json& all = json_[key];
        if (!all.is_array()) all = Json::array();
        for (const Json& one : token)
          if (std::find(all.begin(), all.end(), one) == all.end()) all.push_back(one);
      } else {
        json_[key] = token;
      }
    }
    for (const auto& [token, id] : added.items()) {
      if (!id.is_number_integer())
        fail((folder / "added_tokens.json").string(), ": the token \"", token, "\" has no id");
      added_.push_back({.id = id.get<Id>(), .content = token, .special = false, .normalized = true});
    }
  }

  void read_special() {
    const auto add = [this](const Json& token) {
      if (!token.is_string() && !token.is_object()) return;
      AddedToken made = added_token(token, -1, source_);
      if (made.content.empty() || is_special(made.content)) return;
      if (token.is_object() && !token.contains("normalized")) made.normalized = false;
      made.special = true;
      special_.push_back(std::move(made));
    };
    for (const char* key : {"bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"})
      if (json_.contains(key)) add(json_.at(key));
    for (const char* key : {"additional_special_tokens", "extra_special_tokens"})
      if (json_.contains(key) && json_.at(key).is_structured())
        for (const Json& token : json_.at(key)) add(token);

    if (json_.contains("added_tokens_decoder")) {
      if (!json_.at("added_tokens_decoder").is_object())
        fail(source_, ": added_tokens_decoder is no object of tokens by id");
      for (const auto& [key, token] : json_.at("added_tokens_decoder").items()) {
        Id id = -1;
        if (const auto parsed = std::from_chars(key.data(), key.data() + key.size(), id);
            parsed.ec != std::errc() || parsed.ptr != key.data() + key.size())
          fail(source_, ": added_tokens_decoder: \"", key, "\" is no id");
        added_.push_back(added_token(token, id, source_));
        if (!token.is_object() || !token.contains("normalized")) added_.back().normalized = !added_.back().special;
      }
    }
    for (auto& token : added_)
      if (is_special(token.content)) {
        if (!token.special && !json_.contains("added_tokens_decoder")) token.normalized = false;
        token.special = true;
      }
    std::sort(added_.begin(), added_.end(), [](const AddedToken& a, const AddedToken& b) { return a.id < b.id; });
  }

  void add_tokens(Json& tokenizer) const {
    Json& entries = tokenizer["added_tokens"];
    if (!entries.is_array()) entries = Json::array();
    const Json none = Json::object();
    const Json& vocabulary =
        tokenizer.contains("model") && tokenizer.at("model").is_object() && tokenizer.at("model").contains("vocab")
            ? tokenizer.at("model").at("vocab")
            : none;
    std::map<std::string, Index> at;
    Id next = static_cast<Id>(vocabulary.size());
    for (Index i = 0; i < entries.size(); ++i) {
      if (!entries[i].is_object()) continue;  // TokenizerJson says so
      at.emplace(entries[i].value("content", ""), i);
      next = std::max(next, entries[i].value("id", Id{-1}) + 1);
    }
    const auto in_vocabulary = [&](const std::string& content) -> Id {
      if (vocabulary.is_object())
        return vocabulary.contains(content) && vocabulary.at(content).is_number_integer()
                   ? vocabulary.at(content).get<Id>()
                   : -1;
      for (Index i = 0; i < vocabulary.size(); ++i)
        if (vocabulary[i].is_array() && !vocabulary[i].empty() && vocabulary[i][0] == content)
          return static_cast<Id>(i);
      return -1;
    };
    const auto put = [&](AddedToken token) {
      if (token.content.empty()) return;
      if (const auto found = at.find(token.content); found != at.end()) {
        token.id = entries[found->second].value("id", Id{-1});
        entries[found->second] = json_of(token);
        return;
      }
      token.id = in_vocabulary(token.content);
      if (token.id < 0) token.id = next++;
      at.emplace(token.content, entries.size());
      entries.push_back(json_of(token));
    };
    for (const auto& token : added_)
      if (json_.contains("added_tokens_decoder") || !at.contains(token.content)) put(token);
    for (const auto& token : special_)
      if (!at.contains(token.content)) put(token);
  }

  /// These classes put their tokens round a text as the config says, whatever stands in tokenizer.json.
  [[nodiscard]] Json template_of_class(const Json& tokenizer) const {
    Json single = Json::array({template_text("A", 0)}), second = Json::array({template_text("B", 1)}),
         tokens = Json::object();
    const auto put = [&](const char* key, const char* asked, bool otherwise, bool before) {
      if (!option(asked, otherwise)) return;
      const auto content = named_token(json_, key);
      if (content.empty()) fail(source_, ": ", asked, " is true, and no ", key, " is named");
      for (const Json& entry : tokenizer.at("added_tokens"))
        if (entry.value("content", "") == content) tokens[content] = template_entry(content, entry.at("id"));
      for (auto [list, type] : {std::pair{&single, 0}, {&second, 1}})
        list->insert(before ? list->begin() : list->end(), template_token(content, type));
    };
    put("bos_token", "add_bos_token", true, true);
    put("eos_token", "add_eos_token", false, false);
    Json pair = single;
    pair.insert(pair.end(), second.begin(), second.end());
    return {{"type", "TemplateProcessing"},
            {"single", std::move(single)},
            {"pair", std::move(pair)},
            {"special_tokens", std::move(tokens)}};
  }

  std::string source_, class_;
  Json json_;
  std::vector<AddedToken> added_, special_;
};

}  // namespace graft
