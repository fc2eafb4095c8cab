/// \file
/// Architectures of the Llama family: named structs of sizes known at compile time. Write one by hand, or let
/// `graft_add_model` in CMake make it from a Hugging Face `config.json`.
#pragma once

#include <graft/backend/kernels/attention.hpp>
#include <graft/models/parts/stack_config.hpp>

namespace graft {

/// What a config of the family need not say. Inherit from it and hide what differs. Qwen2 has `qkv_bias`, Qwen3
/// `head_norm`, Mistral a `window`, SmolLM3 `no_rope_every`.
struct LlamaDefaults : StackDefaults {};

/// Whether block `number` is the last of N; never if N is 0.
template <Index N>
constexpr bool is_nth(Index number) {
  if constexpr (N == 0) return false;
  else return (number + 1) % N == 0;
}

/// What attention of block `number` sees.
template <class C>
constexpr AttentionRule windowed(Index number) {
  return {.window = is_nth<C::full_every>(number) ? 0 : C::window};
}

template <class C>
concept LlamaConfig = StackConfig<C> && std::derived_from<C, LlamaDefaults>;

/// SmolLM2-135M and SmolLM2-135M-Instruct (Allal et al. 2025).
struct SmolLM2_135M : LlamaDefaults {
  static constexpr Index vocabulary = 49'152, width = 576, blocks = 30, heads = 9, groups = 3, head_width = 64,
                         feed_forward = 1'536;
  static constexpr float rope_base = 100'000.0F, norm_epsilon = 1e-5F;
  static constexpr bool tied_head = true;
};

/// SmolLM2-360M.
struct SmolLM2_360M : LlamaDefaults {
  static constexpr Index vocabulary = 49'152, width = 960, blocks = 32, heads = 15, groups = 5, head_width = 64,
                         feed_forward = 2'560;
  static constexpr float rope_base = 100'000.0F, norm_epsilon = 1e-5F;
  static constexpr bool tied_head = true;
};

/// Qwen2-0.5B and Qwen2.5-0.5B.
struct Qwen2_0_5B : LlamaDefaults {
  static constexpr Index vocabulary = 151'936, width = 896, blocks = 24, heads = 14, groups = 2, head_width = 64,
                         feed_forward = 4'864;
  static constexpr float rope_base = 1'000'000.0F, norm_epsilon = 1e-6F;
  static constexpr bool tied_head = true, qkv_bias = true;
};

}  // namespace graft
