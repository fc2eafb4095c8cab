#include <graft/checkpoints/families/t5.hpp>

#include "checkpoints/families/configs.hpp"

using namespace graft;
using made::lists, made::read, made::refuses, made::with;

BOOST_AUTO_TEST_SUITE(checkpoints_families_t5)

Json t5() {
  return {{"model_type", "t5"}, {"vocab_size", 64}, {"d_model", 32}, {"num_layers", 2},
          {"num_heads", 4},     {"d_kv", 16},       {"d_ff", 48}};
}

BOOST_AUTO_TEST_CASE(what_is_read) {
  const auto c = read(t5());
  BOOST_TEST(c.encoder_blocks == 2U);
  BOOST_TEST(c.blocks == 2U);  // as many in the decoder, where nothing is said of it
  BOOST_TEST(c.head_width == 16U);
  BOOST_TEST(c.buckets == 32U);
  BOOST_TEST(c.farthest == 128U);
  BOOST_TEST((c.tied_head && c.scaled_head && !c.gated));
  BOOST_TEST(read(with(t5(), {{"num_decoder_layers", 3}})).blocks == 3U);
  BOOST_TEST(read(with(t5(), {{"feed_forward_proj", "gated-gelu"}})).gated);
  BOOST_TEST(!read(with(t5(), {{"tie_word_embeddings", false}})).scaled_head);
}

BOOST_AUTO_TEST_CASE(what_is_refused) {
  refuses(with(t5(), {{"feed_forward_proj", "gated-silu"}}),
          "feed_forward_proj is \"gated-silu\"; graft's t5 has relu and gated-gelu");
  refuses(with(t5(), {{"architectures", {"T5ForSequenceClassification"}}}), "graft's t5 is T5ForConditionalGeneration");
}

BOOST_AUTO_TEST_CASE(modules_of_both_stacks) {
  const auto c = read(with(t5(), {{"num_layers", 1}, {"feed_forward_proj", "gated-gelu"}}));
  lists(c,
        {"shared TokenEmbedding 64×32", "encoder.block.0.layer.0.SelfAttention.q Query 64×32",
         "encoder.block.0.layer.0.SelfAttention.k Key 64×32", "encoder.block.0.layer.0.SelfAttention.v Value 64×32",
         "encoder.block.0.layer.0.SelfAttention.o Output 32×64",
         "encoder.block.0.layer.0.SelfAttention.relative_attention_bias RelativeBias 32×4",
         "encoder.block.0.layer.0.layer_norm InputNorm 32×0", "encoder.block.0.layer.1.DenseReluDense.wi_0 Gate 48×32",
         "encoder.block.0.layer.1.DenseReluDense.wi_1 Up 48×32", "encoder.block.0.layer.1.DenseReluDense.wo Down 32×48",
         "encoder.block.0.layer.1.layer_norm MlpNorm 32×0", "encoder.final_layer_norm FinalNorm 32×0"});
  lists(c, {"decoder.block.0.layer.0.layer_norm InputNorm 32×0",
            "decoder.block.0.layer.1.EncDecAttention.q CrossQuery 64×32",
            "decoder.block.0.layer.1.EncDecAttention.k CrossKey 64×32",
            "decoder.block.0.layer.1.EncDecAttention.v CrossValue 64×32",
            "decoder.block.0.layer.1.EncDecAttention.o CrossOutput 32×64",
            "decoder.block.0.layer.1.layer_norm CrossNorm 32×0",
            "decoder.block.0.layer.2.DenseReluDense.wi_0 Gate 48×32"});
  lists(read(t5()), {"encoder.block.0.layer.1.DenseReluDense.wi Up 48×32"});
}

// Blocks are counted on, and the bias, which all blocks share, is of none.
BOOST_AUTO_TEST_CASE(numbers_of_blocks) {
  const auto c = read(t5());
  ModuleList list(c);
  list_t5_modules(list);
  std::ptrdiff_t last = -1;
  for (const auto& m : std::move(list).list()) {
    last = std::max(last, m.block);
    if (m.path.starts_with("decoder.block.1.")) BOOST_TEST(m.block == 3, m.path);
    if (m.site == "RelativeBias") BOOST_TEST(m.block == -1, m.path);
  }
  BOOST_TEST(last == 3);
}

BOOST_AUTO_TEST_SUITE_END()
