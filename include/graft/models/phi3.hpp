/// \file
/// Phi-3 (Abdin et al. 2024).
#pragma once

#include <graft/models/block.hpp>
#include <graft/models/llama.hpp>
#include <graft/models/phi3_block.hpp>

namespace graft {

struct Phi3Family : LlamaFamily {
  static constexpr bool in_gguf = false;
  template <class C>
  static constexpr const char* model_type = "phi3";
  template <class C, class M, class B, class S, Index I>
  using Sites = typename Phi3Sites<C, M, B, S, I>::all;
  template <class C, class M, class B, class S, Index I>
  using Block = Phi3Block<C, M, B, S, I>;
};

/// `Phi3<Phi3Mini, LoRA<8>, Cpu, Bf16>`: architecture, strategy, backend, and policies (models/policies.hpp).
template <LlamaConfig C, Method M, class B, class... Policies>
using Phi3 = CausalLM<Phi3Family, C, M, B, Policies...>;

/// What it says of a text, and of its tokens.
template <LlamaConfig C, Method M, class B, class... Policies>
using Phi3Classifier = SequenceClassifier<Phi3Family, C, M, B, Policies...>;
template <LlamaConfig C, Method M, class B, class... Policies>
using Phi3TokenClassifier = TokenClassifier<Phi3Family, C, M, B, Policies...>;

}  // namespace graft
