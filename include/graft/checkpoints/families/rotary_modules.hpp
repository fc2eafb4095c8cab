/// \file
/// The modules of families with rotary positions, as Hugging Face names them, and what their config structs have beyond
/// those of all.
#pragma once

#include <graft/checkpoints/base/config_struct.hpp>
#include <graft/checkpoints/base/module_list.hpp>

namespace graft {

inline constexpr std::string_view rotary_blocks[] = {"model.layers.", "transformer.layers."},
                                  rotary_parts[] = {"model.embed_tokens", "model.norm"},
                                  rotary_heads[] = {"score.", "lm_head."};

/// How blocks differ.
struct RotaryModules {
  bool fused = false;          ///< query, key and value are one layer, and so are gate and up
  bool norms_outputs = false;  ///< norms stand behind attention and the feed-forward layers, too
};

[[gnu::cold]] inline void list_rotary_modules(ModuleList& all, const RotaryModules& made = {}) {
  const StatedConfig& c = all.config();
  const std::string root = all.root() + ".";
  const Index queries = c.heads * c.head_width, keys = c.groups * c.head_width;
  all.embedding(root + "embed_tokens", "TokenEmbedding", c.vocabulary);
  for (Index b = 0; b < c.blocks; ++b) {
    const auto block = static_cast<std::ptrdiff_t>(b);
    const std::string at = root + "layers." + std::to_string(b) + ".", attention = at + "self_attn.", mlp = at + "mlp.";
    all.norm(at + "input_layernorm", "InputNorm", block, false);
    if (made.fused) {
      all.linear(attention + "qkv_proj", "QueryKeyValue", block, queries + 2 * keys, c.width, false);
    } else {
      all.linear(attention + "q_proj", "Query", block, queries, c.width, c.qkv_bias);
      all.linear(attention + "k_proj", "Key", block, keys, c.width, c.qkv_bias);
      all.linear(attention + "v_proj", "Value", block, keys, c.width, c.qkv_bias);
    }
    if (c.head_norm) {
      for (const auto& [name, site] : {std::pair{"q_norm", "QueryNorm"}, {"k_norm", "KeyNorm"}})
        all.add({attention + name, site, block, ModuleKind::norm, c.head_width, 0, false});
    }
    all.linear(attention + "o_proj", "Output", block, c.width, queries, c.output_bias);
    all.norm(at + "post_attention_layernorm", made.norms_outputs ? "AttentionOutputNorm" : "MlpNorm", block, false);
    if (made.norms_outputs) all.norm(at + "pre_feedforward_layernorm", "MlpNorm", block, false);
    if (made.fused) {
      all.linear(mlp + "gate_up_proj", "GateUp", block, 2 * c.feed_forward, c.width, false);
    } else {
      all.linear(mlp + "gate_proj", "Gate", block, c.feed_forward, c.width, c.mlp_bias);
      all.linear(mlp + "up_proj", "Up", block, c.feed_forward, c.width, c.mlp_bias);
    }
    all.linear(mlp + "down_proj", "Down", block, c.width, c.feed_forward, c.mlp_bias);
    if (made.norms_outputs) all.norm(at + "post_feedforward_layernorm", "MlpOutputNorm", block, false);
  }
  all.norm(root + "norm", "FinalNorm", -1, false);
  all.decoder_head("score");
}

[[gnu::cold]] inline void write_rotary_members(ConfigStruct& out, const StatedConfig& c) {
  out.reals({{"rope_base", c.rope_base},
             {"rope_factor", c.rope_factor, 1},
             {"rope_low", c.rope_low, 1},
             {"rope_high", c.rope_high, 4}});
  out.reals({{"rope_ramp_begin", c.rope_ramp_begin, 0},
             {"rope_ramp_end", c.rope_ramp_end, 0},
             {"rope_amplitude", c.rope_amplitude, 1}});
  out.divisors("rope_short", c.rope_short);
  out.divisors("rope_long", c.rope_long);
  out.sizes({{"rotary_width", c.rotary_width, 0},
             {"rope_original", c.rope_original, 0},
             {"window", c.window, 0},
             {"full_every", c.full_every, 0}});
}

}  // namespace graft
