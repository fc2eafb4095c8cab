/// \file
/// Tokenizers and chat templates out of the files models come in: GGUF metadata, or tokenizer.json and
/// tokenizer_config.json of a Hugging Face folder.
#pragma once

#include <graft/models/files.hpp>
#include <graft/text/chat.hpp>
#include <graft/text/tokenizer.hpp>

namespace graft {

[[gnu::cold]] inline TokenizerParts tokenizer_parts(const Gguf& gguf) {
  using Strings = std::vector<std::string>;
  if (const auto& kind = gguf.get<std::string>("tokenizer.ggml.model"); kind != "gpt2") fail(gguf.source, ": its tokenizer is of the kind \"", kind, "\"; graft reads byte-level BPE (\"gpt2\")");
  TokenizerParts parts{.tokens = gguf.get<Strings>("tokenizer.ggml.tokens"), .merges = {}, .special = {}, .patterns = {}};
  for (const auto& merge : gguf.get<Strings>("tokenizer.ggml.merges")) {
    const auto space = merge.find(' ', 1);
    if (space == merge.npos) fail(gguf.source, ": the merge \"", merge, "\" has no two parts");
    parts.merges.emplace_back(merge.substr(0, space), merge.substr(space + 1));
  }
  const auto types = gguf.get_or<std::vector<std::int64_t>>("tokenizer.ggml.token_type", {});
  for (Index i = 0; i < types.size() && i < parts.tokens.size(); ++i)
    if (types[i] == 3 || types[i] == 4) parts.special.push_back(static_cast<Id>(i));  // control, user defined
  const auto pre = gguf.get_or<std::string>("tokenizer.ggml.pre", "gpt-2");
  if (pre == "smollm" || pre == "starcoder" || pre == "refact" || pre == "command-r") parts.patterns = {digit_pattern, gpt2_pattern};
  else if (pre == "qwen2") parts.patterns = {qwen2_pattern};
  else if (pre == "gpt-2" || pre == "default") parts.patterns = {gpt2_pattern};
  else fail(gguf.source, ": graft does not know how the pre-tokenizer \"", pre, "\" splits text; it knows smollm, qwen2 and gpt-2");
  return parts;
}

[[gnu::cold]] inline TokenizerParts tokenizer_parts(const Json& json, const std::string& source) {
  TokenizerParts parts;
  const auto& model = json.contains("model") ? json.at("model") : Json();
  if (optional<std::string>(model, "type", "BPE", source) != "BPE" || !model.contains("vocab") || !model.contains("merges"))
    fail(source, ": not a byte-level BPE tokenizer (model.type must be BPE, with vocab and merges)");
  const auto place = [&](Index id, const std::string& token) {
    if (id > 10'000'000) fail(source, ": token \"", token, "\" has the id ", id);
    if (parts.tokens.size() <= id) parts.tokens.resize(id + 1);
    parts.tokens[id] = token;
  };
  for (const auto& [token, id] : model.at("vocab").items()) {
    if (!id.is_number_unsigned()) fail(source, ": the vocabulary entry \"", token, "\" has no number");
    place(id.get<Index>(), token);
  }
  for (const Json& merge : model.at("merges")) {
    if (merge.is_array() && merge.size() == 2) {
      parts.merges.emplace_back(merge[0].get<std::string>(), merge[1].get<std::string>());
    } else {
      const auto text = merge.is_string() ? merge.get<std::string>() : std::string();
      const auto space = text.find(' ', 1);
      if (space == text.npos) fail(source, ": a merge has no two parts");
      parts.merges.emplace_back(text.substr(0, space), text.substr(space + 1));
    }
  }
  if (json.contains("added_tokens"))
    for (const Json& token : json.at("added_tokens")) {
      const auto id = required<Index>(token, "id", source);
      place(id, required<std::string>(token, "content", source));
      parts.special.push_back(static_cast<Id>(id));
    }
  const auto add = [&](const Json& step) {
    const auto type = required<std::string>(step, "type", source);
    if (type == "Digits" && optional<bool>(step, "individual_digits", false, source)) parts.patterns.push_back(digit_pattern);
    else if (type == "Split") parts.patterns.push_back(required<std::string>(step.at("pattern"), "Regex", source));
    else if (type == "ByteLevel") {
      if (optional<bool>(step, "use_regex", true, source)) parts.patterns.push_back(gpt2_pattern);
    } else fail(source, ": graft does not know the pre-tokenizer \"", type, "\"");
  };
  if (const auto& pre = json.contains("pre_tokenizer") ? json.at("pre_tokenizer") : Json(); pre.is_object()) {
    if (pre.contains("pretokenizers"))
      for (const Json& step : pre.at("pretokenizers")) add(step);
    else add(pre);
  }
  return parts;
}

/// The tokenizer of a model's files.
inline Tokenizer load_tokenizer(const ModelFiles& files) {
  if (files.gguf() != nullptr) return Tokenizer(tokenizer_parts(*files.gguf()));
  const auto path = files.path() / "tokenizer.json";
  return Tokenizer(tokenizer_parts(read_json(path), path.string()));
}

/// The chat template of a model's files, or nothing where they have none.
inline std::optional<ChatTemplate> load_chat_template(const ModelFiles& files) {
  std::string jinja;
  if (files.gguf() != nullptr) {
    jinja = files.gguf()->get_or<std::string>("tokenizer.chat_template", "");
  } else if (const auto path = files.path() / "tokenizer_config.json"; std::filesystem::exists(path)) {
    jinja = optional<std::string>(read_json(path), "chat_template", "", path.string());
  }
  if (jinja.empty()) return std::nullopt;
  return ChatTemplate(jinja);
}

/// The ids that end an answer.
inline std::vector<Id> end_tokens(const ModelFiles& files, const Tokenizer& tokenizer) {
  std::vector<Id> ids;
  if (files.gguf() != nullptr) {
    if (const auto eos = files.gguf()->get_or<std::int64_t>("tokenizer.ggml.eos_token_id", -1); eos >= 0) ids.push_back(static_cast<Id>(eos));
  }
  for (const char* token : {"<|im_end|>", "<|endoftext|>", "</s>"})
    if (const Id id = tokenizer.id(token); id >= 0 && std::find(ids.begin(), ids.end(), id) == ids.end()) ids.push_back(id);
  return ids;
}

}  // namespace graft
