#include <graft/checkpoints/families/phi3.hpp>

#include "checkpoints/families/configs.hpp"

using namespace graft;
using made::lists, made::read, made::refuses, made::sizes, made::with;

BOOST_AUTO_TEST_SUITE(checkpoints_families_phi3)

BOOST_AUTO_TEST_CASE(what_is_read) {
  const auto c = read(with(sizes("phi3"), {{"partial_rotary_factor", 0.75}, {"sliding_window", 16}}));
  BOOST_TEST(c.rotary_width == 6U);  // of a head's eight columns
  BOOST_TEST(c.window == 16U);
  BOOST_TEST(c.norm_epsilon == 1e-5);
  // What "longrope" was called before.
  const Json rope = {{"type", "su"}, {"short_factor", {1.0, 1.0, 1.0, 1.0}}, {"long_factor", {1.0, 2.0, 3.0, 4.0}}};
  const auto longer =
      read(with(sizes("phi3"),
                {{"rope_scaling", rope}, {"max_position_embeddings", 64}, {"original_max_position_embeddings", 16}}));
  BOOST_TEST(longer.rope_long == (std::vector<double>{1, 2, 3, 4}), boost::test_tools::per_element());
  BOOST_TEST(longer.rope_original == 16U);
  BOOST_TEST(longer.rope_amplitude == std::sqrt(1.5), boost::test_tools::tolerance(1e-12));  // √(1 + log 4 / log 16)
}

BOOST_AUTO_TEST_CASE(what_is_refused) {
  refuses(with(sizes("phi3"), {{"rope_scaling", {{"type", "longrope"}}}}), "short_factor");
  refuses(
      with(sizes("phi3"),
           {{"rope_scaling", {{"type", "longrope"}, {"short_factor", {1.0}}, {"long_factor", {2.0, 3.0, 4.0, 5.0}}}}}),
      "short_factor has 1 numbers for 4 pairs");
  refuses(with(sizes("phi3"), {{"partial_rotary_factor", 0.1}}), "0 columns of a head's 8");
  refuses(with(sizes("phi3"), {{"attention_bias", true}}), "graft's phi3 has no biases");
}

BOOST_AUTO_TEST_CASE(fused_layers) {
  lists(read(sizes("phi3")),
        {"model.layers.0.input_layernorm InputNorm 32×0", "model.layers.0.self_attn.qkv_proj QueryKeyValue 64×32",
         "model.layers.0.self_attn.o_proj Output 32×32", "model.layers.0.post_attention_layernorm MlpNorm 32×0",
         "model.layers.0.mlp.gate_up_proj GateUp 96×32", "model.layers.0.mlp.down_proj Down 32×48"});
}

BOOST_AUTO_TEST_SUITE_END()
