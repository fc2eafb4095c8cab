#include <graft/checkpoints/families/gpt2.hpp>

#include "checkpoints/families/configs.hpp"

using namespace graft;
using made::lists, made::modules, made::read, made::refuses, made::with;

BOOST_AUTO_TEST_SUITE(checkpoints_families_gpt2)

Json gpt2() { return {{"model_type", "gpt2"}, {"vocab_size", 64}, {"n_embd", 32}, {"n_layer", 1}, {"n_head", 4}}; }

BOOST_AUTO_TEST_CASE(what_is_read) {
  const auto c = read(gpt2());
  BOOST_TEST(c.feed_forward == 128U);
  BOOST_TEST(c.positions == 1024U);
  BOOST_TEST(c.tied_head);
  BOOST_TEST(read(with(gpt2(), {{"n_inner", 40}})).feed_forward == 40U);
  BOOST_TEST(read(with(gpt2(), {{"n_inner", nullptr}})).feed_forward == 128U);
}

BOOST_AUTO_TEST_CASE(what_is_refused) {
  refuses(with(gpt2(), {{"activation_function", "relu"}}), "activation_function is \"relu\"");
  refuses(with(gpt2(), {{"scale_attn_weights", false}}), "scale_attn_weights is false");
  refuses(with(gpt2(), {{"scale_attn_by_inverse_layer_idx", true}}), "scale_attn_by_inverse_layer_idx is true");
  refuses(with(gpt2(), {{"add_cross_attention", true}}), "add_cross_attention is true");
}

BOOST_AUTO_TEST_CASE(modules_of_blocks_and_heads) {
  lists(read(gpt2()),
        {"transformer.wte TokenEmbedding 64×32", "transformer.wpe PositionEmbedding 1024×32",
         "transformer.h.0.ln_1 InputNorm 32×0 +bias", "transformer.h.0.attn.c_attn QueryKeyValue 96×32 +bias",
         "transformer.h.0.attn.c_proj Output 32×32 +bias", "transformer.h.0.ln_2 MlpNorm 32×0 +bias",
         "transformer.h.0.mlp.c_fc Up 128×32 +bias", "transformer.h.0.mlp.c_proj Down 32×128 +bias",
         "transformer.ln_f FinalNorm 32×0 +bias", "lm_head Head 64×32"});
  const auto last = [](const char* architecture) {
    return modules(read(with(gpt2(), {{"architectures", {architecture}}, {"num_labels", 3}}))).back();
  };
  BOOST_TEST(last("GPT2ForSequenceClassification") == "score Head 3×32");
  BOOST_TEST(last("GPT2ForTokenClassification") == "classifier Head 3×32 +bias");
  BOOST_TEST(last("GPT2ForQuestionAnswering") == "qa_outputs Head 2×32 +bias");
}

BOOST_AUTO_TEST_SUITE_END()
