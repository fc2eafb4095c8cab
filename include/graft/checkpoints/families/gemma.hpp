/// \file
/// The files of Gemma 2, and of Gemma 3's models of text.
#pragma once

#include <graft/checkpoints/families/rotary.hpp>
#include <graft/checkpoints/families/rotary_modules.hpp>

namespace graft {

/// `cap_of_scores`, `cap_of_logits`: of configs that do not speak of them.
[[gnu::cold]] inline void read_gemma(ConfigJson& config, RotaryUsual usual, double cap_of_scores, double cap_of_logits,
                                     const char* pattern_key, Index pattern) {
  usual.head_width = 256, usual.tied_head = true;
  usual.windows = RotaryUsual::Window::stated, usual.window = 4096;
  read_rotary(config, usual);
  StatedConfig& c = config.stated();
  if (c.qkv_bias) fail(config.source(), ": attention_bias is set; graft's ", c.family, " has no biases");
  const auto cap = [&config](const char* key, double otherwise) {
    return config.option(key, config.json().contains(key) ? 0.0 : otherwise);
  };
  c.attention_scale = 1 / std::sqrt(config.option("query_pre_attn_scalar", 256.0));
  c.attention_cap = cap("attn_logit_softcapping", cap_of_scores);
  c.logit_cap = cap("final_logit_softcapping", cap_of_logits);
  if (!usual.by_kind_of_block) c.local_rope_base = c.rope_base;
  config.expect("hidden_activation", "gelu_pytorch_tanh");
  config.expect("use_bidirectional_attention", false);
  if (c.window > 0) read_layer_types(config, pattern_key == nullptr ? pattern : config.option(pattern_key, pattern));
}

[[gnu::cold]] inline void write_gemma(ConfigStruct& out, const StatedConfig& c) {
  write_rotary_members(out, c);
  out.reals({{"local_rope_base", c.local_rope_base, 10'000},
             {"attention_scale", c.attention_scale},
             {"attention_cap", c.attention_cap, 0},
             {"logit_cap", c.logit_cap, 0}});
  out.flags({{"head_norm", c.head_norm, 0}});
}

namespace families {

inline constexpr std::string_view normed_inputs[] = {".pre_feedforward_layernorm."};

[[nodiscard]] constexpr FamilyDescription of_gemma(FamilyDescription own) {
  own.type = "Gemma", own.header = "gemma";
  own.write = write_gemma;
  own.list_modules = [](ModuleList& all) { list_rotary_modules(all, {.norms_outputs = true}); };
  own.block_beginnings = rotary_blocks, own.part_beginnings = rotary_parts, own.head_beginnings = rotary_heads;
  own.told_by = normed_inputs;
  own.ties_head = true, own.lacks_answers = true;
  return own;
}

inline constexpr FamilyDescription gemma2 =
    of_gemma({.name = "gemma2", .in_python = "Gemma2", .read = [](ConfigJson& config) {
                read_gemma(config, {}, 50, 30, nullptr, 2);
              }});
inline constexpr FamilyDescription gemma3 =
    of_gemma({.name = "gemma3_text",
              .in_python = "Gemma3",
              .read =
                  [](ConfigJson& config) {
                    read_gemma(config, {.rope_base = 1e6, .head_norm = true, .by_kind_of_block = true}, 0, 0,
                               "sliding_window_pattern", 6);
                  },
              .told_with = ".q_norm.",
              .class_apart = {Task::text_class, "Gemma3TextForSequenceClassification"}});

}  // namespace families

}  // namespace graft
