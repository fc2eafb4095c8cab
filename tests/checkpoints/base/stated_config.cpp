#include <graft/checkpoints/base/stated_config.hpp>

#include "checkpoints/families/configs.hpp"
#include "folder.hpp"
#include "io/files.hpp"

#include <graft/checkpoints/base/model_header.hpp>

#include <boost/test/unit_test.hpp>

using namespace graft;
using made::read, made::sizes, made::with;

BOOST_AUTO_TEST_SUITE(checkpoints_base_stated_config)

// Eight columns: pairs that turn 32 times within 1000 positions lie at 0.6967, those that turn once at 2.2018.
BOOST_AUTO_TEST_CASE(ramps_of_yarn) {
  StatedConfig c;
  c.head_width = 8, c.rope_factor = 4;
  const auto near = boost::test_tools::tolerance(1e-3);
  c.set_yarn(1000, 32, 1, false);
  BOOST_TEST(c.rope_ramp_begin == 0.6967, near);
  BOOST_TEST(c.rope_ramp_end == 2.2018, near);
  BOOST_TEST(c.rope_amplitude == 1.138629, near);
  c.set_yarn(1000, 32, 1, true);
  BOOST_TEST(c.rope_ramp_begin == 0.0);
  BOOST_TEST(c.rope_ramp_end == 3.0);
  BOOST_TEST(c.rope_original == 1000U);
  c.set_yarn(1000, 1, 1, false);  // no room: a ramp has a length
  BOOST_TEST(c.rope_ramp_end > c.rope_ramp_begin);
  c.rope_factor = 0.5;
  BOOST_TEST(c.yarn_amplitude(1) == 1.0);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(checkpoints_base_config_struct)

BOOST_AUTO_TEST_CASE(structs) {
  const auto llama = config_struct(read(sizes("llama")));
  BOOST_TEST(llama ==
             "struct Config : graft::LlamaDefaults {\n  static constexpr graft::Index vocabulary = 64, width = 32, "
             "blocks = 4, heads = 4, groups = 2, head_width = 8, feed_forward = 48;\n"
             "  static constexpr float norm_epsilon = 1e-06F;\n  static constexpr bool tied_head = false;\n  static "
             "constexpr float rope_base = 10000.0F;\n};\n");
  const auto has = [](const Json& json, const char* part) {
    BOOST_TEST(config_struct(read(json)).find(part) != std::string::npos, config_struct(read(json)));
  };
  has(with(sizes("mistral"), {{"sliding_window", 16}}), "window = 16;");
  has(sizes("qwen2"), "qkv_bias = true;");
  has(sizes("gemma2"), "attention_cap = 50.0F, logit_cap = 30.0F;");
  has(sizes("gemma2"), "window = 4096, full_every = 2;");
  has(sizes("gemma3_text"), "full_every = 6;");
  has(with(sizes("gemma3_text"),
           {{"layer_types", {"sliding_attention", "full_attention", "sliding_attention", "full_attention"}}}),
      "full_every = 2;");
  has(sizes("smollm3"), "no_rope_every = 4;");
  has(with(sizes("llama"), {{"rope_scaling",
                             {{"rope_type", "llama3"},
                              {"factor", 8.0},
                              {"low_freq_factor", 1.0},
                              {"high_freq_factor", 4.0},
                              {"original_max_position_embeddings", 8192}}}}),
      "rope_factor = 8.0F");
  Json t5 = {{"model_type", "t5"}, {"vocab_size", 64}, {"d_model", 32}, {"num_layers", 2},
             {"num_heads", 4},     {"d_kv", 8},        {"d_ff", 48}};
  has(t5, "tied_head = true;");
  has(t5, "scaled_head = true, gated = false;");
  has(with(t5, {{"tie_word_embeddings", false}}), "scaled_head = false, gated");
  // As Transformers 5 states the same.
  has(with(t5, {{"tie_word_embeddings", true}, {"scale_decoder_outputs", false}}), "tied_head = true;");
  has(with(t5, {{"tie_word_embeddings", true}, {"scale_decoder_outputs", false}}), "scaled_head = false, gated");
  const Json stretched = {{"rope_type", "llama3"},
                          {"factor", 8.0},
                          {"low_freq_factor", 1.0},
                          {"high_freq_factor", 4.0},
                          {"original_max_position_embeddings", 8192}};
  BOOST_TEST(config_struct(read(with(sizes("llama"), {{"rope_parameters", with(stretched, {{"rope_theta", 5e5}})}}))) ==
             config_struct(read(with(sizes("llama"), {{"rope_theta", 5e5}, {"rope_scaling", stretched}}))));
  BOOST_TEST(config_struct(read(with(sizes("gemma3_text"), {{"rope_parameters",
                                                             {{"full_attention", {{"rope_theta", 2e6}}},
                                                              {"sliding_attention", {{"rope_theta", 5e3}}}}}}))) ==
             config_struct(read(with(sizes("gemma3_text"), {{"rope_theta", 2e6}, {"rope_local_base_freq", 5e3}}))));
  has(with(sizes("qwen2"),
           {{"max_position_embeddings", 32768},
            {"rope_theta", 1e6},
            {"rope_scaling", {{"type", "yarn"}, {"factor", 4.0}, {"original_max_position_embeddings", 32768}}}}),
      "rope_ramp_begin = 1.0F, rope_ramp_end = 3.0F, rope_amplitude = 1.13862944F;");
  const Json divided = {{"type", "longrope"}, {"short_factor", {1.0, 1.5, 2.25}}, {"long_factor", {2.0, 3.0, 4.5}}};
  has(with(sizes("phi3"), {{"partial_rotary_factor", 0.75},
                           {"max_position_embeddings", 64},
                           {"original_max_position_embeddings", 16},
                           {"rope_scaling", divided}}),
      "rope_amplitude = 1.22474487F;\n  static constexpr std::array<float, 3> rope_short{1.0F, 1.5F, 2.25F};\n  static "
      "constexpr std::array<float, 3> rope_long{2.0F, 3.0F, 4.5F};\n  static constexpr graft::Index rotary_width = 6, "
      "rope_original = 16;");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(checkpoints_families_rotary_gguf)

/// The metadata of a small GGUF model, with more of it.
StatedConfig read_gguf(std::vector<std::string> more, const std::vector<float>& rope_freqs = {}) {
  std::vector<std::string> values{made::text_value("general.architecture", "llama")};
  for (const auto& [key, value] :
       std::initializer_list<std::pair<const char*, std::uint32_t>>{{"llama.block_count", 4},
                                                                    {"llama.embedding_length", 32},
                                                                    {"llama.attention.head_count", 4},
                                                                    {"llama.attention.head_count_kv", 2},
                                                                    {"llama.feed_forward_length", 48},
                                                                    {"llama.context_length", 64}})
    values.push_back(made::count_value(key, value));
  values.push_back(made::real_value("llama.attention.layer_norm_rms_epsilon", 1e-5F));
  values.insert(values.end(), more.begin(), more.end());
  std::vector<made::GgufTensor> tensors{{"token_embd.weight", {32, 8}, 0, std::string(1024, '\0')}};
  if (!rope_freqs.empty())
    tensors.push_back({"rope_freqs.weight",
                       {rope_freqs.size()},
                       0,
                       std::string(reinterpret_cast<const char*>(rope_freqs.data()), 4 * rope_freqs.size())});
  const auto file = made::gguf(values, tensors);
  return stated_config(Gguf(made::bytes(file), "model.gguf"));
}

BOOST_AUTO_TEST_CASE(rotary_positions_of_gguf) {
  BOOST_TEST(rope_scaling(read_gguf({}, {1, 1, 1, 1})).is_null());
  const auto llama3 = read_gguf({}, {1, 1.5F, 4, 8});
  BOOST_TEST(llama3.rope_long == (std::vector<double>{1, 1.5, 4, 8}), boost::test_tools::per_element());
  // What is written for Transformers reads as the same.
  const auto again = [](const StatedConfig& c) {
    return config_struct(read(with(sizes("llama"), {{"vocab_size", 8},
                                                    {"rms_norm_eps", 1e-5},
                                                    {"tie_word_embeddings", true},
                                                    {"rope_scaling", rope_scaling(c)}})));
  };
  BOOST_TEST(again(llama3) == config_struct(llama3));
  const auto linear = read_gguf(
      {made::text_value("llama.rope.scaling.type", "linear"), made::real_value("llama.rope.scaling.factor", 4)});
  BOOST_TEST(linear.rope_factor == 4);
  BOOST_TEST(again(linear) == config_struct(linear));
  const auto yarn =
      read_gguf({made::text_value("llama.rope.scaling.type", "yarn"), made::real_value("llama.rope.scaling.factor", 4),
                 made::count_value("llama.rope.scaling.original_context_length", 16)});
  BOOST_TEST(yarn.rope_ramp_end == 1.0);
  BOOST_TEST(again(yarn) == config_struct(yarn));
  const auto refused = [](const std::string& value, const char* named, const std::vector<float>& rope_freqs = {}) {
    BOOST_CHECK_EXCEPTION(read_gguf({value}, rope_freqs), Error,
                          [named](const Error& e) { return std::string(e.what()).find(named) != std::string::npos; });
  };
  refused(made::text_value("llama.rope.scaling.type", "longrope"), "longrope");
  refused(made::count_value("llama.rope.dimension_count", 4), "llama.rope.dimension_count is 4");
  refused(made::count_value("general.file_type", 0), "rope_freqs.weight has 3 numbers for 4 pairs", {1, 2, 3});
}

/// Keys that a GGUF file may leave out are as llama.cpp has them.
BOOST_AUTO_TEST_CASE(optional_keys_of_gguf) {
  const auto whole = read_gguf({});
  BOOST_TEST(whole.rope_factor == 1.0);
  BOOST_TEST(read_gguf({made::real_value("llama.rope.scale_linear", 4)}).rope_factor == 4.0);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(checkpoints_base_config_files)

/// As Transformers 5 does: a head in the file is used, whatever the config says of ties.
BOOST_AUTO_TEST_CASE(a_head_that_differs_from_a_tied_embedding) {
  const Folder folder("graft-tied-head");
  write_json(folder.path / "config.json", with(sizes("llama"), {{"tie_word_embeddings", true}}));
  const auto write = [&](std::vector<NamedTensor> tensors) {
    write_safetensors(folder.path / "model.safetensors", tensors);
  };
  const NamedTensor embedding{"model.embed_tokens.weight", {2, 2}, {1, 2, 3, 4}};
  write({embedding});
  BOOST_TEST(stated_config(folder.path).tied_head);
  write({embedding, {"lm_head.weight", {2, 2}, {1, 2, 3, 4}}});
  BOOST_TEST(stated_config(folder.path).tied_head);
  BOOST_TEST(stated_config(folder.path).notes.empty());
  write({embedding, {"lm_head.weight", {2, 2}, {1, 2, 3, 5}}});
  const auto stated = stated_config(folder.path);
  BOOST_TEST(!stated.tied_head);
  BOOST_TEST_REQUIRE(stated.notes.size() == 1U);
  BOOST_TEST(stated.notes[0].find("lm_head.weight differs") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
