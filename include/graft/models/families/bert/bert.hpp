/// \file
/// BERT (Devlin et al. 2019): as a classifier of texts and of pairs of texts, of tokens, as a model of answers, as one
/// that fills in masked tokens, and without a head, for embeddings.
#pragma once

#include <graft/models/families/bert/bert_block.hpp>
#include <graft/models/parts/encoder.hpp>
#include <graft/models/parts/family_defaults.hpp>
#include <graft/models/parts/masked_lm.hpp>
#include <graft/models/parts/question_answering.hpp>
#include <graft/models/parts/sequence_classifier.hpp>
#include <graft/models/parts/token_classifier.hpp>

namespace graft {

/// BERT's names and blocks (Devlin et al. 2019).
struct BertFamily : FamilyDefaults {
  static constexpr bool causal = false, norms_first = false;
  template <class C>
  static constexpr const char* model_type = "bert";
  template <class B, class C>
  using Norm = LayerNorm<B, C::width>;
  /// where it stands in files
  static constexpr const char *root = "bert", *token_embedding = "embeddings.word_embeddings",
                              *position_embedding = "embeddings.position_embeddings",
                              *token_type_embedding = "embeddings.token_type_embeddings",
                              *embedding_norm = "embeddings.LayerNorm", *blocks = "encoder.layer",
                              *pooler = "pooler.dense", *text_head = "classifier", *token_head = "classifier",
                              *transform = "cls.predictions.transform.dense",
                              *final_norm = "cls.predictions.transform.LayerNorm", *head_bias = "cls.predictions";
  template <class C, class M, class B, class S, Index I>
  using Sites = typename BertSites<C, M, B, S, I>::all;
  template <class C, class M, class B, class S, Index I>
  using Block = BertBlock<C, M, B, S, I>;
  template <class B, class C>
  using EmbeddingNormOf = LayerNorm<B, C::width>;
  template <class C, class T>
  static constexpr PositionsInEmbedding positions_of(T&, const PlacedBatch<typename T::backend>&) {
    return {};
  }
};

/// `BertClassifier<BertBaseUncased, Methods<LoRA<8>, Unfreeze<Head>>, Cpu, Bf16>`: the head is new to most bases, so
/// train it as well.
template <BertConfig C, Method M, class B, class... Policies>
using BertClassifier = SequenceClassifier<BertFamily, C, M, B, Policies...>;
/// BERT with the head that fills in masked tokens.
template <BertConfig C, Method M, class B, class... Policies>
using BertMaskedLM = MaskedLM<BertFamily, C, M, B, Policies...>;
/// BERT without a head: embeddings of texts.
template <BertConfig C, Method M, class B, class... Policies>
using BertEncoder = Encoder<BertFamily, C, M, B, Policies...>;
/// BERT that tells classes of tokens.
template <BertConfig C, Method M, class B, class... Policies>
using BertTokenClassifier = TokenClassifier<BertFamily, C, M, B, Policies...>;
/// BERT that finds an answer in a text.
template <BertConfig C, Method M, class B, class... Policies>
using BertQuestionAnswering = QuestionAnswering<BertFamily, C, M, B, Policies...>;

}  // namespace graft
