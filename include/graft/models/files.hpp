/// \file
/// The files a model can come from — a GGUF file, a Hugging Face folder — under one face: config values and tensors by
/// Hugging Face names. How names in files map to sites: a path made by `each_site` is the Hugging Face name; `gguf_name`
/// turns it into GGUF's.
#pragma once

#include <graft/io/bitsandbytes.hpp>
#include <graft/io/gguf.hpp>
#include <graft/io/safetensors.hpp>

#include <functional>
#include <set>

namespace graft {

/// "model.layers.3.self_attn.q_proj.weight" → "blk.3.attn_q.weight"
[[gnu::cold]] inline std::string gguf_name(std::string name) {
  static constexpr std::pair<std::string_view, std::string_view> parts[] = {
      {"model.layers.", "blk."}, {"model.embed_tokens", "token_embd"}, {"model.norm", "output_norm"}, {"lm_head", "output"},
      {"self_attn.q_proj", "attn_q"}, {"self_attn.k_proj", "attn_k"}, {"self_attn.v_proj", "attn_v"}, {"self_attn.o_proj", "attn_output"},
      {"mlp.gate_proj", "ffn_gate"}, {"mlp.up_proj", "ffn_up"}, {"mlp.down_proj", "ffn_down"},
      {"input_layernorm", "attn_norm"}, {"post_attention_layernorm", "ffn_norm"}};
  for (const auto& [from, to] : parts)
    if (const auto at = name.find(from); at != std::string::npos && (at == 0 || name[at - 1] == '.')) name.replace(at, from.size(), to);
  return name;
}

/// Whether a weight of this name is stored (In,Out): GPT-2's linear layers are.
inline bool is_stored_by_columns(const std::string& name) { return name.ends_with(".c_attn.weight") || name.ends_with(".c_proj.weight") || name.ends_with(".c_fc.weight"); }

/// x(M,N) with rows and columns exchanged.
inline std::vector<float> transposed(const std::vector<float>& x, Index m, Index n) {
  std::vector<float> y(x.size());
  for (Index i = 0; i < m; ++i)
    for (Index j = 0; j < n; ++j) y[j * m + i] = x[i * n + j];
  return y;
}

/// The sizes a file states of itself, under the names of a config struct.
struct StatedConfig {
  std::string family;  ///< "llama", "mistral", "qwen2", "qwen3", "gpt2", "bert", "t5"
  Index vocabulary = 0, width = 0, blocks = 0, heads = 0, groups = 0, head_width = 0, feed_forward = 0, positions = 0, token_types = 0, classes = 0, encoder_blocks = 0, buckets = 0, farthest = 0;
  bool gated = false;
  double rope_base = 10'000, norm_epsilon = 1e-6, rope_factor = 1, rope_low = 1, rope_high = 4;
  Index rope_original = 0, window = 0;
  bool head_norm = false, tied_head = false, qkv_bias = false, output_bias = false, mlp_bias = false;
};

/// A model on disk.
class ModelFiles {
 public:
  explicit ModelFiles(const std::filesystem::path& path) : path_(path) {
    if (std::filesystem::is_directory(path)) open_folder();
    else if (path.extension() == ".gguf") open_gguf();
    else fail(path.string(), ": a model is a .gguf file or a Hugging Face folder with config.json and model.safetensors",
              std::filesystem::exists(path) ? "" : " (and there is nothing of this name)");
  }

  [[nodiscard]] const StatedConfig& config() const { return config_; }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
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
  [[nodiscard]] std::string file_name(const std::string& name) const {
    if (gguf_) return gguf_name(name);
    // A model without a head has no root in its names.
    if (const auto root = name.find('.'); !merged_.contains(name) && merged_.contains(name.substr(root + 1))) return name.substr(root + 1);
    return name;
  }

