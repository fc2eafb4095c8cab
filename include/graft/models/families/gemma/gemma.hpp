/// \file
/// Gemma 2 (Riviere et al. 2024) and Gemma 3 (Kamath et al. 2025), its models of text. Embedded tokens are scaled by
/// √C.
#pragma once

#include <graft/models/families/gemma/gemma_block.hpp>
#include <graft/models/families/llama/llama.hpp>
#include <graft/models/parts/block.hpp>

namespace graft {

/// Turns for blocks that see everything, and for those with a window.
template <class Table>
struct GemmaTables {
  Table global, local;  ///< of blocks that see all of a text; of those that see a window
};

/// Gemma's names and blocks (Gemma Team 2024, 2025).
struct GemmaFamily : LlamaFamily {
  static constexpr bool in_gguf = false, scales_embedding = true;  ///< embeddings are multiplied with √width
  template <class C>
  static constexpr const char* model_type = C::head_norm ? "gemma3_text" : "gemma2";
  template <class B, class C>
  using Norm = UnitRMSNorm<B, C::width>;
  template <class C, class M, class B, class S, Index I>
  using Sites = typename GemmaSites<C, M, B, S, I>::all;
  template <class C, class M, class B, class S, Index I>
  using Block = GemmaBlock<C, M, B, S, I>;
  template <class C, class T>
  static constexpr auto positions_of(T& tape, const PlacedBatch<typename T::backend>& batch) {
    const auto table = [&](backend::RotaryFrequencies f) {
      return rotary_table<C::head_width>(tape, batch.positions, batch.token_count, f);
    };
    const auto global = LlamaFamily::positions_of<C>(tape, batch);
    return GemmaTables<decltype(table({C::local_rope_base}))>{global, table({C::local_rope_base})};
  }
};

/// `Gemma<Gemma3_270M, LoRA<8>, Cpu, Bf16>`: architecture, strategy, backend, and policies (models/parts/policies.hpp).
template <GemmaConfig C, Method M, class B, class... Policies>
using Gemma = CausalLM<GemmaFamily, C, M, B, Policies...>;

/// What it says of a text, and of its tokens.
template <GemmaConfig C, Method M, class B, class... Policies>
using GemmaClassifier = SequenceClassifier<GemmaFamily, C, M, B, Policies...>;
/// Gemma that tells classes of tokens.
template <GemmaConfig C, Method M, class B, class... Policies>
using GemmaTokenClassifier = TokenClassifier<GemmaFamily, C, M, B, Policies...>;

}  // namespace graft
