/// \file
/// Phi-3's files.
#pragma once

#include <graft/checkpoints/families/rotary.hpp>
#include <graft/checkpoints/families/rotary_modules.hpp>

namespace graft {

[[gnu::cold]] inline void read_phi3(ConfigJson& config) {
  read_rotary(config, {.norm_epsilon = 1e-5,
                       .windows = RotaryUsual::Window::stated,
                       .turns_parts = true,
                       .longrope_once = {"su", "yarn"}});
  expect_silu(config);
  const StatedConfig& c = config.stated();
  if (c.window > 0) read_layer_types(config, 0);
  if (c.qkv_bias || c.mlp_bias)
    fail(config.source(), ": attention_bias or mlp_bias is set; graft's phi3 has no biases");
}

namespace families {

inline constexpr std::string_view fused_layers[] = {".qkv_proj.", ".gate_up_proj."};

inline constexpr FamilyDescription phi3{
    .name = "phi3",
    .type = "Phi3",
    .header = "phi3",
    .in_python = "Phi3",
    .read = read_phi3,
    .write = write_rotary_members,
    .list_modules = [](ModuleList& all) { list_rotary_modules(all, {.fused = true}); },
    .block_beginnings = rotary_blocks,
    .part_beginnings = rotary_parts,
    .head_beginnings = rotary_heads,
    .told_by = fused_layers,
    .lacks_answers = true};

}  // namespace families

}  // namespace graft
