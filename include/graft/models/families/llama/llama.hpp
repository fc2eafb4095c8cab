/// \file
/// The Llama family (Touvron et al. 2023): Llama, SmolLM2; Mistral, whose tokens see a window; SmolLM3, which turns
/// queries and keys in three blocks of four; Qwen2, which has biases at queries, keys and values; Qwen3, which norms
/// queries and keys instead.
#pragma once

#include <graft/models/families/llama/llama_block.hpp>
#include <graft/models/parts/block.hpp>
#include <graft/models/parts/causal_lm.hpp>
#include <graft/models/parts/family_defaults.hpp>
#include <graft/models/parts/question_answering.hpp>
#include <graft/models/parts/sequence_classifier.hpp>
#include <graft/models/parts/token_classifier.hpp>

namespace graft {

/// The Llama family's names and blocks.
struct LlamaFamily : FamilyDefaults {
  static constexpr bool causal = true, in_gguf = true;
  template <class C>
  static constexpr bool is_qwen2 = C::qkv_bias && !C::output_bias;
  template <class C>
  static constexpr const char* model_type = C::head_norm           ? "qwen3"
                                            : C::no_rope_every > 0 ? "smollm3"
                                            : C::window > 0        ? "mistral"
                                            : is_qwen2<C>          ? "qwen2"
                                                                   : "llama";
  /// where it stands in files
  static constexpr const char *root = "model", *token_embedding = "embed_tokens", *blocks = "layers",
                              *final_norm = "norm", *head = "lm_head", *text_head = "score", *token_head = "score";
  template <class C>
  static constexpr const char* answering_root = std::string_view(model_type<C>) == "mistral" ? "model" : "transformer";
  template <class C, class M, class B, class S, Index I>
  using Sites = typename LlamaSites<C, M, B, S, I>::all;
  template <class C, class M, class B, class S, Index I>
  using Block = LlamaBlock<C, M, B, S, I>;
  template <class B, class C>
  using Norm = RMSNorm<B, C::width>;
  /// Cosines and sines of the batch's positions.
  template <class C, class T>
  static constexpr auto positions_of(T& tape, const PlacedBatch<typename T::backend>& batch) {
    backend::RotaryFrequencies f{C::rope_base,     C::rope_factor,     C::rope_low,      C::rope_high,
                                 C::rope_original, C::rope_ramp_begin, C::rope_ramp_end, C::rope_amplitude};
    if constexpr (!C::rope_long.empty())
      f.divisors = batch.last_position < C::rope_original ? C::rope_short.data() : C::rope_long.data();
    return rotary_table < C::head_width,
           C::rotary_width == 0 ? C::head_width : C::rotary_width > (tape, batch.positions, batch.token_count, f);
  }
};

/// `Llama<SmolLM2_135M, LoRA<8>, Cpu, Bf16>`: architecture, strategy, backend, and policies
/// (models/parts/policies.hpp).
template <LlamaConfig C, Method M, class B, class... Policies>
using Llama = CausalLM<LlamaFamily, C, M, B, Policies...>;

/// What it says of a text, of its tokens, and where in it an answer stands.
template <LlamaConfig C, Method M, class B, class... Policies>
using LlamaClassifier = SequenceClassifier<LlamaFamily, C, M, B, Policies...>;
/// A model of the Llama family that tells classes of tokens.
template <LlamaConfig C, Method M, class B, class... Policies>
using LlamaTokenClassifier = TokenClassifier<LlamaFamily, C, M, B, Policies...>;
/// A model of the Llama family that finds an answer in a text.
template <LlamaConfig C, Method M, class B, class... Policies>
using LlamaQuestionAnswering = QuestionAnswering<LlamaFamily, C, M, B, Policies...>;

}  // namespace graft
