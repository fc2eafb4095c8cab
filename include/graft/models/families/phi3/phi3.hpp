/// \file
/// Phi-3 (Abdin et al. 2024).
#pragma once

#include <graft/models/families/llama/llama.hpp>
#include <graft/models/families/phi3/phi3_block.hpp>
#include <graft/models/parts/block.hpp>

namespace graft {

/// Phi-3's names and blocks (Abdin et al. 2024).
struct Phi3Family : LlamaFamily {
  static constexpr bool in_gguf = false;
  template <class C>
  static constexpr const char* model_type = "phi3";
  template <class C, class M, class B, class S, Index I>
  using Sites = typename Phi3Sites<C, M, B, S, I>::all;
  template <class C, class M, class B, class S, Index I>
  using Block = Phi3Block<C, M, B, S, I>;
};

/// `Phi3<Phi3Mini, LoRA<8>, Cpu, Bf16>`: architecture, strategy, backend, and policies (models/parts/policies.hpp).
template <LlamaConfig C, Method M, class B, class... Policies>
using Phi3 = CausalLM<Phi3Family, C, M, B, Policies...>;

/// What it says of a text, and of its tokens.
template <LlamaConfig C, Method M, class B, class... Policies>
using Phi3Classifier = SequenceClassifier<Phi3Family, C, M, B, Policies...>;
/// Phi-3 that tells classes of tokens.
template <LlamaConfig C, Method M, class B, class... Policies>
using Phi3TokenClassifier = TokenClassifier<Phi3Family, C, M, B, Policies...>;

}  // namespace graft
