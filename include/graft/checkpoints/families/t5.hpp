/// \file
/// T5's files.
#pragma once

#include <graft/checkpoints/base/config_json.hpp>
#include <graft/checkpoints/base/config_struct.hpp>
#include <graft/checkpoints/base/module_list.hpp>

namespace graft {

[[gnu::cold]] inline void read_t5(ConfigJson& config) {
  StatedConfig& c = config.stated();
  c.vocabulary = config.size("vocab_size"), c.width = config.size("d_model"),
  c.encoder_blocks = config.size("num_layers"), c.heads = c.groups = config.size("num_heads"),
  c.head_width = config.size("d_kv"), c.feed_forward = config.size("d_ff");
  c.blocks = config.option<Index>("num_decoder_layers", c.encoder_blocks);
  c.buckets = config.option<Index>("relative_attention_num_buckets", 32),
  c.farthest = config.option<Index>("relative_attention_max_distance", 128);
  c.norm_epsilon = config.option("layer_norm_epsilon", 1e-6);
  c.tied_head = config.option("tie_word_embeddings", true);
  c.scaled_head = config.option("scale_decoder_outputs", c.tied_head);
  const auto feeds = config.option<std::string>("feed_forward_proj", "relu");
  if (feeds != "relu" && feeds != "gated-gelu")
    fail(config.source(), ": feed_forward_proj is \"", feeds, "\"; graft's t5 has relu and gated-gelu");
  c.gated = feeds == "gated-gelu";
}

[[gnu::cold]] inline void write_t5(ConfigStruct& out, const StatedConfig& c) {
  out.sizes({{"encoder_blocks", c.encoder_blocks}, {"buckets", c.buckets}, {"farthest", c.farthest}});
  out.flags({{"scaled_head", c.scaled_head}, {"gated", c.gated}});
}

[[gnu::cold]] inline void list_t5_modules(ModuleList& all) {
  const StatedConfig& c = all.config();
  const Index inner = c.heads * c.head_width;
  all.embedding("shared", "TokenEmbedding", c.vocabulary);
  for (const bool decodes : {false, true}) {
    const std::string root = decodes ? "decoder." : "encoder.";
    for (Index b = 0; b < (decodes ? c.blocks : c.encoder_blocks); ++b) {
      const auto block = static_cast<std::ptrdiff_t>(decodes ? c.encoder_blocks + b : b);
      const std::string at = root + "block." + std::to_string(b) + ".layer.", attention = at + "0.SelfAttention.",
                        mlp = at + (decodes ? "2." : "1.");
      for (const auto& [name, site] : {std::pair{"q", "Query"}, {"k", "Key"}, {"v", "Value"}})
        all.linear(attention + name, site, block, inner, c.width, false);
      all.linear(attention + "o", "Output", block, c.width, inner, false);
      if (b == 0)
        all.add({attention + "relative_attention_bias", "RelativeBias", -1, ModuleKind::embedding, c.buckets, c.heads,
                 false});
      all.norm(at + "0.layer_norm", "InputNorm", block, false);
      if (decodes) {
        const std::string cross = at + "1.EncDecAttention.";
        for (const auto& [name, site] : {std::pair{"q", "CrossQuery"}, {"k", "CrossKey"}, {"v", "CrossValue"}})
          all.linear(cross + name, site, block, inner, c.width, false);
        all.linear(cross + "o", "CrossOutput", block, c.width, inner, false);
        all.norm(at + "1.layer_norm", "CrossNorm", block, false);
      }
      if (c.gated) all.linear(mlp + "DenseReluDense.wi_0", "Gate", block, c.feed_forward, c.width, false);
      all.linear(mlp + (c.gated ? "DenseReluDense.wi_1" : "DenseReluDense.wi"), "Up", block, c.feed_forward, c.width,
                 false);
      all.linear(mlp + "DenseReluDense.wo", "Down", block, c.width, c.feed_forward, false);
      all.norm(mlp + "layer_norm", "MlpNorm", block, false);
    }
    all.norm(root + "final_layer_norm", "FinalNorm", -1, false);
  }
  all.linear("lm_head", "Head", -1, c.vocabulary, c.width, false);
}

namespace families {

inline constexpr std::string_view t5_blocks[] = {"encoder.block.", "decoder.block."}, t5_parts[] = {"shared"};

inline constexpr FamilyDescription t5{.name = "t5",
                                      .type = "T5",
                                      .header = "t5",
                                      .in_python = "T5",
                                      .kind = FamilyKind::pair,
                                      .read = read_t5,
                                      .write = write_t5,
                                      .list_modules = list_t5_modules,
                                      .root = "",
                                      .embedding = "shared",
                                      .block_beginnings = t5_blocks,
                                      .part_beginnings = t5_parts,
                                      .head_scale_key = "scale_decoder_outputs",
                                      .vocabulary = {.begins = false, .ends = true}};

}  // namespace families

}  // namespace graft
