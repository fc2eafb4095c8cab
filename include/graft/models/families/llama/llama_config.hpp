/// \file
/// Architectures of the Llama family: named structs of sizes known at compile time. Write one by hand, or let
/// `graft_add_model` in CMake make it from a Hugging Face `config.json`.
#pragma once

#include <graft/backend/kernels/attention.hpp>
#include <graft/models/parts/stack_config.hpp>

#include <array>

namespace graft {

/// What a config of the family need not say. Inherit from it and hide what differs.
struct LlamaDefaults {
  static constexpr float rope_base = 10'000.0F, norm_epsilon = 1e-6F;
  static constexpr bool tied_head = false;                      ///< the output head is the token embedding
  static constexpr bool qkv_bias = false, output_bias = false;  ///< Qwen2 has the first, Llama neither
  static constexpr bool mlp_bias = false;                       ///< whether the feed-forward layers have biases
  /// queries and keys are normed, head by head: Qwen3
  static constexpr bool head_norm = false;
  /// Mistral's: how many tokens a token sees, itself among them; 0: all before it
  static constexpr Index window = 0;
  static constexpr Index full_every = 0;  ///< every so many-th block has no window; 0: none
  /// every so many-th block does not turn queries and keys: SmolLM3; 0: all do
  static constexpr Index no_rope_every = 0;
  static constexpr Index rotary_width = 0;  ///< the columns of a head that are turned; 0: all
  // How a model was stretched to longer texts (backend/host/rotary.hpp). Llama 3.1 has the first four, YaRN a factor, a
  // ramp and an amplitude, LongRoPE an amplitude and divisors: the short ones for texts within the original positions,
  // the long ones for others.
  static constexpr float rope_factor = 1, rope_low = 1, rope_high = 4;
  static constexpr Index rope_original = 0;
  static constexpr float rope_ramp_begin = 0, rope_ramp_end = 0, rope_amplitude = 1;
  /// divisors of the rotary frequencies for short texts, and for long ones (LongRoPE)
  static constexpr std::array<float, 0> rope_short{}, rope_long{};
};

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
concept LlamaConfig = StackConfig<C> && requires {
  { C::rope_base } -> std::convertible_to<float>;
  { C::tied_head } -> std::convertible_to<bool>;
};

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
