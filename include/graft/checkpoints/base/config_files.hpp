/// \file
/// What a model's files state of it: config.json or GGUF metadata, read as the family's description says.
#pragma once

#include <graft/checkpoints/base/config_json.hpp>
#include <graft/checkpoints/families/families.hpp>
#include <graft/io/safetensors.hpp>

#include <map>
#include <memory>

namespace graft {

/// Of a .gguf file, a Hugging Face folder or its config.json. \throws Error
[[nodiscard]] StatedConfig stated_config(const std::filesystem::path& model);
/// Of GGUF metadata. \throws Error
[[nodiscard]] StatedConfig stated_config(const Gguf& gguf);
/// Of a folder's config.json, and of what its tensors say of the head. \throws Error
[[nodiscard]] StatedConfig stated_config(const Json& json, const std::filesystem::path& path);

#if defined(GRAFT_TEXT_INLINE)
/// Whether a head is tied is what its weights say: where a config ties it to the embedding and the files beside it have
/// another one, that is used, as Transformers 5 does.
GRAFT_TEXT_INLINE void look_for_head(StatedConfig& c, const Json& json, const std::filesystem::path& folder) {
  if (!c.tied_head) return;
  const auto single = folder / "model.safetensors", index = folder / "model.safetensors.index.json";
  Json map = Json::object();
  if (!std::filesystem::exists(single) && std::filesystem::exists(index))
    map = read_json(index).value("weight_map", Json::object());
  std::map<std::string, std::unique_ptr<SafetensorsFile>> opened;
  const auto find = [&](const std::string& name) -> const StoredTensor* {
    std::string file = "model.safetensors";
    if (!std::filesystem::exists(single)) {
      if (!map.is_object() || !map.contains(name) || !map.at(name).is_string()) return nullptr;
      file = map.at(name).get<std::string>();
    }
    if (file.find('/') != file.npos || !std::filesystem::exists(folder / file)) return nullptr;
    auto& shard = opened[file];
    if (shard == nullptr) shard = std::make_unique<SafetensorsFile>(folder / file);
    const auto found = shard->tensors.find(name);
    return found == shard->tensors.end() ? nullptr : &found->second;
  };
  const auto* const head = find("lm_head.weight");
  if (head == nullptr) return;
  const StoredTensor* embedding = nullptr;
  const auto& family = family_of(c);
  // A model without a head has no root in its names.
  for (const auto& name : {family.embedding, family.embedding.substr(family.embedding.find('.') + 1)})
    if (embedding == nullptr) embedding = find(std::string(name) + ".weight");
  if (embedding != nullptr && embedding->type == head->type && embedding->shape == head->shape &&
      std::equal(head->data, head->data + head->bytes, embedding->data))
    return;
  c.tied_head = false;
  if (!family.head_scale_key.empty() && json.contains(family.head_scale_key)) return;
  c.notes.push_back("tie_word_embeddings is true in " + (folder / "config.json").string() +
                    ", and lm_head.weight differs from the embedding: the head is used as it is, as Transformers 5 "
                    "does (4 would use the embedding)");
}

GRAFT_TEXT_INLINE StatedConfig stated_config(const Gguf& gguf) {
  const auto& name = gguf.get<std::string>("general.architecture");
  for (const auto& family : model_families())
    if (family.name == name && family.read_gguf != nullptr) return family.read_gguf(gguf);
  fail(gguf.source, ": general.architecture is \"", name, "\"; graft reads ",
       families_where([](const auto& family) { return family.read_gguf != nullptr; }), " from GGUF");
}

GRAFT_TEXT_INLINE StatedConfig stated_config(const Json& json, const std::filesystem::path& path) {
  auto c = ConfigJson(json, path.string()).read();
  look_for_head(c, json, path.parent_path());
  return c;
}

GRAFT_TEXT_INLINE StatedConfig stated_config(const std::filesystem::path& model) {
  if (!std::filesystem::exists(model))
    fail(model.string(),
         ": there is nothing of this name; a model is a .gguf file, a Hugging Face folder or its config.json");
  if (model.extension() == ".gguf") return stated_config(GgufFile(model).content);
  const auto path = std::filesystem::is_directory(model) ? model / "config.json" : model;
  return stated_config(read_json(path), path);
}
#endif

}  // namespace graft
