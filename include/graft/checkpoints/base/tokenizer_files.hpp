/// \file
/// Tokenizers and chat templates out of the files models come in: GGUF metadata, or a Hugging Face folder's
/// tokenizer.json (or the files that were there before it: text/tokenizers/vocabulary_files.hpp) and
/// tokenizer_config.json.
#pragma once

#include <graft/checkpoints/base/files.hpp>
#include <graft/text/formatter.hpp>
#if defined(GRAFT_TEXT_INLINE)
#include <graft/text/tokenizers/tokenizer_gguf.hpp>
#include <graft/text/tokenizers/tokenizer_json.hpp>
#include <graft/text/tokenizers/vocabulary_files.hpp>
#endif

namespace graft {

/// The tokenizer of a model's files.
/// \throws Error where they have none, or one that graft does not know
Tokenizer load_tokenizer(const ModelFiles& files);
/// The chat template of a model's files, or nothing where they have none.
/// \throws Error where the template is no Jinja that graft reads
std::optional<ChatTemplate> load_chat_template(const ModelFiles& files);
/// The ids that end a text, as the files say: generation_config.json, config.json, tokenizer_config.json or GGUF
/// metadata.
std::vector<Id> end_tokens(const ModelFiles& files, const Tokenizer& tokenizer);
/// What turns rows into examples of a kind (example_kind<Model>()) for a model of these files.
/// \param files       the model's
/// \param tokenizer   of the same files; must outlive the formatter
/// \param kind        what is to be said of an example
/// \param instruction what every prompt begins with, or nothing
/// \param longest     tokens of an example, at most
/// \throws Error where the chat template cannot be read
Formatter load_formatter(const ModelFiles& files, const Tokenizer& tokenizer, ExampleKind kind,
                         const std::string& instruction, Index longest = 2048);
/// Writes what belongs to a tokenizer beside a model that was made from these files: copies of a folder's, or what says
/// the same as a GGUF's metadata.
void save_tokenizer(const ModelFiles& files, const std::filesystem::path& folder);

#if defined(GRAFT_TEXT_INLINE)
GRAFT_TEXT_INLINE Tokenizer load_tokenizer(const ModelFiles& files) {
  if (files.gguf() != nullptr) return Tokenizer(tokenizer_parts(*files.gguf()));
  const auto json = files.path() / "tokenizer.json";
  if (std::filesystem::exists(json))
    return Tokenizer(tokenizer_parts(TokenizerConfig(files.path()).applied_to(read_json(json)), json.string()));
  const auto splits = families_where([](const auto& family) { return !family.vocabulary.split.empty(); });
  return Tokenizer(VocabularyFiles(files.path(), files.family().vocabulary, files.config().family, splits).parts());
}

GRAFT_TEXT_INLINE std::optional<ChatTemplate> load_chat_template(const ModelFiles& files) {
  if (const Gguf* g = files.gguf(); g != nullptr) {
    const auto jinja = g->get_or<std::string>("tokenizer.chat_template", "");
    if (jinja.empty()) return std::nullopt;
    const GgufTokenizer tokenizer(*g);
    return ChatTemplate(jinja, tokenizer.bos(), tokenizer.eos());
  }
  const auto own = files.path() / "chat_template.jinja";
  const Json config = TokenizerConfig(files.path()).json();
  std::string jinja = std::filesystem::exists(own) ? read_file(own) : "";
  if (jinja.empty() && config.contains("chat_template")) {
    const Json& stated = config.at("chat_template");
    if (stated.is_string()) jinja = stated.get<std::string>();
    else if (stated.is_array())  // several by name
      for (const Json& one : stated)
        if (one.value("name", "") == "default") jinja = one.value("template", "");
  }
  if (jinja.empty()) return std::nullopt;
  return ChatTemplate(jinja, named_token(config, "bos_token"), named_token(config, "eos_token"));
}

GRAFT_TEXT_INLINE std::vector<Id> end_tokens(const ModelFiles& files, const Tokenizer& tokenizer) {
  std::vector<Id> ids;
  const auto add = [&](std::int64_t id) {
    if (id >= 0 && static_cast<Index>(id) < tokenizer.size() &&
        std::find(ids.begin(), ids.end(), static_cast<Id>(id)) == ids.end())
      ids.push_back(static_cast<Id>(id));
  };
  if (files.gguf() != nullptr) {
    for (const Id id : GgufTokenizer(*files.gguf()).ends()) add(id);
  } else {
    add(tokenizer.id(named_token(TokenizerConfig(files.path()).json(), "eos_token")));
    for (const char* name : {"generation_config.json", "config.json"}) {
      const auto path = files.path() / name;
      if (!std::filesystem::exists(path)) continue;
      const Json json = read_json(path);
      if (!json.is_object() || !json.contains("eos_token_id")) continue;
      const Json& id = json.at("eos_token_id");
      for (const Json& one : id.is_array() ? id : Json::array({id}))
        if (one.is_number_integer()) add(one.get<std::int64_t>());
    }
  }
  for (const auto token : GgufTokenizer::ends_by_name) add(tokenizer.id(token));
  add(tokenizer.id("</s>"));
  return ids;
}

GRAFT_TEXT_INLINE Formatter load_formatter(const ModelFiles& files, const Tokenizer& tokenizer, ExampleKind kind,
                                           const std::string& instruction, Index longest) {
  const auto ends = end_tokens(files, tokenizer);
  Formatter made{.tokenizer = tokenizer,
                 .chat = load_chat_template(files),
                 .instruction = instruction,
                 .longest = longest,
                 .end = ends.empty() ? -1 : ends[0],
                 .kind = kind,
                 .vocabulary = files.config().vocabulary};
  for (const char* token : {"[MASK]", "<mask>"}) made.mask = std::max(made.mask, tokenizer.id(token));
  return made;
}

GRAFT_TEXT_INLINE void save_tokenizer(const ModelFiles& files, const std::filesystem::path& folder) {
  if (const Gguf* g = files.gguf(); g != nullptr) {
    if (const auto jinja = g->get_or<std::string>("tokenizer.chat_template", ""); !jinja.empty())
      write_file(folder / "chat_template.jinja", jinja);
    for (const auto& [name, text] : GgufTokenizer(*g).files()) write_file(folder / name, text);
    return;
  }
  for (const char* name :
       {"tokenizer.json", "tokenizer.model", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json",
        "vocab.json", "merges.txt", "vocab.txt", "spiece.model", "chat_template.jinja", "generation_config.json"})
    if (std::filesystem::exists(files.path() / name)) write_file(folder / name, read_file(files.path() / name));
}
#endif

}  // namespace graft
