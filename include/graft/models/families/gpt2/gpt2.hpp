/// \file
/// GPT-2 (Radford et al. 2019).
#pragma once

#include <graft/models/families/gpt2/gpt2_block.hpp>
#include <graft/models/parts/block.hpp>
#include <graft/models/parts/causal_lm.hpp>
#include <graft/models/parts/family_defaults.hpp>
#include <graft/models/parts/question_answering.hpp>
#include <graft/models/parts/sequence_classifier.hpp>
#include <graft/models/parts/token_classifier.hpp>

namespace graft {

/// GPT-2's names and blocks (Radford et al. 2019).
struct Gpt2Family : FamilyDefaults {
  static constexpr bool causal = true, stores_by_columns = true;
  template <class C>
  static constexpr const char* model_type = "gpt2";
  /// where it stands in files
  static constexpr const char *root = "transformer", *token_embedding = "wte", *position_embedding = "wpe",
                              *blocks = "h", *final_norm = "ln_f", *head = "lm_head", *text_head = "score",
                              *token_head = "classifier";
  template <class C, class M, class B, class S, Index I>
  using Sites = typename Gpt2Sites<C, M, B, S, I>::all;
  template <class C, class M, class B, class S, Index I>
  using Block = Gpt2Block<C, M, B, S, I>;
  template <class B, class C>
  using Norm = LayerNorm<B, C::width>;
  template <class C, class T>
  static constexpr PositionsInEmbedding positions_of(T&, const PlacedBatch<typename T::backend>&) {
    return {};
  }
};

/// `Gpt2<Gpt2_124M, LoRA<8>, Cpu, Bf16>`: architecture, strategy, backend, and policies (models/parts/policies.hpp).
template <Gpt2Config C, Method M, class B, class... Policies>
using Gpt2 = CausalLM<Gpt2Family, C, M, B, Policies...>;

/// What it says of a text, of its tokens, and where in it an answer stands.
template <Gpt2Config C, Method M, class B, class... Policies>
using Gpt2Classifier = SequenceClassifier<Gpt2Family, C, M, B, Policies...>;
/// GPT-2 that tells classes of tokens.
template <Gpt2Config C, Method M, class B, class... Policies>
using Gpt2TokenClassifier = TokenClassifier<Gpt2Family, C, M, B, Policies...>;
/// GPT-2 that finds an answer in a text.
template <Gpt2Config C, Method M, class B, class... Policies>
using Gpt2QuestionAnswering = QuestionAnswering<Gpt2Family, C, M, B, Policies...>;

}  // namespace graft
