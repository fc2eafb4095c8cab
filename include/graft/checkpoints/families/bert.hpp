/// \file
/// BERT's files.
#pragma once

#include <graft/checkpoints/base/config_json.hpp>
#include <graft/checkpoints/base/module_list.hpp>

namespace graft {

[[gnu::cold]] inline void read_bert(ConfigJson& config) {
  StatedConfig& c = config.stated();
  c.vocabulary = config.size("vocab_size"), c.width = config.size("hidden_size"),
  c.blocks = config.size("num_hidden_layers"), c.heads = c.groups = config.size("num_attention_heads"),
  c.feed_forward = config.size("intermediate_size");
  c.positions = config.option<Index>("max_position_embeddings", 512);
  c.token_types = config.option<Index>("type_vocab_size", 2);
  c.norm_epsilon = config.option("layer_norm_eps", 1e-12);
  config.expect("hidden_act", "gelu");
  config.expect("position_embedding_type", "absolute");
  config.expect("is_decoder", false);
  config.expect("tie_word_embeddings", true);
}

/// What stands behind an encoder's last block: a classifier's layers, and those that fill in masked tokens.
struct EncoderHeads {
  const char *pooler, *of_text, *transform, *norm, *decoder;
};

[[gnu::cold]] inline void list_bert_modules(ModuleList& all, const EncoderHeads& named) {
  const StatedConfig& c = all.config();
  const std::string root = all.task() == Task::embedding ? "" : all.root() + ".", embeddings = root + "embeddings.";
  all.embedding(embeddings + "word_embeddings", "TokenEmbedding", c.vocabulary);
  all.embedding(embeddings + "position_embeddings", "PositionEmbedding", c.positions);
  all.embedding(embeddings + "token_type_embeddings", "TokenTypeEmbedding", c.token_types);
  all.norm(embeddings + "LayerNorm", "EmbeddingNorm", -1, true);
  for (Index b = 0; b < c.blocks; ++b) {
    const auto block = static_cast<std::ptrdiff_t>(b);
    const std::string at = root + "encoder.layer." + std::to_string(b) + ".";
    all.linear(at + "attention.self.query", "Query", block, c.width, c.width, true);
    all.linear(at + "attention.self.key", "Key", block, c.width, c.width, true);
    all.linear(at + "attention.self.value", "Value", block, c.width, c.width, true);
    all.linear(at + "attention.output.dense", "Output", block, c.width, c.width, true);
    all.norm(at + "attention.output.LayerNorm", "MlpNorm", block, true);
    all.linear(at + "intermediate.dense", "Up", block, c.feed_forward, c.width, true);
    all.linear(at + "output.dense", "Down", block, c.width, c.feed_forward, true);
    all.norm(at + "output.LayerNorm", "OutputNorm", block, true);
  }
  if (all.task() == Task::text_class) {
    all.linear(named.pooler, "Pooler", -1, c.width, c.width, true);
    all.linear(named.of_text, "Head", -1, c.classes, c.width, true);
  } else if (all.task() == Task::token_class) {
    all.linear("classifier", "Head", -1, c.classes, c.width, true);
  } else if (all.task() == Task::answer) {
    all.linear("qa_outputs", "Head", -1, 2, c.width, true);
  } else if (all.task() == Task::fill_in) {
    all.linear(named.transform, "HeadTransform", -1, c.width, c.width, true);
    all.norm(named.norm, "FinalNorm", -1, true);
    all.linear(named.decoder, "", -1, c.vocabulary, c.width, true);
  }
}

namespace families {

inline constexpr std::string_view bert_blocks[] = {"bert.encoder.layer.", "encoder.layer."},
                                  bert_parts[] = {"bert.", "embeddings."}, bert_heads[] = {"classifier."};

inline constexpr FamilyDescription bert{
    .name = "bert",
    .type = "Bert",
    .header = "bert",
    .in_python = "Bert",
    .kind = FamilyKind::encoder,
    .read = read_bert,
    .list_modules =
        [](ModuleList& all) {
          list_bert_modules(all, {.pooler = "bert.pooler.dense",
                                  .of_text = "classifier",
                                  .transform = "cls.predictions.transform.dense",
                                  .norm = "cls.predictions.transform.LayerNorm",
                                  .decoder = "cls.predictions.decoder"});
        },
    .root = "bert",
    .answering_root = "bert",
    .embedding = "bert.embeddings.word_embeddings",
    .block_beginnings = bert_blocks,
    .part_beginnings = bert_parts,
    .head_beginnings = bert_heads,
    .queries_of_own_width = false,
    .vocabulary = {.unknown = "[UNK]", .separator = "[SEP]", .padding = "[PAD]", .first = "[CLS]", .mask = "[MASK]"}};

}  // namespace families

}  // namespace graft
