/// \file
/// The modules of a model as Hugging Face names them: what the rules of adapters' configs match
/// (checkpoints/base/module_rules.hpp), and which site of graft's each one is. A test holds the list against each_site
/// of every family's type.
#pragma once

#include <graft/checkpoints/base/stated_config.hpp>

#include <charconv>
#include <set>

namespace graft {

enum class ModuleKind { linear, embedding, norm, group };

struct Module {
  std::string path;           ///< "model.layers.0.self_attn.q_proj"
  std::string_view site{};    ///< "Query"; empty where graft has no layer of its own for it
  std::ptrdiff_t block = -1;  ///< of T5's decoder counted on from the encoder's last; −1: outside of blocks
  ModuleKind kind = ModuleKind::linear;
  Index out = 0, in = 0;
  bool bias = false;
};

/// What the names of a decoder's modules begin with: "model", and in models of answers of some families "transformer".
[[nodiscard, gnu::cold]] inline std::string decoder_root(const StatedConfig& c) {
  const bool renamed = c.family == "llama" || c.family == "qwen2" || c.family == "qwen3" || c.family == "smollm3";
  return renamed && task_of(c) == Task::answer ? "transformer" : "model";
}

/// More than any model has: a file that states more is broken, or means harm.
inline constexpr Index most_blocks = 10'000;

/// The first number in a path: that of a block; −1: none.
[[nodiscard, gnu::cold]] inline std::ptrdiff_t block_in(const std::string& path) {
  for (Index at = 0; at < path.size(); at = std::min(path.find('.', at), path.size() - 1) + 1)
    if (path[at] >= '0' && path[at] <= '9') {
      std::ptrdiff_t block = -1;
      std::from_chars(path.data() + at, path.data() + path.size(), block);
      return block;
    }
  return -1;
}

/// The same in a model of this config, where the decoder's blocks are counted on from the encoder's last.
template <class Config>
[[nodiscard]] std::ptrdiff_t block_among_all(const std::string& path) {
  auto block = block_in(path);
  if constexpr (requires { Config::encoder_blocks; })
    if (block >= 0 && path.starts_with("decoder.")) block += static_cast<std::ptrdiff_t>(Config::encoder_blocks);
  return block;
}

/// Adds what modules stand in.
[[gnu::cold]] inline void add_groups(std::vector<Module>& modules) {
  std::set<std::string> groups;
  for (const auto& m : modules)
    for (auto dot = m.path.find('.'); dot != std::string::npos; dot = m.path.find('.', dot + 1))
      groups.insert(m.path.substr(0, dot));
  for (const auto& group : groups) modules.push_back({.path = group, .kind = ModuleKind::group});
}

/// Makes the list.
class ModuleList {
 public:
  [[gnu::cold]] explicit ModuleList(const StatedConfig& config) : c_(config), task_(task_of(config)) {
    if (c_.blocks > most_blocks || c_.encoder_blocks > most_blocks)
      fail("a model of ", std::max(c_.blocks, c_.encoder_blocks), " blocks is none of ours: no family has more than ",
           most_blocks);
    if (c_.family == "gpt2") gpt2();
    else if (c_.family == "bert" || c_.family == "roberta") bert();
    else if (c_.family == "t5") t5();
    else rotary();
    add_groups(all_);
  }
  [[nodiscard]] std::vector<Module> list() && { return std::move(all_); }

 private:
  using Sites = std::string_view;

  void linear(const std::string& path, Sites site, std::ptrdiff_t block, Index out, Index in, bool bias) {
    all_.push_back({path, site, block, ModuleKind::linear, out, in, bias});
  }
  void embedding(const std::string& path, Sites site, Index rows) {
    all_.push_back({path, site, -1, ModuleKind::embedding, rows, c_.width, false});
  }
  void norm(const std::string& path, Sites site, std::ptrdiff_t block, bool bias) {
    all_.push_back({path, site, block, ModuleKind::norm, c_.width, 0, bias});
  }

  /// What a decoder has behind its last block, under the names of its task.
  void decoder_head(const char* of_tokens) {
    if (task_ == Task::text_class) linear("score", "Head", -1, c_.classes, c_.width, false);
    else if (task_ == Task::token_class) linear(of_tokens, "Head", -1, c_.classes, c_.width, true);
    else if (task_ == Task::answer) linear("qa_outputs", "Head", -1, 2, c_.width, true);
    else linear("lm_head", "Head", -1, c_.vocabulary, c_.width, false);
  }

