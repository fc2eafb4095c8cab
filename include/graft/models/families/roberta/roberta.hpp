/// \file
/// RoBERTa (Liu et al. 2019): BERT whose positions count from 2, and whose classifier's pooler is part of the head.
#pragma once

#include <graft/models/families/bert/bert.hpp>

namespace graft {

/// What RoBERTa's sizes are unless said otherwise.
struct RobertaDefaults : BertDefaults {
  /// the position of a text's first token, besides
  static constexpr Index positions = 514, token_types = 1, first_position = 2;
  static constexpr float norm_epsilon = 1e-5F;
};

/// RoBERTa-base.
struct RobertaBase : RobertaDefaults {
  static constexpr Index vocabulary = 50'265, width = 768, blocks = 12, heads = 12, groups = 12, head_width = 64,
                         feed_forward = 3'072;
};

/// RoBERTa's names and blocks (Liu et al. 2019).
struct RobertaFamily : BertFamily {
  template <class C>
  static constexpr const char* model_type = "roberta";
  /// where it stands in files
  static constexpr const char *root = "roberta", *pooler = "classifier.dense", *text_head = "classifier.out_proj",
                              *transform = "lm_head.dense", *final_norm = "lm_head.layer_norm", *head_bias = "lm_head";
  static constexpr bool pools_in_head = true;
};

/// `RobertaClassifier<RobertaBase, Methods<LoRA<8>, Unfreeze<Pooler, Head>>, Cpu, Bf16>`: both layers of the head are
/// new to most bases, so train them as well.
template <BertConfig C, Method M, class B, class... Policies>
using RobertaClassifier = SequenceClassifier<RobertaFamily, C, M, B, Policies...>;
/// RoBERTa with the head that fills in masked tokens.
template <BertConfig C, Method M, class B, class... Policies>
using RobertaMaskedLM = MaskedLM<RobertaFamily, C, M, B, Policies...>;
/// RoBERTa without a head: embeddings of texts.
template <BertConfig C, Method M, class B, class... Policies>
using RobertaEncoder = Encoder<RobertaFamily, C, M, B, Policies...>;
/// RoBERTa that tells classes of tokens.
template <BertConfig C, Method M, class B, class... Policies>
using RobertaTokenClassifier = TokenClassifier<RobertaFamily, C, M, B, Policies...>;
/// RoBERTa that finds an answer in a text.
template <BertConfig C, Method M, class B, class... Policies>
using RobertaQuestionAnswering = QuestionAnswering<RobertaFamily, C, M, B, Policies...>;

}  // namespace graft
