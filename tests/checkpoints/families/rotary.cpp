#include <graft/checkpoints/families/rotary.hpp>

#include "checkpoints/families/configs.hpp"

using namespace graft;
using made::read, made::refuses, made::sizes, made::with;

BOOST_AUTO_TEST_SUITE(checkpoints_families_rotary)

BOOST_AUTO_TEST_CASE(sizes_and_what_is_usual) {
  const auto c = read(sizes("llama"));
  BOOST_TEST(c.groups == 2U);
  BOOST_TEST(c.head_width == 8U);
  BOOST_TEST(c.rope_base == 10000.0);
  BOOST_TEST(c.norm_epsilon == 1e-6);
  BOOST_TEST(!c.tied_head);
  auto json = sizes("llama");
  json.erase("num_key_value_heads");
  BOOST_TEST(read(json).groups == 4U);
  BOOST_TEST(read(with(json, {{"head_dim", 16}})).head_width == 16U);
}

BOOST_AUTO_TEST_CASE(stretched_positions) {
  const auto read_rope = [](const Json& rope) { return read(with(sizes("llama"), {{"rope_scaling", rope}})); };
  BOOST_TEST(read_rope({{"type", "linear"}, {"factor", 2.0}}).rope_factor == 2.0);
  BOOST_TEST(read_rope({{"rope_type", "default"}}).rope_factor == 1.0);
  const auto llama3 = read_rope({{"rope_type", "llama3"},
                                 {"factor", 8.0},
                                 {"low_freq_factor", 1.5},
                                 {"high_freq_factor", 3.0},
                                 {"original_max_position_embeddings", 8192}});
  BOOST_TEST(llama3.rope_low == 1.5);
  BOOST_TEST(llama3.rope_high == 3.0);
  BOOST_TEST(llama3.rope_original == 8192U);
  const Json yarn = {{"rope_type", "yarn"}, {"factor", 4.0}, {"original_max_position_embeddings", 64}};
  BOOST_TEST(read_rope(with(yarn, {{"attention_factor", 0.5}})).rope_amplitude == 0.5);
  // (1 + 0.1 log 4) over (1 + 0.2 log 4)
  BOOST_TEST(read_rope(with(yarn, {{"mscale", 1.0}, {"mscale_all_dim", 2.0}})).rope_amplitude ==
                 1.1386294361119891 / 1.2772588722239782,
             boost::test_tools::tolerance(1e-12));
  // As Transformers 5 has it, that counts.
  const auto both = read(with(sizes("llama"), {{"rope_theta", 1e4},
                                               {"rope_scaling", {{"type", "linear"}, {"factor", 2.0}}},
                                               {"rope_parameters", {{"rope_type", "default"}, {"rope_theta", 5e5}}}}));
  BOOST_TEST(both.rope_base == 5e5);
  BOOST_TEST(both.rope_factor == 1.0);
}

BOOST_AUTO_TEST_CASE(what_is_refused) {
  refuses(with(sizes("llama"), {{"rope_scaling", {{"rope_type", "dynamic"}, {"factor", 2.0}}}}),
          "rope_scaling is \"dynamic\"");
  refuses(with(sizes("llama"), {{"rope_parameters", {{"rope_type", "proportional"}, {"rope_theta", 5e5}}}}),
          "rope_parameters is \"proportional\"");
  refuses(with(sizes("llama"), {{"rope_parameters", {{"full_attention", {{"rope_type", "default"}}}}}}),
          "differs from block to block");
  refuses(with(sizes("llama"), {{"rope_interleaved", true}}), "rope_interleaved is true");
  refuses(with(sizes("llama"), {{"rope_scaling", {{"rope_type", "yarn"}, {"factor", 2.0}}}}),
          "original_max_position_embeddings");
  refuses(with(sizes("llama"), {{"partial_rotary_factor", 0.5}}), "partial_rotary_factor is 0.5");
}

BOOST_AUTO_TEST_CASE(which_blocks_have_the_window) {
  const char *const full = "full_attention", *const window = "sliding_attention";
  const auto mistral = [](const Json& types) {
    return with(sizes("mistral"), {{"sliding_window", 16}, {"layer_types", types}});
  };
  BOOST_TEST(read(mistral({window, window, window, window})).full_every == 0U);
  BOOST_TEST(read(mistral({window, full, window, full})).full_every == 2U);
  BOOST_TEST(read(mistral({window, window, window, full})).full_every == 4U);
  BOOST_TEST(read(mistral({full, full, full, full})).window == 0U);
  refuses(mistral({full, window, window, window}), "layer_types: entry 1 is \"sliding_attention\"");
  refuses(mistral({window, full}), "layer_types has 2 entries for 4 blocks");
}

BOOST_AUTO_TEST_SUITE_END()
