/// \file
/// Architectures of T5 (Raffel et al. 2020) and of FLAN-T5.
#pragma once

#include <graft/models/parts/stack_config.hpp>

namespace graft {

/// What a config need not say. Inherit from it and hide what differs.
struct T5Defaults : StackDefaults {
  static constexpr Index buckets = 32, farthest = 128;  ///< of distances between tokens
  /// T5 1.1 and FLAN-T5; the first T5 had ReLU in place of a gated GELU, and the head tied and reading h/√C.
  static constexpr bool gated = true;
};

/// `blocks` are the decoder's. requires: groups == heads
template <class C>
concept T5Config =
    StackConfig<C> && std::derived_from<C, T5Defaults> && (C::encoder_blocks > 0) && C::groups == C::heads;

/// FLAN-T5 small and base (Chung et al. 2022).
struct FlanT5Small : T5Defaults {
  static constexpr Index vocabulary = 32'128, width = 512, encoder_blocks = 8, blocks = 8, heads = 6, groups = 6,
                         head_width = 64, feed_forward = 1'024;
};
/// FLAN-T5 Base.
struct FlanT5Base : T5Defaults {
  static constexpr Index vocabulary = 32'128, width = 768, encoder_blocks = 12, blocks = 12, heads = 12, groups = 12,
                         head_width = 64, feed_forward = 2'048;
};

}  // namespace graft
