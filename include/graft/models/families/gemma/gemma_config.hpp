/// \file
/// Architectures of Gemma 2 (Riviere et al. 2024) and Gemma 3 (Kamath et al. 2025), its models of text.
#pragma once

#include <graft/models/families/llama/llama_config.hpp>

namespace graft {

/// What a config need not say. Inherit from it and hide what differs.
struct GemmaDefaults : LlamaDefaults {
  static constexpr bool tied_head = true;
  static constexpr float attention_scale = 0.0625F;
};

template <class C>
concept GemmaConfig = LlamaConfig<C> && std::derived_from<C, GemmaDefaults>;

/// Gemma 2 2B.
struct Gemma2_2B : GemmaDefaults {
  static constexpr Index vocabulary = 256'000, width = 2'304, blocks = 26, heads = 8, groups = 4, head_width = 256,
                         feed_forward = 9'216, window = 4'096, full_every = 2;
  static constexpr float attention_cap = 50, logit_cap = 30;
};
/// Gemma 3 270M and 1B.
struct Gemma3_270M : GemmaDefaults {
  static constexpr Index vocabulary = 262'144, width = 640, blocks = 18, heads = 4, groups = 1, head_width = 256,
                         feed_forward = 2'048, window = 512, full_every = 6;
  static constexpr float rope_base = 1'000'000.0F;
  static constexpr bool head_norm = true;
};
/// Gemma 3, 1B.
struct Gemma3_1B : GemmaDefaults {
  static constexpr Index vocabulary = 262'144, width = 1'152, blocks = 26, heads = 4, groups = 1, head_width = 256,
                         feed_forward = 6'912, window = 512, full_every = 6;
  static constexpr float rope_base = 1'000'000.0F;
  static constexpr bool head_norm = true;
};

}  // namespace graft