  /// Its elements in Hugging Face's row order.
  [[nodiscard]] std::vector<float> read(const std::string& name) const {
    const StoredTensor& tensor = *find(name);
    auto values = to_floats(tensor, file_name(name));
    if (config_.family == "gpt2" && is_stored_by_columns(name)) return transposed(values, tensor.shape[1], tensor.shape[0]);
    return in_order(name, std::move(values), tensor.shape.size() == 2 ? tensor.shape[1] : 1);
  }
  /// Its bytes as they are in the file, rows in the same order.
  [[nodiscard]] std::vector<std::byte> read_bytes(const std::string& name) const {
    const StoredTensor& tensor = *find(name);
    return in_order(name, std::vector<std::byte>(tensor.data, tensor.data + tensor.bytes), tensor.bytes / tensor.shape[0]);
  }

  [[nodiscard]] const TensorMap& tensors() const { return gguf_ ? gguf_->content.tensors : merged_; }

 private:
  /// GGUF has the rows of Llama's queries and keys in another order.
  template <class E>
  [[nodiscard]] std::vector<E> in_order(const std::string& name, std::vector<E> rows, Index row_length) const {
    const bool query = name.find("self_attn.q_proj.") != std::string::npos, key = name.find("self_attn.k_proj.") != std::string::npos;
    return gguf_ && config_.family == "llama" && (query || key) ? unpermuted(rows, query ? config_.heads : config_.groups, row_length) : rows;
  }

