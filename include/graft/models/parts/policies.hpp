/// \file
/// Policies of a model: how its frozen weights and its activations are kept, and what is computed again instead of
/// kept.
#pragma once

#include <graft/core/quantized.hpp>
#include <graft/layers/repeat.hpp>

namespace graft {

/// Activations in floats or bfloat16. Without it: floats where frozen weights are kept as F32, bfloat16 elsewhere.
template <Storage S>
  requires(std::is_same_v<S, F32> || std::is_same_v<S, Bf16>)
struct Activations {};

/// Outputs of norms and of SwiGLU are computed again in the backward sweep instead of being kept: a quarter less memory
/// for one more pass over each.
struct Recompute {};

/// The base's frozen weights are another's: a model's over which this one is made (models/parts/shared_base.hpp), or a
/// host's. Plans and budgets count none of them.
struct SharedBase {};

/// The first storage among policies, or F32.
template <class... Policies>
struct StorageOf {
  using type = F32;
};
template <class First, class... Rest>
struct StorageOf<First, Rest...> : StorageOf<Rest...> {};
template <Storage First, class... Rest>
struct StorageOf<First, Rest...> {
  using type = First;
};

/// Whether a policy is among others.
template <class Policy, class... Policies>
inline constexpr bool has_policy = (std::is_same_v<Policy, Policies> || ...);

/// The element type of activations.
template <class... Policies>
using element_of = std::conditional_t<has_policy<Activations<F32>, Policies...> ||
                                          (std::is_same_v<typename StorageOf<Policies...>::type, F32> &&
                                           !has_policy<Activations<Bf16>, Policies...>),
                                      float, Bfloat16>;

template <class P>
concept ModelPolicy =
    Storage<P> || has_policy<P, Recompute, CheckpointBlocks, SharedBase, Activations<F32>, Activations<Bf16>>;

}  // namespace graft
