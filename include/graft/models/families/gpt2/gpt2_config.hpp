/// \file
/// Architectures of GPT-2.
#pragma once

#include <graft/models/parts/stack_config.hpp>

namespace graft {

/// What a config need not say. Inherit from it and hide what differs.
struct Gpt2Defaults : StackDefaults {
  static constexpr Index positions = 1'024;
  static constexpr float norm_epsilon = 1e-5F;
  static constexpr bool tied_head = true;
};

/// requires: groups == heads, heads · head_width == width
template <class C>
concept Gpt2Config = StackConfig<C> && std::derived_from<C, Gpt2Defaults> && C::groups == C::heads &&
                     C::heads * C::head_width == C::width;

/// GPT-2, 124 million parameters.
struct Gpt2_124M : Gpt2Defaults {
  static constexpr Index vocabulary = 50'257, width = 768, blocks = 12, heads = 12, groups = 12, head_width = 64,
                         feed_forward = 3'072;
};

}  // namespace graft
