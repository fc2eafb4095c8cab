/// \file
/// A model type that fits into a stated amount of memory, chosen by its own plan before anything runs.
#pragma once

#include <graft/models/parts/policies.hpp>
#include <graft/plan/plan.hpp>

#include <type_traits>

namespace graft {

/// The first of some model types of which a step over `TokensOfPass` tokens takes no more than `Bytes`.
template <Index Bytes, Index TokensOfPass, class O, class First, class... Rest>
consteval auto first_within_budget() {
  constexpr Index needed = plan<First, O>(Tokens{TokensOfPass}).total();
  if constexpr (needed <= Bytes) {
    return std::type_identity<First>{};
  } else if constexpr (sizeof...(Rest) > 0) {
    return first_within_budget<Bytes, TokensOfPass, O, Rest...>();
  } else {
    static_assert(
        needed <= Bytes,
        "graft: Budget: even with CheckpointBlocks a step takes more; the comparison below is (bytes needed <= bytes "
        "allowed). Fewer tokens in a pass take less, and so do a storage of fewer bits and a method that trains less");
    return std::type_identity<First>{};
  }
}

/// `Budget<1_GiB, Llama<SmolLM2_135M, LoRA<8>, Cpu, Bf16>>` is that type if a step fits; else with `Recompute`, which
/// makes norms and SwiGLU twice; else with `CheckpointBlocks`, which makes everything twice. `memory_policy` of the
/// result says which. What is counted is what graft allocates; the program itself comes on top.
template <Index Bytes, class Model, Index TokensOfPass = 512, class O = AdamW>
using Budget =
    typename decltype(first_within_budget<Bytes, TokensOfPass, O, Model, typename Model::template with<Recompute>,
                                          typename Model::template with<CheckpointBlocks>>())::type;

}  // namespace graft