  void rotary() {
    const std::string root = decoder_root(c_) + ".";
    const bool phi3 = c_.family == "phi3", gemma = c_.family == "gemma2" || c_.family == "gemma3_text";
    const Index queries = c_.heads * c_.head_width, keys = c_.groups * c_.head_width;
    embedding(root + "embed_tokens", "TokenEmbedding", c_.vocabulary);
    for (Index b = 0; b < c_.blocks; ++b) {
      const auto block = static_cast<std::ptrdiff_t>(b);
      const std::string at = root + "layers." + std::to_string(b) + ".", attention = at + "self_attn.",
                        mlp = at + "mlp.";
      norm(at + "input_layernorm", "InputNorm", block, false);
      if (phi3) {
        linear(attention + "qkv_proj", "QueryKeyValue", block, queries + 2 * keys, c_.width, false);
      } else {
        linear(attention + "q_proj", "Query", block, queries, c_.width, c_.qkv_bias);
        linear(attention + "k_proj", "Key", block, keys, c_.width, c_.qkv_bias);
        linear(attention + "v_proj", "Value", block, keys, c_.width, c_.qkv_bias);
      }
      if (c_.head_norm) {
        for (const auto& [name, site] : {std::pair{"q_norm", "QueryNorm"}, {"k_norm", "KeyNorm"}})
          all_.push_back({attention + name, site, block, ModuleKind::norm, c_.head_width, 0, false});
      }
      linear(attention + "o_proj", "Output", block, c_.width, queries, c_.output_bias);
      norm(at + "post_attention_layernorm", gemma ? "AttentionOutputNorm" : "MlpNorm", block, false);
      if (gemma) norm(at + "pre_feedforward_layernorm", "MlpNorm", block, false);
      if (phi3) {
        linear(mlp + "gate_up_proj", "GateUp", block, 2 * c_.feed_forward, c_.width, false);
      } else {
        linear(mlp + "gate_proj", "Gate", block, c_.feed_forward, c_.width, c_.mlp_bias);
        linear(mlp + "up_proj", "Up", block, c_.feed_forward, c_.width, c_.mlp_bias);
      }
      linear(mlp + "down_proj", "Down", block, c_.width, c_.feed_forward, c_.mlp_bias);
      if (gemma) norm(at + "post_feedforward_layernorm", "MlpOutputNorm", block, false);
    }
    norm(root + "norm", "FinalNorm", -1, false);
    decoder_head("score");
  }

  void gpt2() {
    embedding("transformer.wte", "TokenEmbedding", c_.vocabulary);
    embedding("transformer.wpe", "PositionEmbedding", c_.positions);
    for (Index b = 0; b < c_.blocks; ++b) {
      const auto block = static_cast<std::ptrdiff_t>(b);
      const std::string at = "transformer.h." + std::to_string(b) + ".";
      norm(at + "ln_1", "InputNorm", block, true);
      linear(at + "attn.c_attn", "QueryKeyValue", block, 3 * c_.width, c_.width, true);
      linear(at + "attn.c_proj", "Output", block, c_.width, c_.width, true);
      norm(at + "ln_2", "MlpNorm", block, true);
      linear(at + "mlp.c_fc", "Up", block, c_.feed_forward, c_.width, true);
      linear(at + "mlp.c_proj", "Down", block, c_.width, c_.feed_forward, true);
    }
    norm("transformer.ln_f", "FinalNorm", -1, true);
    decoder_head("classifier");
  }

