/// \file
/// GGUF's names of tensors, and its metadata, of families with rotary positions; and the same as config.json.
#pragma once

#include <graft/checkpoints/families/family.hpp>

namespace graft {

inline constexpr std::pair<std::string_view, std::string_view> rotary_gguf_names[] = {
    {"model.layers.", "blk."},
    {"model.embed_tokens", "token_embd"},
    {"model.norm", "output_norm"},
    {"lm_head", "output"},
    {"self_attn.q_proj", "attn_q"},
    {"self_attn.k_proj", "attn_k"},
    {"self_attn.v_proj", "attn_v"},
    {"self_attn.o_proj", "attn_output"},
    {"self_attn.q_norm", "attn_q_norm"},
    {"self_attn.k_norm", "attn_k_norm"},
    {"mlp.gate_proj", "ffn_gate"},
    {"mlp.up_proj", "ffn_up"},
    {"mlp.down_proj", "ffn_down"},
    {"input_layernorm", "attn_norm"},
    {"post_attention_layernorm", "ffn_norm"}};

/// Metadata of a file, and what its tensors say. \throws Error that names a key
[[gnu::cold]] inline StatedConfig read_rotary_gguf(const Gguf& g) {
  const auto& family = g.get<std::string>("general.architecture");
  const auto size = [&](const std::string& key) {
    const auto n = g.get<std::int64_t>(family + "." + key);
    if (n <= 0) fail(g.source, ": ", family, ".", key, " is ", n);
    return static_cast<Index>(n);
  };
  const auto embedding = g.tensors.find("token_embd.weight");
  if (embedding == g.tensors.end() || embedding->second.shape.size() != 2)
    fail(g.source, ": there is no token_embd.weight in it");
  StatedConfig c{.family = family,
                 .architecture = {},
                 .vocabulary = embedding->second.shape[0],
                 .width = size("embedding_length"),
                 .blocks = size("block_count"),
                 .heads = size("attention.head_count"),
                 .feed_forward = size("feed_forward_length")};
  c.groups = g.metadata.contains(family + ".attention.head_count_kv") ? size("attention.head_count_kv") : c.heads;
  c.head_width = static_cast<Index>(
      g.get_or<std::int64_t>(family + ".attention.key_length", static_cast<std::int64_t>(c.width / c.heads)));
  c.rope_base = g.get_or<double>(family + ".rope.freq_base", 10'000.0);
  c.norm_epsilon = g.get<double>(family + ".attention.layer_norm_rms_epsilon");
  if (const auto turned =
          g.get_or<std::int64_t>(family + ".rope.dimension_count", static_cast<std::int64_t>(c.head_width));
      turned != static_cast<std::int64_t>(c.head_width))
    fail(g.source, ": ", family, ".rope.dimension_count is ", turned, "; graft's ", family, " turns whole heads, of ",
         c.head_width, " columns");
  const auto context = g.get_or<std::int64_t>(family + ".context_length", 0);
  const auto real = [&](const std::string& key, double otherwise) {
    return g.get_or<double>(family + ".rope." + key, otherwise);
  };
  const double factor = real("scaling.factor", real("scale_linear", 1.0));  // the second is its older name
  if (const auto kind = g.get_or<std::string>(family + ".rope.scaling.type", factor != 1 ? "linear" : "none");
      kind == "linear" || kind == "yarn") {
    c.rope_factor = factor == 0 ? 1 : factor;
    if (kind == "yarn") {
      c.set_yarn(static_cast<Index>(g.get_or<std::int64_t>(family + ".rope.scaling.original_context_length", context)),
                 real("scaling.yarn_beta_fast", 32), real("scaling.yarn_beta_slow", 1), true);
      c.rope_amplitude *= real("scaling.attn_factor", 1);
    }
  } else if (kind != "none") {
    fail(g.source, ": ", family, ".rope.scaling.type is \"", kind, "\"; graft knows none, linear and yarn from GGUF");
  }
  // Llama 3.1's scaling, worked out
  if (const auto factors = g.tensors.find("rope_freqs.weight"); factors != g.tensors.end()) {
    const auto divisors = to_floats(factors->second, "rope_freqs.weight");
    if (divisors.size() != c.head_width / 2)
      fail(g.source, ": rope_freqs.weight has ", divisors.size(), " numbers for ", c.head_width / 2, " pairs");
    if (std::any_of(divisors.begin(), divisors.end(), [](float d) { return d != 1.0F; })) {
      c.rope_short = c.rope_long = {divisors.begin(), divisors.end()};
      c.rope_original = static_cast<Index>(context);
    }
  }
  c.pad = static_cast<std::ptrdiff_t>(g.get_or<std::int64_t>("tokenizer.ggml.padding_token_id", -1));
  c.tied_head = !g.tensors.contains("output.weight");
  c.head_norm = g.tensors.contains("blk.0.attn_q_norm.weight");
  c.qkv_bias = g.tensors.contains("blk.0.attn_q.bias");
  c.output_bias = g.tensors.contains("blk.0.attn_output.bias");
  c.mlp_bias = g.tensors.contains("blk.0.ffn_up.bias");
  return c;
}

/// How rotary positions are scaled, as config.json says it: "rope_scaling".
[[nodiscard, gnu::cold]] inline Json rope_scaling(const StatedConfig& c) {
  if (!c.rope_long.empty())
    return {{"rope_type", "longrope"},
            {"short_factor", c.rope_short},
            {"long_factor", c.rope_long},
            {"factor", 1.0},
            {"attention_factor", c.rope_amplitude},
            {"original_max_position_embeddings", c.rope_original}};
  if (c.rope_ramp_end > 0)
    return {{"rope_type", "yarn"},
            {"factor", c.rope_factor},
            {"attention_factor", c.rope_amplitude},
            {"original_max_position_embeddings", c.rope_original}};
  if (c.rope_factor != 1) return {{"rope_type", "linear"}, {"factor", c.rope_factor}};
  return nullptr;
}

/// What the file states, as a config.json that Transformers reads.
[[nodiscard, gnu::cold]] inline Json config_of_rotary_gguf(const StatedConfig& c, const Gguf& g) {
  const auto context = g.get_or<std::int64_t>(c.family + ".context_length", 8192);
  Json config = {{"model_type", c.family},
                 {"vocab_size", c.vocabulary},
                 {"hidden_size", c.width},
                 {"num_hidden_layers", c.blocks},
                 {"num_attention_heads", c.heads},
                 {"num_key_value_heads", c.groups},
                 {"head_dim", c.head_width},
                 {"intermediate_size", c.feed_forward},
                 {"rope_theta", c.rope_base},
                 {"rms_norm_eps", c.norm_epsilon},
                 {"attention_bias", c.qkv_bias},
                 {"mlp_bias", c.mlp_bias},
                 {"hidden_act", "silu"},
                 {"rope_scaling", rope_scaling(c)},
                 {"max_position_embeddings", std::max(context, static_cast<std::int64_t>(c.rope_original))}};
  for (const auto& [key, stated] :
       {std::pair{"bos_token_id", "bos"}, {"eos_token_id", "eos"}, {"pad_token_id", "padding"}})
    if (const auto id = g.get_or<std::int64_t>(std::string("tokenizer.ggml.") + stated + "_token_id", -1); id >= 0)
      config[key] = id;
  return config;
}

}  // namespace graft
