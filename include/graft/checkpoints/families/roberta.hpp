/// \file
/// RoBERTa's files: BERT's, but for heads and for positions, which count from behind the padding.
#pragma once

#include <graft/checkpoints/families/bert.hpp>

namespace graft {

namespace families {

inline constexpr std::string_view roberta_blocks[] = {"roberta.encoder.layer."}, roberta_parts[] = {"roberta."},
                                  roberta_heads[] = {"classifier.dense."};

inline constexpr FamilyDescription roberta{.name = "roberta",
                                           .type = "Roberta",
                                           .header = "roberta",
                                           .in_python = "Roberta",
                                           .kind = FamilyKind::encoder,
                                           .read =
                                               [](ConfigJson& config) {
                                                 read_bert(config);
                                                 config.expect("pad_token_id", 1);
                                               },
                                           .list_modules =
                                               [](ModuleList& all) {
                                                 list_bert_modules(all, {.pooler = "classifier.dense",
                                                                         .of_text = "classifier.out_proj",
                                                                         .transform = "lm_head.dense",
                                                                         .norm = "lm_head.layer_norm",
                                                                         .decoder = "lm_head.decoder"});
                                               },
                                           .root = "roberta",
                                           .answering_root = "roberta",
                                           .embedding = "roberta.embeddings.word_embeddings",
                                           .block_beginnings = roberta_blocks,
                                           .part_beginnings = roberta_parts,
                                           .head_beginnings = roberta_heads,
                                           .queries_of_own_width = false,
                                           .pools_in_head = true,
                                           .vocabulary = {.split = "gpt-2", .encloses = true, .mask_takes_left = true}};

}  // namespace families

}  // namespace graft