  [[gnu::cold]] void open_gguf() {
    gguf_.emplace(path_);
    const Gguf& g = gguf_->content;
    const auto& family = g.get<std::string>("general.architecture");
    if (family != "llama" && family != "qwen2") fail(g.source, ": general.architecture is \"", family, "\"; graft reads llama and qwen2 from GGUF");
    if (const auto factors = g.tensors.find("rope_freqs.weight"); factors != g.tensors.end())
      for (const float f : to_floats(factors->second, "rope_freqs.weight"))
        if (f != 1.0F) fail(g.source, ": rope_freqs.weight scales rotary positions; graft reads that from the config.json of a Hugging Face folder only");
    const auto size = [&](const std::string& key) {
      const auto n = g.get<std::int64_t>(family + "." + key);
      if (n <= 0) fail(g.source, ": ", family, ".", key, " is ", n);
      return static_cast<Index>(n);
    };
    const auto embedding = g.tensors.find("token_embd.weight");
    if (embedding == g.tensors.end() || embedding->second.shape.size() != 2) fail(g.source, ": there is no token_embd.weight in it");
    config_ = {.family = family, .vocabulary = embedding->second.shape[0], .width = size("embedding_length"), .blocks = size("block_count"),
               .heads = size("attention.head_count"), .groups = size("attention.head_count_kv"), .feed_forward = size("feed_forward_length")};
    config_.head_width = static_cast<Index>(g.get_or<std::int64_t>(family + ".attention.key_length", static_cast<std::int64_t>(config_.width / config_.heads)));
    config_.rope_base = g.get_or<double>(family + ".rope.freq_base", 10'000.0);
    config_.norm_epsilon = g.get<double>(family + ".attention.layer_norm_rms_epsilon");
    config_.tied_head = !g.tensors.contains("output.weight");
    config_.qkv_bias = g.tensors.contains("blk.0.attn_q.bias");
    config_.output_bias = g.tensors.contains("blk.0.attn_output.bias");
    config_.mlp_bias = g.tensors.contains("blk.0.ffn_up.bias");
  }

  [[gnu::cold]] void open_folder() {
    const auto source = (path_ / "config.json").string();
    json_ = read_json(source);
    const auto family = required<std::string>(json_, "model_type", source);
    if (family == "llama" || family == "mistral" || family == "qwen2" || family == "qwen3") read_llama(source);
    else if (family == "gpt2") read_gpt2(source);
    else if (family == "bert") read_bert(source);
    else if (family == "t5") read_t5(source);
    else fail(source, ": model_type is \"", family, "\"; graft knows llama, mistral, qwen2, qwen3, gpt2, bert and t5");
    open_tensors();
  }

  [[gnu::cold]] void read_llama(const std::string& source) {
    const auto size = [&](const char* key) { return required<Index>(json_, key, source); };
    config_ = {.family = required<std::string>(json_, "model_type", source), .vocabulary = size("vocab_size"), .width = size("hidden_size"),
               .blocks = size("num_hidden_layers"), .heads = size("num_attention_heads"),
               .groups = optional<Index>(json_, "num_key_value_heads", size("num_attention_heads"), source), .feed_forward = size("intermediate_size")};
    if (config_.heads == 0) fail(source, ": num_attention_heads is 0");
    config_.head_width = optional<Index>(json_, "head_dim", config_.width / config_.heads, source);
    config_.rope_base = optional<double>(json_, "rope_theta", 10'000.0, source);
    config_.norm_epsilon = optional<double>(json_, "rms_norm_eps", 1e-6, source);
    config_.tied_head = optional<bool>(json_, "tie_word_embeddings", false, source);
    config_.qkv_bias = optional<bool>(json_, "attention_bias", config_.family == "qwen2", source);
    config_.output_bias = config_.family != "qwen2" && config_.qkv_bias;
    config_.mlp_bias = optional<bool>(json_, "mlp_bias", false, source);
    config_.head_norm = config_.family == "qwen3";
    // Qwen says whether its window is used; Mistral's is where it is.
    if (config_.family == "mistral" || optional<bool>(json_, "use_sliding_window", false, source)) config_.window = optional<Index>(json_, "sliding_window", 0, source);
    if (json_.contains("rope_scaling") && !json_.at("rope_scaling").is_null()) read_rope_scaling(json_.at("rope_scaling"), source + ": rope_scaling");
    expect(source, "hidden_act", "silu");
  }

  [[gnu::cold]] void read_rope_scaling(const Json& scaling, const std::string& source) {
    const auto kind = optional<std::string>(scaling, "rope_type", optional<std::string>(scaling, "type", "", source), source);
    if (kind == "default") return;
    if (kind != "linear" && kind != "llama3") fail(source, " is \"", kind, "\"; graft knows linear and llama3");
    config_.rope_factor = required<double>(scaling, "factor", source);
    if (kind == "linear") return;
    config_.rope_low = required<double>(scaling, "low_freq_factor", source);
    config_.rope_high = required<double>(scaling, "high_freq_factor", source);
    config_.rope_original = required<Index>(scaling, "original_max_position_embeddings", source);
  }

  [[gnu::cold]] void read_gpt2(const std::string& source) {
    const auto size = [&](const char* key) { return required<Index>(json_, key, source); };
    config_ = {.family = "gpt2", .vocabulary = size("vocab_size"), .width = size("n_embd"), .blocks = size("n_layer"), .heads = size("n_head"), .groups = size("n_head"),
               .feed_forward = optional<Index>(json_, "n_inner", 4 * size("n_embd"), source), .positions = optional<Index>(json_, "n_positions", 1024, source)};
    if (config_.heads == 0) fail(source, ": n_head is 0");
    config_.head_width = config_.width / config_.heads;
    config_.norm_epsilon = optional<double>(json_, "layer_norm_epsilon", 1e-5, source);
    config_.tied_head = optional<bool>(json_, "tie_word_embeddings", true, source);
    expect(source, "activation_function", "gelu_new");
    expect(source, "scale_attn_weights", true);
    expect(source, "scale_attn_by_inverse_layer_idx", false);
    expect(source, "add_cross_attention", false);
  }

  [[gnu::cold]] void read_bert(const std::string& source) {
    const auto size = [&](const char* key) { return required<Index>(json_, key, source); };
    config_ = {.family = "bert", .vocabulary = size("vocab_size"), .width = size("hidden_size"), .blocks = size("num_hidden_layers"), .heads = size("num_attention_heads"),
               .groups = size("num_attention_heads"), .feed_forward = size("intermediate_size"), .positions = optional<Index>(json_, "max_position_embeddings", 512, source),
               .token_types = optional<Index>(json_, "type_vocab_size", 2, source), .classes = json_.contains("id2label") ? json_.at("id2label").size() : 2};
    if (config_.heads == 0) fail(source, ": num_attention_heads is 0");
    config_.head_width = config_.width / config_.heads;
    config_.norm_epsilon = optional<double>(json_, "layer_norm_eps", 1e-12, source);
    expect(source, "hidden_act", "gelu");
    expect(source, "position_embedding_type", "absolute");
    expect(source, "is_decoder", false);
  }

  [[gnu::cold]] void read_t5(const std::string& source) {
    const auto size = [&](const char* key) { return required<Index>(json_, key, source); };
    config_ = {.family = "t5", .vocabulary = size("vocab_size"), .width = size("d_model"), .blocks = optional<Index>(json_, "num_decoder_layers", size("num_layers"), source), .heads = size("num_heads"),
               .groups = size("num_heads"), .head_width = size("d_kv"), .feed_forward = size("d_ff"), .encoder_blocks = size("num_layers"),
               .buckets = optional<Index>(json_, "relative_attention_num_buckets", 32, source), .farthest = optional<Index>(json_, "relative_attention_max_distance", 128, source)};
    config_.norm_epsilon = optional<double>(json_, "layer_norm_epsilon", 1e-6, source);
    config_.tied_head = optional<bool>(json_, "tie_word_embeddings", true, source);
    const auto feeds = optional<std::string>(json_, "feed_forward_proj", "relu", source);
    if (feeds != "relu" && feeds != "gated-gelu") fail(source, ": feed_forward_proj is \"", feeds, "\"; graft's t5 has relu and gated-gelu");
    config_.gated = feeds == "gated-gelu";
  }

  /// Throws where a key says something that this family's type does not do.
  template <class V>
  void expect(const std::string& source, const char* key, const V& wanted) const {
    if (json_.contains(key) && !json_.at(key).is_null() && json_.at(key) != Json(wanted)) fail(source, ": ", key, " is ", json_.at(key).dump(), "; graft's ", config_.family, " has ", Json(wanted).dump());
  }

  [[gnu::cold]] void open_tensors() {
    const auto single = path_ / "model.safetensors", index = path_ / "model.safetensors.index.json";
    if (std::filesystem::exists(single)) {
      open_shard(single);
    } else if (std::filesystem::exists(index)) {
      std::set<std::string> shards;
      const Json map = read_json(index);
      if (!map.contains("weight_map") || !map.at("weight_map").is_object()) fail(index.string(), ": there is no \"weight_map\" in it");
      for (const auto& [tensor, shard] : map.at("weight_map").items()) {
        if (!shard.is_string() || shard.get<std::string>().find('/') != std::string::npos) fail(index.string(), ": \"", tensor, "\" names no file of this folder");
        shards.insert(shard.get<std::string>());
      }
      for (const auto& shard : shards) open_shard(path_ / shard);
    } else {
      fail(path_.string(), ": there is neither model.safetensors nor model.safetensors.index.json in it");
    }
    join_bitsandbytes(merged_, joined_, path_.string());
    if (config_.family == "gpt2")
      for (auto& [name, tensor] : merged_)
        if (is_stored_by_columns(name) && tensor.shape.size() == 2) std::swap(tensor.shape[0], tensor.shape[1]);  // `read` turns their elements
  }

  [[gnu::cold]] void open_shard(const std::filesystem::path& path) {
    shards_.push_back(std::make_unique<SafetensorsFile>(path));
    for (const auto& [name, tensor] : shards_.back()->tensors)
      if (!merged_.emplace(name, tensor).second) fail(path.string(), ": \"", name, "\" is in another shard too");
  }

  std::filesystem::path path_;
  std::optional<GgufFile> gguf_;
  std::vector<std::unique_ptr<SafetensorsFile>> shards_;
  TensorMap merged_;
  std::deque<std::vector<std::byte>> joined_;
  StatedConfig config_;
  Json json_;
};

}  // namespace graft
