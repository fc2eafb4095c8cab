/// \file
/// GPT-2's files, whose linear layers' weights are stored (In,Out).
#pragma once

#include <graft/checkpoints/base/config_json.hpp>
#include <graft/checkpoints/base/config_struct.hpp>
#include <graft/checkpoints/base/module_list.hpp>

namespace graft {

[[gnu::cold]] inline void read_gpt2(ConfigJson& config) {
  StatedConfig& c = config.stated();
  c.vocabulary = config.size("vocab_size"), c.width = config.size("n_embd"), c.blocks = config.size("n_layer"),
  c.heads = c.groups = config.size("n_head");
  c.feed_forward = config.option<Index>("n_inner", 4 * c.width);
  c.positions = config.option<Index>("n_positions", 1024);
  c.norm_epsilon = config.option("layer_norm_epsilon", 1e-5);
  c.tied_head = config.option("tie_word_embeddings", true);
  config.expect("activation_function", "gelu_new");
  config.expect("scale_attn_weights", true);
  config.expect("scale_attn_by_inverse_layer_idx", false);
  config.expect("add_cross_attention", false);
}

[[gnu::cold]] inline void list_gpt2_modules(ModuleList& all) {
  const StatedConfig& c = all.config();
  all.embedding("transformer.wte", "TokenEmbedding", c.vocabulary);
  all.embedding("transformer.wpe", "PositionEmbedding", c.positions);
  for (Index b = 0; b < c.blocks; ++b) {
    const auto block = static_cast<std::ptrdiff_t>(b);
    const std::string at = "transformer.h." + std::to_string(b) + ".";
    all.norm(at + "ln_1", "InputNorm", block, true);
    all.linear(at + "attn.c_attn", "QueryKeyValue", block, 3 * c.width, c.width, true);
    all.linear(at + "attn.c_proj", "Output", block, c.width, c.width, true);
    all.norm(at + "ln_2", "MlpNorm", block, true);
    all.linear(at + "mlp.c_fc", "Up", block, c.feed_forward, c.width, true);
    all.linear(at + "mlp.c_proj", "Down", block, c.width, c.feed_forward, true);
  }
  all.norm("transformer.ln_f", "FinalNorm", -1, true);
  all.decoder_head("classifier");
}

namespace families {

inline constexpr std::string_view gpt2_blocks[] = {"transformer.h."},
                                  gpt2_parts[] = {"transformer.wte", "transformer.wpe"},
                                  gpt2_columns_first[] = {".c_attn.weight", ".c_proj.weight", ".c_fc.weight"};

inline constexpr FamilyDescription gpt2{
    .name = "gpt2",
    .type = "Gpt2",
    .header = "gpt2",
    .in_python = "GPT2",
    .read = read_gpt2,
    .write = [](ConfigStruct& out, const StatedConfig& c) { out.sizes({{"positions", c.positions}}); },
    .list_modules = list_gpt2_modules,
    .root = "transformer",
    .answering_root = "transformer",
    .embedding = "transformer.wte",
    .block_beginnings = gpt2_blocks,
    .part_beginnings = gpt2_parts,
    .columns_first = gpt2_columns_first,
    .ties_head = true,
    .queries_of_own_width = false,
    .class_apart = {Task::next_token, "GPT2LMHeadModel"},
    .vocabulary = {.split = "gpt-2", .end = "<|endoftext|>"}};

}  // namespace families

}  // namespace graft
