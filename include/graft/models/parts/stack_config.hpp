/// \file
/// What the config structs of all families say, and what they need not say. A family's own concept adds the rest.
#pragma once

#include <graft/core/types.hpp>

#include <array>
#include <concepts>
#include <cstddef>

namespace graft {

/// What a config has that does not say otherwise: what blocks and heads read of it is here, whatever the family. The
/// defaults of families inherit from it, and a config from those; each hides what differs.
struct StackDefaults {
  static constexpr float norm_epsilon = 1e-6F;
  static constexpr Index positions = 0;       ///< rows of an embedding of positions; 0: there is none
  static constexpr Index first_position = 0;  ///< of a text's first token
  static constexpr Index token_types = 0;     ///< rows of an embedding of which text of a pair a token is in; 0: none
  static constexpr bool tied_head = false;    ///< the output head is the token embedding
  static constexpr Index classes = 2;         ///< of a classifier's head
  static constexpr std::ptrdiff_t pad = -1;   ///< the token that fills texts up; −1: none
  static constexpr bool qkv_bias = false, output_bias = false, mlp_bias = false;
  /// queries and keys are normed, head by head
  static constexpr bool head_norm = false;

  /// How many tokens a token sees, itself among them; 0: all before it.
  static constexpr Index window = 0;
  static constexpr Index full_every = 0;  ///< every so many-th block has no window; 0: none
  static constexpr float attention_scale = 0;
  static constexpr float attention_cap = 0, logit_cap = 0;  ///< s becomes cap · tanh(s/cap); 0: it stays

  // Rotary positions.
  static constexpr float rope_base = 10'000.0F;
  static constexpr float local_rope_base = 10'000.0F;  ///< of blocks with a window, where they have their own
  /// every so many-th block does not turn queries and keys; 0: all do
  static constexpr Index no_rope_every = 0;
  static constexpr Index rotary_width = 0;  ///< the columns of a head that are turned; 0: all
  // How a model was stretched to longer texts (backend/host/rotary.hpp). Llama 3.1 has the first four, YaRN a factor, a
  // ramp and an amplitude, LongRoPE an amplitude and divisors: the short ones for texts within the original positions,
  // the long ones for others.
  static constexpr float rope_factor = 1, rope_low = 1, rope_high = 4;
  static constexpr Index rope_original = 0;
  static constexpr float rope_ramp_begin = 0, rope_ramp_end = 0, rope_amplitude = 1;
  static constexpr std::array<float, 0> rope_short{}, rope_long{};

  // An encoder beside the decoder.
  static constexpr Index encoder_blocks = 0;         ///< 0: there is none
  static constexpr Index buckets = 0, farthest = 0;  ///< of distances between tokens
  static constexpr bool scaled_head = false;         ///< a tied head reads h/√C
  static constexpr bool gated = false;               ///< a feed-forward layer has a gate
};

template <class C>
concept StackConfig = std::derived_from<C, StackDefaults> && requires {
  { C::vocabulary } -> std::convertible_to<Index>;
  { C::width } -> std::convertible_to<Index>;
  { C::blocks } -> std::convertible_to<Index>;
  { C::heads } -> std::convertible_to<Index>;
  { C::groups } -> std::convertible_to<Index>;
  { C::head_width } -> std::convertible_to<Index>;
  { C::feed_forward } -> std::convertible_to<Index>;
  { C::norm_epsilon } -> std::convertible_to<float>;
};

}  // namespace graft
