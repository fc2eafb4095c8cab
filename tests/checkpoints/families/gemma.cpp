#include <graft/checkpoints/families/gemma.hpp>

#include "checkpoints/families/configs.hpp"

using namespace graft;
using made::lists, made::read, made::refuses, made::sizes, made::with;

BOOST_AUTO_TEST_SUITE(checkpoints_families_gemma)

BOOST_AUTO_TEST_CASE(what_is_read) {
  const auto second = read(with(sizes("gemma2"), {{"query_pre_attn_scalar", 64}})), third = read(sizes("gemma3_text"));
  BOOST_TEST(second.head_width == 256U);  // not the width over the heads
  BOOST_TEST(second.tied_head);
  BOOST_TEST(second.attention_scale == 0.125);
  BOOST_TEST(second.attention_cap == 50.0);
  BOOST_TEST(second.logit_cap == 30.0);
  BOOST_TEST(second.window == 4096U);
  BOOST_TEST(second.full_every == 2U);
  BOOST_TEST(second.local_rope_base == second.rope_base);
  BOOST_TEST(third.attention_scale == 0.0625);
  BOOST_TEST(third.attention_cap == 0.0);
  BOOST_TEST(third.head_norm);
  BOOST_TEST(third.rope_base == 1e6);
  BOOST_TEST(third.local_rope_base == 1e4);
  BOOST_TEST(third.full_every == 6U);
  BOOST_TEST(read(with(sizes("gemma3_text"), {{"sliding_window_pattern", 2}})).full_every == 2U);
  // A cap that is there and says nothing is none.
  BOOST_TEST(read(with(sizes("gemma2"), {{"attn_logit_softcapping", nullptr}})).attention_cap == 0.0);
}

BOOST_AUTO_TEST_CASE(what_is_refused) {
  refuses(with(sizes("gemma3_text"), {{"rope_parameters",
                                       {{"full_attention", {{"rope_theta", 1e6}}},
                                        {"sliding_attention", {{"rope_type", "linear"}, {"factor", 8.0}}}}}}),
          "blocks with a window");
  refuses(with(sizes("gemma2"), {{"hidden_activation", "gelu"}}), "hidden_activation");
  refuses(with(sizes("gemma2"), {{"attention_bias", true}}), "graft's gemma2 has no biases");
  refuses(with(sizes("gemma3_text"),
               {{"layer_types", {"full_attention", "sliding_attention", "sliding_attention", "full_attention"}}}),
          "layer_types: entry 1");
  refuses(with(sizes("gemma3_text"), {{"use_bidirectional_attention", true}}), "use_bidirectional_attention");
}

BOOST_AUTO_TEST_CASE(norms_behind_what_they_norm) {
  const auto c = read(with(sizes("gemma3_text"), {{"head_dim", 8}}));
  lists(c, {"model.layers.0.self_attn.q_norm QueryNorm 8×0", "model.layers.0.self_attn.k_norm KeyNorm 8×0",
            "model.layers.0.self_attn.o_proj Output 32×32",
            "model.layers.0.post_attention_layernorm AttentionOutputNorm 32×0",
            "model.layers.0.pre_feedforward_layernorm MlpNorm 32×0", "model.layers.0.mlp.gate_proj Gate 48×32",
            "model.layers.0.mlp.up_proj Up 48×32", "model.layers.0.mlp.down_proj Down 32×48",
            "model.layers.0.post_feedforward_layernorm MlpOutputNorm 32×0"});
}

BOOST_AUTO_TEST_SUITE_END()
