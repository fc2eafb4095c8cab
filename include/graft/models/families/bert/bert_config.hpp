/// \file
/// Architectures of BERT (Devlin et al. 2019).
#pragma once

#include <graft/models/parts/stack_config.hpp>

namespace graft {

/// What a config need not say. Inherit from it and hide what differs.
struct BertDefaults : StackDefaults {
  static constexpr Index positions = 512, token_types = 2;
  static constexpr float norm_epsilon = 1e-12F;
};

/// requires: groups == heads, heads · head_width == width
template <class C>
concept BertConfig = StackConfig<C> && std::derived_from<C, BertDefaults> && C::groups == C::heads &&
                     C::heads * C::head_width == C::width;

/// BERT-base, uncased.
struct BertBaseUncased : BertDefaults {
  static constexpr Index vocabulary = 30'522, width = 768, blocks = 12, heads = 12, groups = 12, head_width = 64,
                         feed_forward = 3'072;
};
/// all-MiniLM-L6-v2 (Wang et al. 2020; Reimers and Gurevych 2019).
struct MiniLmL6 : BertDefaults {
  static constexpr Index vocabulary = 30'522, width = 384, blocks = 6, heads = 12, groups = 12, head_width = 32,
                         feed_forward = 1'536;
};

}  // namespace graft
