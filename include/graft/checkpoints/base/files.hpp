/// \file
/// The files a model can come from — a GGUF file, a Hugging Face folder — under one face: config values and tensors by
/// Hugging Face names. How names in files map to sites: a path made by `each_site` is the Hugging Face name; a family's
/// description turns it into GGUF's.
#pragma once

#include <graft/checkpoints/base/config_files.hpp>
#include <graft/io/safetensors.hpp>
#if defined(GRAFT_TEXT_INLINE)
#include <graft/io/bitsandbytes.hpp>
#endif

#include <deque>
#include <memory>
#include <optional>
#include <set>

namespace graft {

/// x(M,N) with rows and columns exchanged.
inline std::vector<float> transposed(const std::vector<float>& x, Index m, Index n) {
  std::vector<float> y(x.size());
  for (Index i = 0; i < m; ++i)
    for (Index j = 0; j < n; ++j) y[j * m + i] = x[i * n + j];
  return y;
}

/// A model on disk.
class ModelFiles {
 public:
  /// Of a folder or a GGUF file.
  /// \throws Error where there is neither
  explicit ModelFiles(const std::filesystem::path& path);

  [[nodiscard]] const StatedConfig& config() const { return config_; }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] const FamilyDescription& family() const { return *family_; }
  /// A folder's config.json; null for GGUF.
  [[nodiscard]] const Json& json() const { return json_; }
  /// The GGUF metadata, or null for a folder.
  [[nodiscard]] const Gguf* gguf() const { return gguf_ ? &gguf_->content : nullptr; }

  /// The tensor of a Hugging Face name, or null.
  [[nodiscard]] const StoredTensor* find(const std::string& name) const {
    const auto found = tensors().find(file_name(name));
    return found == tensors().end() ? nullptr : &found->second;
  }
  /// Its name in the file, for messages and accounts.
  [[nodiscard]] std::string file_name(const std::string& name) const;

  /// Its elements in Hugging Face's row order.
  [[nodiscard]] std::vector<float> read(const std::string& name) const;
  /// Its bytes as they are in the file, rows in the same order.
  [[nodiscard]] std::vector<std::byte> read_bytes(const std::string& name) const;

  /// A part of a file's map, and what keeps it.
  struct View {
    std::span<const std::byte> bytes;
    std::shared_ptr<const void> owner;  ///< keeps the memory
  };
  /// `count` bytes from a tensor's first on, as they lie in its file; none where its rows are in another order there,
  /// or the file ends before.
  [[nodiscard]] View view(const std::string& name, Index count) const;

  [[nodiscard]] const TensorMap& tensors() const { return gguf_ ? gguf_->content.tensors : merged_; }

 private:
  [[nodiscard]] bool is_transposed(const std::string& name) const { return family_->stores_by_columns(name); }
  /// Heads whose rows are in another order here than in Hugging Face's files, or 0.
  [[nodiscard]] Index heads_reordered(const std::string& name) const {
    const bool query = name.find("self_attn.q_proj.") != std::string::npos,
               key = name.find("self_attn.k_proj.") != std::string::npos;
    return gguf_ && family_->gguf_reorders_heads && (query || key) ? (query ? config_.heads : config_.groups) : 0;
  }
  template <class E>
  [[nodiscard]] std::vector<E> in_order(const std::string& name, std::vector<E> rows, Index row_length) const {
    const Index heads = heads_reordered(name);
    if (heads != 0) return unpermuted(rows, heads, row_length);
    return rows;
  }

  void open_gguf();
  void open_folder();
  void open_tensors();
  void open_shard(const std::filesystem::path& path);

  std::filesystem::path path_;
  std::shared_ptr<const GgufFile> gguf_;
  std::vector<std::shared_ptr<const SafetensorsFile>> shards_;
  TensorMap merged_;
  std::deque<std::vector<std::byte>> joined_;
  StatedConfig config_;
  const FamilyDescription* family_ = nullptr;
  Json json_;
};

