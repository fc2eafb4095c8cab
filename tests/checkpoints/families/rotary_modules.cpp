#include <graft/checkpoints/families/rotary_modules.hpp>

#include "checkpoints/families/configs.hpp"

using namespace graft;
using made::lists, made::modules, made::read, made::sizes, made::with;

BOOST_AUTO_TEST_SUITE(checkpoints_families_rotary_modules)

BOOST_AUTO_TEST_CASE(modules_of_blocks) {
  const auto c = read(with(sizes("qwen2"), {{"num_hidden_layers", 1}}));
  lists(c, {"model.embed_tokens TokenEmbedding 64×32", "model.layers.0.input_layernorm InputNorm 32×0",
            "model.layers.0.self_attn.q_proj Query 32×32 +bias", "model.layers.0.self_attn.k_proj Key 16×32 +bias",
            "model.layers.0.self_attn.v_proj Value 16×32 +bias", "model.layers.0.self_attn.o_proj Output 32×32",
            "model.layers.0.post_attention_layernorm MlpNorm 32×0", "model.layers.0.mlp.gate_proj Gate 48×32",
            "model.layers.0.mlp.up_proj Up 48×32", "model.layers.0.mlp.down_proj Down 32×48",
            "model.norm FinalNorm 32×0", "lm_head Head 64×32"});
}

BOOST_AUTO_TEST_CASE(heads_and_roots) {
  const auto of = [](const char* architecture) {
    return modules(read(with(sizes("llama"), {{"architectures", {architecture}}, {"num_labels", 3}})));
  };
  BOOST_TEST(of("LlamaForSequenceClassification").back() == "score Head 3×32");
  BOOST_TEST(of("LlamaForTokenClassification").back() == "score Head 3×32 +bias");
  const auto answers = of("LlamaForQuestionAnswering");
  BOOST_TEST(answers.front() == "transformer.embed_tokens TokenEmbedding 64×32");
  BOOST_TEST(answers.back() == "qa_outputs Head 2×32 +bias");
}

BOOST_AUTO_TEST_CASE(members_beyond_the_defaults) {
  const auto members = [](const StatedConfig& c) {
    ConfigStruct out;
    write_rotary_members(out, c);
    return out.text();
  };
  StatedConfig c;
  BOOST_TEST(members(c) == "  static constexpr float rope_base = 10000.0F;\n");
  c.rope_factor = 8, c.rope_original = 64, c.window = 16, c.rope_short = {1, 1.5};
  BOOST_TEST(members(c) ==
             "  static constexpr float rope_base = 10000.0F, rope_factor = 8.0F;\n"
             "  static constexpr std::array<float, 2> rope_short{1.0F, 1.5F};\n"
             "  static constexpr graft::Index rope_original = 64, window = 16;\n");
}

BOOST_AUTO_TEST_SUITE_END()
