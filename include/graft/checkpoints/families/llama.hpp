/// \file
/// Llama's files, and those of the families whose models are of graft's type Llama: Mistral's, Qwen2's, Qwen3's,
/// SmolLM3's.
#pragma once

#include <graft/checkpoints/families/rotary.hpp>
#include <graft/checkpoints/families/rotary_gguf.hpp>
#include <graft/checkpoints/families/rotary_modules.hpp>

namespace graft {

[[gnu::cold]] inline void read_no_rope_layers(ConfigJson& config) {
  const Json& json = config.json();
  StatedConfig& c = config.stated();
  const auto every = config.option<Index>("no_rope_layer_interval", 4);
  c.no_rope_every = every;
  if (!json.contains("no_rope_layers") || !json.at("no_rope_layers").is_array()) return;
  const Json& turned = json.at("no_rope_layers");  // 1 for blocks that do turn queries and keys
  for (Index i = 0; i < turned.size(); ++i)
    if (turned[i] != Json(every == 0 || (i + 1) % every != 0 ? 1 : 0))
      fail(config.source(), ": no_rope_layers: entry ", i, " is ", turned[i].dump(), ", and no_rope_layer_interval is ",
           every);
}

[[gnu::cold]] inline void read_llama(ConfigJson& config, const RotaryUsual& usual) {
  read_rotary(config, usual);
  expect_silu(config);
  if (config.stated().window > 0) read_layer_types(config, 0);
}
/// Llama and Mistral say into how many parts their products were split.
[[gnu::cold]] inline void read_unsplit(ConfigJson& config, const RotaryUsual& usual) {
  read_llama(config, usual);
  config.expect("pretraining_tp", 1);
}
[[gnu::cold]] inline void read_qwen(ConfigJson& config, RotaryUsual usual) {
  usual.windows = RotaryUsual::Window::switched;
  read_llama(config, usual);
  if (config.stated().window > 0 && !states_layer_types(config) && config.option<Index>("max_window_layers", 0) > 0)
    fail(config.source(), ": max_window_layers is set: graft's ", config.stated().family,
         " has the window in all blocks or in none");
}

[[gnu::cold]] inline void write_llama(ConfigStruct& out, const StatedConfig& c) {
  write_rotary_members(out, c);
  out.flags({{"qkv_bias", c.qkv_bias, 0},
             {"output_bias", c.output_bias, 0},
             {"mlp_bias", c.mlp_bias, 0},
             {"head_norm", c.head_norm, 0}});
  out.sizes({{"no_rope_every", c.no_rope_every, 0}});
}

namespace families {

/// What those of one type have alike.
[[nodiscard]] constexpr FamilyDescription of_llama(FamilyDescription own) {
  own.type = "Llama", own.header = "llama";
  own.write = write_llama;
  own.list_modules = [](ModuleList& all) { list_rotary_modules(all); };
  own.block_beginnings = rotary_blocks, own.part_beginnings = rotary_parts, own.head_beginnings = rotary_heads;
  return own;
}
[[nodiscard]] constexpr FamilyDescription with_gguf(FamilyDescription own) {
  own.read_gguf = read_rotary_gguf, own.config_of_gguf = config_of_rotary_gguf, own.gguf_names = rotary_gguf_names;
  return own;
}
inline constexpr std::string_view normed_queries[] = {".q_norm."};

inline constexpr FamilyDescription llama =
    with_gguf(of_llama({.name = "llama",
                        .in_python = "Llama",
                        .read = [](ConfigJson& config) { read_unsplit(config, {}); },
                        .answering_root = "transformer",
                        .gguf_reorders_heads = true}));
inline constexpr FamilyDescription mistral =
    of_llama({.name = "mistral", .in_python = "Mistral", .read = [](ConfigJson& config) {
                read_unsplit(config, {.windows = RotaryUsual::Window::stated});
              }});
inline constexpr FamilyDescription qwen2 =
    with_gguf(of_llama({.name = "qwen2",
                        .in_python = "Qwen2",
                        .read = [](ConfigJson& config) { read_qwen(config, {.qkv_bias = true, .output_bias = false}); },
                        .answering_root = "transformer",
                        .vocabulary = {.split = "qwen2", .composed = true}}));
inline constexpr FamilyDescription qwen3 =
    with_gguf(of_llama({.name = "qwen3",
                        .in_python = "Qwen3",
                        .read = [](ConfigJson& config) { read_qwen(config, {.head_norm = true}); },
                        .answering_root = "transformer",
                        .told_by = normed_queries,
                        .vocabulary = {.split = "qwen2", .composed = true}}));
inline constexpr FamilyDescription smollm3 =
    of_llama({.name = "smollm3",
              .in_python = "SmolLM3",
              .read =
                  [](ConfigJson& config) {
                    read_llama(config, {.rope_base = 2e6, .tied_head = true, .windows = RotaryUsual::Window::switched});
                    read_no_rope_layers(config);
                  },
              .answering_root = "transformer",
              .ties_head = true});

}  // namespace families

}  // namespace graft
