/// \file
/// Tokenizers and chat templates out of the files models come in: GGUF metadata, or a Hugging Face folder's tokenizer.json (or
/// tokenizer.model) and tokenizer_config.json.
#pragma once

#include <graft/models/files.hpp>
#include <graft/text/chat.hpp>
#include <graft/text/tokenizer_gguf.hpp>
#include <graft/text/tokenizer_json.hpp>

namespace graft {

/// The tokenizer of a model's files.
inline Tokenizer load_tokenizer(const ModelFiles& files) {
  if (files.gguf() != nullptr) return Tokenizer(tokenizer_parts(*files.gguf()));
  const auto json = files.path() / "tokenizer.json", model = files.path() / "tokenizer.model";
  if (!std::filesystem::exists(json) && std::filesystem::exists(model)) return Tokenizer(sentencepiece_parts(read_file(model), model.string()));
  return Tokenizer(tokenizer_parts(read_json(json), json.string()));
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