#if defined(GRAFT_TEXT_INLINE)
GRAFT_TEXT_INLINE ModelFiles::ModelFiles(const std::filesystem::path& path) : path_(path) {
  if (std::filesystem::is_directory(path)) open_folder();
  else if (path.extension() == ".gguf") open_gguf();
  else
    fail(path.string(), ": a model is a .gguf file or a Hugging Face folder with config.json and model.safetensors",
         std::filesystem::exists(path) ? "" : " (and there is nothing of this name)");
}
GRAFT_TEXT_INLINE std::string ModelFiles::file_name(const std::string& name) const {
  // Some families' models that answer questions have another root than their language models, and a model without a
  // head has none.
  const auto root = name.find('.');
  const auto inside = name.substr(root + 1);
  const std::string other = name.substr(0, root) == "transformer" ? "model." + inside
                            : name.substr(0, root) == "model"     ? "transformer." + inside
                                                                  : name;
  if (gguf_) return family_->gguf_name(name.starts_with("transformer.") ? other : name);
  if (merged_.contains(name)) return name;
  return merged_.contains(other) ? other : merged_.contains(inside) ? inside : name;
}
GRAFT_TEXT_INLINE std::vector<float> ModelFiles::read(const std::string& name) const {
  const StoredTensor& tensor = *find(name);
  auto values = to_floats(tensor, file_name(name));
  if (is_transposed(name)) return transposed(values, tensor.shape[1], tensor.shape[0]);
  return in_order(name, std::move(values), tensor.shape.size() == 2 ? tensor.shape[1] : 1);
}
GRAFT_TEXT_INLINE std::vector<std::byte> ModelFiles::read_bytes(const std::string& name) const {
  const StoredTensor& tensor = *find(name);
  return in_order(name, std::vector<std::byte>(tensor.data, tensor.data + tensor.bytes),
                  tensor.bytes / tensor.shape[0]);
}
GRAFT_TEXT_INLINE ModelFiles::View ModelFiles::view(const std::string& name, Index count) const {
  if (is_transposed(name) || heads_reordered(name) != 0) return {};
  const auto part = [&, at = find(name)->data](const auto& file) -> View {
    const auto rest = file->from(at);
    return rest.size() < count ? View{} : View{rest.first(count), file};
  };
  View found = gguf_ ? part(gguf_) : View{};
  for (const auto& shard : shards_)
    if (found.bytes.empty()) found = part(shard);
  return found;
}
GRAFT_TEXT_INLINE void ModelFiles::open_gguf() {
  gguf_ = std::make_shared<const GgufFile>(path_);
  config_ = stated_config(gguf_->content);
  family_ = &family_of(config_);
}
GRAFT_TEXT_INLINE void ModelFiles::open_folder() {
  const auto source = path_ / "config.json";
  json_ = read_json(source);
  config_ = stated_config(json_, source);
  family_ = &family_of(config_);
  open_tensors();
}
GRAFT_TEXT_INLINE void ModelFiles::open_tensors() {
  const auto single = path_ / "model.safetensors", index = path_ / "model.safetensors.index.json";
  if (std::filesystem::exists(single)) {
    open_shard(single);
  } else if (std::filesystem::exists(index)) {
    std::set<std::string> shards;
    const Json map = read_json(index);
    if (!map.contains("weight_map") || !map.at("weight_map").is_object())
      fail(index.string(), ": there is no \"weight_map\" in it, which says what file a tensor is in");
    for (const auto& [tensor, shard] : map.at("weight_map").items()) {
      if (!shard.is_string() || shard.get<std::string>().find('/') != std::string::npos)
        fail(index.string(), ": \"", tensor, "\" names no file of this folder");
      shards.insert(shard.get<std::string>());
    }
    for (const auto& shard : shards) open_shard(path_ / shard);
  } else {
    if (std::filesystem::exists(path_ / "pytorch_model.bin")) fail(pickle_refusal(path_ / "pytorch_model.bin"));
    fail(path_.string(),
         ": there is neither model.safetensors nor model.safetensors.index.json in it; Transformers' save_pretrained "
         "writes them");
  }
  join_bitsandbytes(merged_, joined_, path_.string());
  for (auto& [name, tensor] : merged_)
    // `read` turns their elements
    if (family_->stores_by_columns(name) && tensor.shape.size() == 2) std::swap(tensor.shape[0], tensor.shape[1]);
}
GRAFT_TEXT_INLINE void ModelFiles::open_shard(const std::filesystem::path& path) {
  shards_.push_back(std::make_shared<const SafetensorsFile>(path));
  for (const auto& [name, tensor] : shards_.back()->tensors)
    if (!merged_.emplace(name, tensor).second) fail(path.string(), ": \"", name, "\" is in another shard too");
}
#endif

}  // namespace graft
