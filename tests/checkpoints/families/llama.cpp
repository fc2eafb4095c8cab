#include <graft/checkpoints/families/llama.hpp>

#include "checkpoints/families/configs.hpp"

using namespace graft;
using made::read, made::refuses, made::sizes, made::with;

BOOST_AUTO_TEST_SUITE(checkpoints_families_llama)

BOOST_AUTO_TEST_CASE(biases) {
  const auto llama = read(with(sizes("llama"), {{"attention_bias", true}})), qwen2 = read(sizes("qwen2")),
             plain = read(sizes("llama"));
  BOOST_TEST((llama.qkv_bias && llama.output_bias));
  BOOST_TEST((qwen2.qkv_bias && !qwen2.output_bias));  // Qwen2 has them, and says nothing of them
  BOOST_TEST((!plain.qkv_bias && !plain.output_bias && !plain.mlp_bias));
  BOOST_TEST(read(sizes("qwen3")).head_norm);
}

BOOST_AUTO_TEST_CASE(windows) {
  const Json window = {{"sliding_window", 8}};
  BOOST_TEST(read(with(sizes("llama"), window)).window == 0U);
  BOOST_TEST(read(with(sizes("mistral"), window)).window == 8U);
  BOOST_TEST(read(with(sizes("qwen2"), window)).window == 0U);
  BOOST_TEST(read(with(sizes("qwen2"), with(window, {{"use_sliding_window", true}}))).window == 8U);
  refuses(with(sizes("qwen2"), {{"use_sliding_window", true}, {"sliding_window", 8}, {"max_window_layers", 2}}),
          "max_window_layers");
  // What is said of every block counts.
  const Json types = {{"max_window_layers", 2},
                      {"use_sliding_window", true},
                      {"layer_types", {"sliding_attention", "full_attention", "sliding_attention", "full_attention"}}};
  BOOST_TEST(read(with(sizes("qwen2"), with(window, types))).full_every == 2U);
}

BOOST_AUTO_TEST_CASE(blocks_without_positions) {
  const auto smollm3 = read(sizes("smollm3"));
  BOOST_TEST(smollm3.no_rope_every == 4U);
  BOOST_TEST(smollm3.rope_base == 2e6);
  BOOST_TEST(smollm3.tied_head);
  BOOST_TEST(read(with(sizes("smollm3"), {{"no_rope_layers", {1, 1, 1, 0}}})).no_rope_every == 4U);
  refuses(with(sizes("smollm3"), {{"no_rope_layers", {1, 0, 1, 0}}}), "no_rope_layers: entry 1");
  refuses(with(sizes("smollm3"), {{"no_rope_layer_interval", 0}, {"no_rope_layers", {1, 0, 1, 1}}}),
          "no_rope_layers: entry 1");
}

BOOST_AUTO_TEST_CASE(what_is_refused) {
  refuses(with(sizes("llama"), {{"hidden_act", "relu"}}), "hidden_act is \"relu\"; graft's llama has \"silu\"");
  refuses(with(sizes("mistral"), {{"pretraining_tp", 2}}), "pretraining_tp is 2");
}

BOOST_AUTO_TEST_SUITE_END()
