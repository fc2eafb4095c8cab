#include <graft/checkpoints/families/bert.hpp>

#include "checkpoints/families/configs.hpp"

using namespace graft;
using made::lists, made::modules, made::read, made::refuses, made::sizes, made::with;

BOOST_AUTO_TEST_SUITE(checkpoints_families_bert)

Json bert(const char* architecture = "BertModel") { return with(sizes("bert"), {{"architectures", {architecture}}}); }

BOOST_AUTO_TEST_CASE(what_is_read) {
  const auto c = read(bert());
  BOOST_TEST(c.groups == 4U);  // whatever is said of groups
  BOOST_TEST(c.head_width == 8U);
  BOOST_TEST(c.positions == 512U);
  BOOST_TEST(c.token_types == 2U);
  BOOST_TEST(c.norm_epsilon == 1e-12);
  BOOST_TEST(read(with(bert(), {{"max_position_embeddings", 40}})).positions == 40U);
}

BOOST_AUTO_TEST_CASE(what_is_refused) {
  refuses(with(bert(), {{"position_embedding_type", "relative_key"}}), "position_embedding_type");
  refuses(with(bert(), {{"hidden_act", "relu"}}), "hidden_act is \"relu\"; graft's bert has \"gelu\"");
  refuses(with(bert(), {{"is_decoder", true}}), "is_decoder is true");
  refuses(with(bert(), {{"tie_word_embeddings", false}}), "tie_word_embeddings is false");
}

BOOST_AUTO_TEST_CASE(modules_of_blocks) {
  const auto c = read(with(bert(), {{"num_hidden_layers", 1}}));
  lists(c,
        {"bert.embeddings.word_embeddings TokenEmbedding 64×32",
         "bert.embeddings.position_embeddings PositionEmbedding 512×32",
         "bert.embeddings.token_type_embeddings TokenTypeEmbedding 2×32",
         "bert.embeddings.LayerNorm EmbeddingNorm 32×0 +bias",
         "bert.encoder.layer.0.attention.self.query Query 32×32 +bias",
         "bert.encoder.layer.0.attention.self.key Key 32×32 +bias",
         "bert.encoder.layer.0.attention.self.value Value 32×32 +bias",
         "bert.encoder.layer.0.attention.output.dense Output 32×32 +bias",
         "bert.encoder.layer.0.attention.output.LayerNorm MlpNorm 32×0 +bias",
         "bert.encoder.layer.0.intermediate.dense Up 48×32 +bias", "bert.encoder.layer.0.output.dense Down 32×48 +bias",
         "bert.encoder.layer.0.output.LayerNorm OutputNorm 32×0 +bias", "bert.pooler.dense Pooler 32×32 +bias",
         "classifier Head 2×32 +bias"});
}

BOOST_AUTO_TEST_CASE(modules_of_heads) {
  BOOST_TEST(modules(read(bert("BertForTokenClassification"))).back() == "classifier Head 2×32 +bias");
  BOOST_TEST(modules(read(bert("BertForQuestionAnswering"))).back() == "qa_outputs Head 2×32 +bias");
  lists(read(bert("BertForMaskedLM")),
        {"cls.predictions.transform.dense HeadTransform 32×32 +bias",
         "cls.predictions.transform.LayerNorm FinalNorm 32×0 +bias", "cls.predictions.decoder  64×32 +bias"});
  const auto alone = modules(read(bert("BertEncoder")));  // no root, no head
  BOOST_TEST(alone.front() == "embeddings.word_embeddings TokenEmbedding 64×32");
  BOOST_TEST(alone.back() == "encoder.layer.3.output.LayerNorm OutputNorm 32×0 +bias");
}

BOOST_AUTO_TEST_SUITE_END()