  void bert() {
    const bool roberta = c_.family == "roberta";
    const std::string root = task_ == Task::embedding ? ""
                             : roberta                ? "roberta."
                                                      : "bert.",
                      embeddings = root + "embeddings.";
    embedding(embeddings + "word_embeddings", "TokenEmbedding", c_.vocabulary);
    embedding(embeddings + "position_embeddings", "PositionEmbedding", c_.positions);
    embedding(embeddings + "token_type_embeddings", "TokenTypeEmbedding", c_.token_types);
    norm(embeddings + "LayerNorm", "EmbeddingNorm", -1, true);
    for (Index b = 0; b < c_.blocks; ++b) {
      const auto block = static_cast<std::ptrdiff_t>(b);
      const std::string at = root + "encoder.layer." + std::to_string(b) + ".";
      linear(at + "attention.self.query", "Query", block, c_.width, c_.width, true);
      linear(at + "attention.self.key", "Key", block, c_.width, c_.width, true);
      linear(at + "attention.self.value", "Value", block, c_.width, c_.width, true);
      linear(at + "attention.output.dense", "Output", block, c_.width, c_.width, true);
      norm(at + "attention.output.LayerNorm", "MlpNorm", block, true);
      linear(at + "intermediate.dense", "Up", block, c_.feed_forward, c_.width, true);
      linear(at + "output.dense", "Down", block, c_.width, c_.feed_forward, true);
      norm(at + "output.LayerNorm", "OutputNorm", block, true);
    }
    if (task_ == Task::text_class) {
      linear(roberta ? "classifier.dense" : "bert.pooler.dense", "Pooler", -1, c_.width, c_.width, true);
      linear(roberta ? "classifier.out_proj" : "classifier", "Head", -1, c_.classes, c_.width, true);
    } else if (task_ == Task::token_class) {
      linear("classifier", "Head", -1, c_.classes, c_.width, true);
    } else if (task_ == Task::answer) {
      linear("qa_outputs", "Head", -1, 2, c_.width, true);
    } else if (task_ == Task::fill_in) {
      linear(roberta ? "lm_head.dense" : "cls.predictions.transform.dense", "HeadTransform", -1, c_.width, c_.width,
             true);
      norm(roberta ? "lm_head.layer_norm" : "cls.predictions.transform.LayerNorm", "FinalNorm", -1, true);
      linear(roberta ? "lm_head.decoder" : "cls.predictions.decoder", "", -1, c_.vocabulary, c_.width, true);
    }
  }

  void t5() {
    const Index inner = c_.heads * c_.head_width;
    embedding("shared", "TokenEmbedding", c_.vocabulary);
    for (const bool decodes : {false, true}) {
      const std::string root = decodes ? "decoder." : "encoder.";
      for (Index b = 0; b < (decodes ? c_.blocks : c_.encoder_blocks); ++b) {
        const auto block = static_cast<std::ptrdiff_t>(decodes ? c_.encoder_blocks + b : b);
        const std::string at = root + "block." + std::to_string(b) + ".layer.", attention = at + "0.SelfAttention.",
                          mlp = at + (decodes ? "2." : "1.");
        for (const auto& [name, site] : {std::pair{"q", "Query"}, {"k", "Key"}, {"v", "Value"}})
          linear(attention + name, site, block, inner, c_.width, false);
        linear(attention + "o", "Output", block, c_.width, inner, false);
        if (b == 0)
          all_.push_back({attention + "relative_attention_bias", "RelativeBias", -1, ModuleKind::embedding, c_.buckets,
                          c_.heads, false});
        norm(at + "0.layer_norm", "InputNorm", block, false);
        if (decodes) {
          const std::string cross = at + "1.EncDecAttention.";
          for (const auto& [name, site] : {std::pair{"q", "CrossQuery"}, {"k", "CrossKey"}, {"v", "CrossValue"}})
            linear(cross + name, site, block, inner, c_.width, false);
          linear(cross + "o", "CrossOutput", block, c_.width, inner, false);
          norm(at + "1.layer_norm", "CrossNorm", block, false);
        }
        if (c_.gated) linear(mlp + "DenseReluDense.wi_0", "Gate", block, c_.feed_forward, c_.width, false);
        linear(mlp + (c_.gated ? "DenseReluDense.wi_1" : "DenseReluDense.wi"), "Up", block, c_.feed_forward, c_.width,
               false);
        linear(mlp + "DenseReluDense.wo", "Down", block, c_.width, c_.feed_forward, false);
        norm(mlp + "layer_norm", "MlpNorm", block, false);
      }
      norm(root + "final_layer_norm", "FinalNorm", -1, false);
    }
    linear("lm_head", "Head", -1, c_.vocabulary, c_.width, false);
  }

  const StatedConfig& c_;
  Task task_;
  std::vector<Module> all_;
};

[[nodiscard, gnu::cold]] inline std::vector<Module> modules_of(const StatedConfig& config) {
  return ModuleList(config).list();
}

}  // namespace graft
