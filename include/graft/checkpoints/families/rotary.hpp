/// \file
/// What the config.json of families with rotary positions says alike: sizes, how positions turn queries and keys and
/// how they were stretched to longer texts, and which blocks have a window.
#pragma once

#include <graft/checkpoints/base/config_json.hpp>

#include <array>

namespace graft {

/// What such a family has where its config says nothing, and what it may say.
struct RotaryUsual {
  Index head_width = 0;  ///< 0: the width over the heads
  double norm_epsilon = 1e-6, rope_base = 10'000;
  bool tied_head = false, head_norm = false;
  bool qkv_bias = false, output_bias = true;  ///< the second: where "attention_bias" is true of the output, too
  enum class Window { none, stated, switched } windows = Window::none;  ///< the last: by "use_sliding_window"
  Index window = 0;
  bool by_kind_of_block = false;                    ///< blocks with a window have rotary positions of their own
  bool turns_parts = false;                         ///< a part of a head's columns may be turned
  std::array<std::string_view, 2> longrope_once{};  ///< what "longrope" was called before
};

[[gnu::cold]] inline void read_rope_scaling(ConfigJson& config, const RotaryUsual& usual, const Json& rope,
                                            const std::string& source) {
  StatedConfig& c = config.stated();
  auto kind = optional<std::string>(rope, "rope_type", optional<std::string>(rope, "type", "default", source), source);
  if (std::find(usual.longrope_once.begin(), usual.longrope_once.end(), kind) != usual.longrope_once.end())
    kind = "longrope";
  if (kind == "default") return;
  const auto number = [&](const char* key, double otherwise) { return optional<double>(rope, key, otherwise, source); };
  const Index turned = c.rotary_width == 0 ? c.head_width : c.rotary_width,
              most = config.option<Index>("max_position_embeddings", 0);
  const Index original = config.option<Index>("original_max_position_embeddings",
                                              optional<Index>(rope, "original_max_position_embeddings", most, source));
  if (kind == "longrope") {
    c.rope_short = required<std::vector<double>>(rope, "short_factor", source),
    c.rope_long = required<std::vector<double>>(rope, "long_factor", source);
    for (const auto* divisors : {&c.rope_short, &c.rope_long})
      if (divisors->size() != turned / 2)
        fail(source, ": ", divisors == &c.rope_short ? "short" : "long", "_factor has ", divisors->size(),
             " numbers for ", turned / 2, " pairs");
    if (original < 2) fail(source, ": original_max_position_embeddings is missing");
    const double factor = number("factor", static_cast<double>(most) / static_cast<double>(original));
    c.rope_amplitude =
        number("attention_factor",
               factor <= 1 ? 1 : std::sqrt(1 + std::log(factor) / std::log(static_cast<double>(original))));
    c.rope_original = original;
    return;
  }
  if (kind != "linear" && kind != "llama3" && kind != "yarn")
    fail(source, " is \"", kind, "\"; graft knows linear, llama3, yarn and longrope");
  c.rope_factor = required<double>(rope, "factor", source);
  if (kind == "llama3") {
    c.rope_low = required<double>(rope, "low_freq_factor", source);
    c.rope_high = required<double>(rope, "high_freq_factor", source);
    c.rope_original = required<Index>(rope, "original_max_position_embeddings", source);
  } else if (kind == "yarn") {
    if (original == 0) fail(source, ": original_max_position_embeddings is missing");
    c.set_yarn(original, number("beta_fast", 32), number("beta_slow", 1),
               optional<bool>(rope, "truncate", true, source));
    const double scale = number("mscale", 0), scale_of_all = number("mscale_all_dim", 0);
    c.rope_amplitude = number("attention_factor", scale != 0 && scale_of_all != 0
                                                      ? c.yarn_amplitude(scale) / c.yarn_amplitude(scale_of_all)
                                                      : c.rope_amplitude);
  }
}

/// Rotary positions, as Transformers 4 states them (rope_theta, partial_rotary_factor, rope_scaling) or as 5 does
/// (rope_parameters, for all blocks or for each kind of them).
[[gnu::cold]] inline void read_rope(ConfigJson& config, const RotaryUsual& usual) {
  const Json& json = config.json();
  StatedConfig& c = config.stated();
  for (const auto& [key, value] : json.items()) {
    if (key.find("rope") == key.npos && key.find("rotary") == key.npos) continue;
    const auto known = {
        "rope_theta",     "rope_scaling",          "rope_parameters", "rope_local_base_freq", "partial_rotary_factor",
        "no_rope_layers", "no_rope_layer_interval"};
    if (!value.is_null() && std::find(known.begin(), known.end(), key) == known.end())
      fail(config.source(), ": ", key, " is ", value.dump(), ", which graft does not know");
  }
  const auto stated = [&json](const char* key) {
    return json.contains(key) && json.at(key).is_object() ? json.at(key) : Json::object();
  };
  Json rope = stated("rope_parameters");
  std::string source = config.source() + ": rope_parameters";
  if (rope.empty()) rope = stated("rope_scaling"), source = config.source() + ": rope_scaling";
  Json local = Json::object();
  if (rope.contains("full_attention") || rope.contains("sliding_attention")) {
    if (!usual.by_kind_of_block) fail(source, " differs from block to block, which graft's ", c.family, " does not");
    local = rope.value("sliding_attention", Json::object());
    if (local.is_object() && local.value("rope_type", "default") != "default")
      fail(source, ": blocks with a window have the type ", local.at("rope_type").dump(), "; graft's have none");
    rope = rope.value("full_attention", Json::object());
    source += ": full_attention";
  }
  c.rope_base = optional<double>(rope, "rope_theta", config.option("rope_theta", usual.rope_base), source);
  if (usual.by_kind_of_block)
    c.local_rope_base = optional<double>(local, "rope_theta", config.option("rope_local_base_freq", 10'000.0), source);
  const auto part =
      optional<double>(rope, "partial_rotary_factor", config.option("partial_rotary_factor", 1.0), source);
  if (part != 1.0) {
    if (!usual.turns_parts)
      fail(config.source(), ": partial_rotary_factor is ", Json(part).dump(), "; graft's ", c.family,
           " turns whole heads");
    c.rotary_width = static_cast<Index>(part * static_cast<double>(c.head_width));
    if (part < 0 || c.rotary_width < 2 || c.rotary_width % 2 != 0 || c.rotary_width > c.head_width)
      fail(config.source(), ": partial_rotary_factor is ", Json(part).dump(), ": ", c.rotary_width,
           " columns of a head's ", c.head_width);
  }
  read_rope_scaling(config, usual, rope, source);
}

/// Sizes, norms, biases, rotary positions, and how far a token sees.
[[gnu::cold]] inline void read_rotary(ConfigJson& config, const RotaryUsual& usual) {
  StatedConfig& c = config.stated();
  c.vocabulary = config.size("vocab_size"), c.width = config.size("hidden_size"),
  c.blocks = config.size("num_hidden_layers"), c.heads = config.size("num_attention_heads"),
  c.feed_forward = config.size("intermediate_size");
  c.groups = config.option<Index>("num_key_value_heads", c.heads);
  c.head_width = config.option<Index>("head_dim", usual.head_width != 0 ? usual.head_width
                                                  : c.heads == 0        ? 0
                                                                        : c.width / c.heads);
  c.norm_epsilon = config.option("rms_norm_eps", usual.norm_epsilon);
  c.tied_head = config.option("tie_word_embeddings", usual.tied_head);
  c.qkv_bias = config.option("attention_bias", usual.qkv_bias);
  c.output_bias = usual.output_bias && c.qkv_bias;
  c.mlp_bias = config.option("mlp_bias", false);
  c.head_norm = usual.head_norm;
  read_rope(config, usual);
  if (usual.windows == RotaryUsual::Window::stated ||
      (usual.windows == RotaryUsual::Window::switched && config.option("use_sliding_window", false)))
    c.window = config.option<Index>("sliding_window", usual.window);
}
[[gnu::cold]] inline void expect_silu(const ConfigJson& config) {
  config.expect(config.json().contains("hidden_act") ? "hidden_act" : "hidden_activation", "silu");
}

[[nodiscard, gnu::cold]] inline bool states_layer_types(const ConfigJson& config) {
  return config.json().contains("layer_types") && config.json().at("layer_types").is_array();
}
/// Which blocks have the window: all, or all but every `pattern`th; "layer_types", where it is, must say the same.
[[gnu::cold]] inline void read_layer_types(ConfigJson& config, Index pattern) {
  const Json& json = config.json();
  StatedConfig& c = config.stated();
  c.full_every = pattern;
  if (!states_layer_types(config)) return;
  const Json& types = json.at("layer_types");
  if (types.size() != c.blocks)
    fail(config.source(), ": layer_types has ", types.size(), " entries for ", c.blocks, " blocks");
  const auto is_full = [&types](Index i) { return types[i] == Json("full_attention"); };
  Index first = 0;
  while (first < c.blocks && !is_full(first)) ++first;
  c.full_every = first == c.blocks ? 0 : first + 1;
  bool any_window = false;
  for (Index i = 0; i < c.blocks; ++i) {
    const bool full = c.full_every != 0 && (i + 1) % c.full_every == 0;
    if (types[i] != Json(full ? "full_attention" : "sliding_attention"))
      fail(config.source(), ": layer_types: entry ", i, " is ", types[i].dump(), "; graft's ", c.family,
           " has a window in every block, or in all but every n-th");
    any_window = any_window || !full;
  }
  if (!any_window) c.window = c.full_every = 0;
}

}  // namespace graft
