/// \file
/// What the layers of a model say of an adapter, and that as HF PEFT's adapter_config.json.
/// checkpoints/peft/peft_config.hpp reads it back.
#pragma once

#include <graft/checkpoints/base/modules.hpp>
#if defined(GRAFT_TEXT_INLINE)
#include <graft/checkpoints/base/module_rules.hpp>
#endif

#include <map>

namespace graft {

/// Gathered from a model's layers, or from an adapter's tensors.
struct AdapterSummary {
  struct Layer {
    std::string path;           ///< "model.layers.0.self_attn.q_proj"
    Json options{};             ///< PEFT's keys and what they say of it
    std::string also_listed{};  ///< a second list of modules that it is in
    bool embeds = false;        ///< PEFT has fewer options on embeddings
    /// of AdaLoRA, where its schedule has dropped some of the model's ranks: which of this layer's are left
    std::vector<bool> kept{};
  };
  std::string type{};             ///< PEFT's name of the method; empty: none has made a layer
  std::vector<Module> modules{};  ///< all of the model's that have weights
  std::vector<Layer> adapted{};
  Json formalities = Json::object();   ///< what is written and, read, makes no difference
  std::vector<std::string> trained{};  ///< layers trained whole
  /// layers that have a bias, and those of them of which it is trained and nothing else of the base
  std::vector<std::string> biases{}, biased{};
  std::vector<std::int64_t> tokens{};  ///< whose rows are trained, of the embedding at `tokens_of`
  std::string tokens_of{};
  bool lists_modules = true;  ///< prompts belong to no module
  std::string task_type{};    ///< PEFT's name of what the model is for
  bool tied_head = false;     ///< and it follows a trained embedding
};

/// Whether names of modules may be shortened to what means the same among all of the model's, or these are not known.
enum class PathsAre { shortened, whole };

/// The adapter_config.json of what was gathered. Throws where PEFT's has no words for it.
Json adapter_config(const AdapterSummary& summary, const std::string& base_name, PathsAre paths = PathsAre::shortened);

#if defined(GRAFT_TEXT_INLINE)
/// Writes one config.
class AdapterConfigWriter {
 public:
  [[gnu::cold]] explicit AdapterConfigWriter(const AdapterSummary& summary) : s_(summary) {
    for (const auto& layer : s_.adapted) adapted_[layer.path] = &layer;
    for (const auto& m : s_.modules)
      if (adapted_.contains(m.path)) blocks_.insert(m.block);
  }

  [[nodiscard, gnu::cold]] Json write(const std::string& base_name, PathsAre paths) {
    most_parts_ = paths == PathsAre::whole ? 0 : 2;
    config_ = {{"task_type", s_.task_type.empty() ? Json() : Json(s_.task_type)},
               {"peft_type", s_.type.empty() ? "LORA" : s_.type},
               {"base_model_name_or_path", base_name},
               {"inference_mode", true}};
    const bool tokens_alone = s_.type.empty() && !s_.tokens.empty();
    if (tokens_alone) config_["peft_type"] = "TRAINABLE_TOKENS";
    if (config_["peft_type"] == "LORA")
      config_.update(Json::parse(
          R"({"fan_in_fan_out": false, "init_lora_weights": true, "lora_dropout": 0.0, "use_rslora": false, "use_dora": false, "r": 8, "lora_alpha": 8, "rank_pattern": {}, "alpha_pattern": {},
        "layers_to_transform": null, "layers_pattern": null, "modules_to_save": null})"));
    config_.update(s_.formalities);
    if (tokens_alone) {
      config_["token_indices"] = s_.tokens;
      config_["target_modules"] = {s_.tokens_of};
    } else if (!s_.tokens.empty()) {
      if (config_["peft_type"] != "LORA")
        fail("an adapter folder of PEFT holds trained tokens alone or beside LoRA, not beside ", s_.type);
      config_["trainable_token_indices"][s_.tokens_of.substr(s_.tokens_of.rfind('.') + 1)] = s_.tokens;
    }
    write_trained();
    if (s_.lists_modules) name_modules();
    write_options();
    write_biases();
    return std::move(config_);
  }

 private:
  static Json number(const Json& value) {  // 16 for 16.0
    if (!value.is_number_float() || value.get<double>() != std::floor(value.get<double>()) ||
        std::abs(value.get<double>()) > 1e15)
      return value;
    return static_cast<std::int64_t>(value.get<double>());
  }
  static bool ends(const std::string& path, const std::string& name) {
    return path == name || path.ends_with("." + name);
  }
  /// The last `parts` parts of a path.
  static std::string suffix(const std::string& path, Index parts) {
    auto at = path.size();
    for (; parts > 0 && at != std::string::npos && at != 0; --parts) at = path.rfind('.', at - 1);
    return at == std::string::npos || at == 0 ? path : path.substr(at + 1);
  }
  static Index parts_of(const std::string& path) {
    return static_cast<Index>(std::count(path.begin(), path.end(), '.')) + 1;
  }

  /// Keys whose values differ by module in a pattern.
  [[nodiscard]] const char* pattern_of(const std::string& key) const {
    const bool lora = s_.type == "LORA", loha = s_.type == "LOHA" || s_.type == "LOKR";
    if (key == "r" && (lora || loha)) return "rank_pattern";
    if ((key == "lora_alpha" && lora) || (key == "alpha" && loha)) return "alpha_pattern";
    if (key == "n_frequency") return "n_frequency_pattern";
    return nullptr;
  }
  void write_options() {
    std::set<std::string> keys;
    for (const auto& layer : s_.adapted)
      for (const auto& [key, value] : layer.options.items()) keys.insert(key);
    if (keys.erase("final_rank") > 0) write_masks();
    if (keys.erase("ensure_weight_tying") > 0) config_["ensure_weight_tying"] = true;
    for (const auto& key : keys) {
      const auto value_at = [&key](const AdapterSummary::Layer& layer) {
        return layer.options.contains(key) ? number(layer.options.at(key)) : Json();
      };
      std::map<Json, Index> votes;
      for (const auto& layer : s_.adapted)
        if (!is_exempt(layer, key)) ++votes[value_at(layer)];
      if (votes.empty()) continue;
      const auto common = std::max_element(votes.begin(), votes.end(), [](const auto& a, const auto& b) {
                            return a.second < b.second;
                          })->first;
      config_[key] = common;
      for (const auto& layer : s_.adapted) {
        if (is_exempt(layer, key) || value_at(layer) == common) continue;
        const char* const pattern = pattern_of(key);
        if (pattern == nullptr)
          fail("an adapter folder of PEFT has one ", key, " for all of it, and this model has ", value_at(layer).dump(),
               " at ", layer.path, " and ", common.dump(), " elsewhere");
        config_[pattern][key_of(layer, value_at)] = value_at(layer);
      }
    }
  }
  static bool is_exempt(const AdapterSummary::Layer& layer, const std::string& key) {
    return layer.embeds && (key == "lora_dropout" || key == "init_lora_weights" || key == "lora_bias");
  }
  /// The shortest key of a pattern for a layer's value: every adapted layer that it matches has the same.
  template <class F>
  [[nodiscard]] std::string key_of(const AdapterSummary::Layer& layer, const F& value_at) const {
    for (Index parts = 1; parts < parts_of(layer.path); ++parts) {
      const auto key = suffix(layer.path, parts);
      if (std::all_of(s_.adapted.begin(), s_.adapted.end(),
                      [&](const auto& other) { return !ends(other.path, key) || value_at(other) == value_at(layer); }))
        return key;
    }
    return layer.path;
  }
  /// AdaLoRA's schedule left so many of each.
  void write_masks() {
    for (const auto& layer : s_.adapted) {
      const auto first = layer.options.at("init_r").get<Index>(), left = layer.options.at("final_rank").get<Index>();
      if (left == first && std::all_of(s_.adapted.begin(), s_.adapted.end(), [](const auto& l) {
            return l.options.at("final_rank") == l.options.at("init_r");
          }))
        continue;
      auto& mask = config_["rank_pattern"][layer.path + ".lora_E"];
      for (Index r = 0; r < first; ++r) mask.push_back(layer.kept.size() == first ? layer.kept[r] : r < left);
    }
  }

  /// Names of modules: the last part or two where that means adapted ones and no other, whole paths else; with
  /// layers_to_transform where that is shorter.
  void name_modules() {
    if (s_.adapted.empty()) {
      if (config_["peft_type"] == "LORA") config_["target_modules"] = no_modules;
      return;
    }
    Json plain = named(config_, false);
    if (!blocks_.contains(-1) && most_parts_ > 0) {
      Json by_layers = config_;
      by_layers["layers_to_transform"] = blocks_;
      by_layers = named(by_layers, true);
      if (by_layers.at("target_modules").size() < plain.at("target_modules").size() && means_adapted(by_layers))
        plain = std::move(by_layers);
    }
    config_ = std::move(plain);
  }
  [[nodiscard]] Json named(Json config, bool by_layers) const {
    std::map<std::string, std::set<std::string>> lists;
    lists["target_modules"];
    for (const auto& layer : s_.adapted) {
      const auto name = name_of(layer, by_layers);
      lists["target_modules"].insert(name);
      if (!layer.also_listed.empty()) lists[layer.also_listed].insert(name);
      // PEFT knows the pair by these two names
      if (layer.options.contains("ensure_weight_tying") && !layer.path.ends_with("embed_tokens"))
        lists["target_modules"].insert("lm_head");
    }
    for (auto& [list, names] : lists) config[list] = names;
    return config;
  }
  [[nodiscard]] std::string name_of(const AdapterSummary::Layer& layer, bool by_layers) const {
    for (Index parts = 1; parts <= std::min(most_parts_, parts_of(layer.path) - 1); ++parts) {
      const auto name = suffix(layer.path, parts);
      const bool right = std::all_of(s_.modules.begin(), s_.modules.end(), [&](const Module& m) {
        if (!m.path.ends_with(name) || (by_layers && !blocks_.contains(m.block))) return true;
        const auto other = adapted_.find(m.path);
        return other == adapted_.end() ? !ends(m.path, name) : other->second->also_listed == layer.also_listed;
      });
      if (right) return name;
    }
    return layer.path;
  }
  [[nodiscard]] bool means_adapted(const Json& config) const {
    const ModuleRules rules(config, "the config", s_.modules);
    return std::all_of(s_.modules.begin(), s_.modules.end(),
                       [&](const auto& m) { return rules.targets(m.path) == adapted_.contains(m.path); });
  }

  /// Layers trained whole, by their whole paths: PEFT takes every module that ends as a name does.
  void write_trained() {
    std::set<std::string> names;
    // RoBERTa's, of two layers
    for (const auto& path : s_.trained) names.insert(path.starts_with("classifier.") ? "classifier" : path);
    if (!names.empty()) config_["modules_to_save"] = names;
    const auto embedding =
        std::find_if(s_.modules.begin(), s_.modules.end(), [](const auto& m) { return m.site == "TokenEmbedding"; });
    if (s_.tied_head && embedding != s_.modules.end() && names.contains(embedding->path)) {
      config_["ensure_weight_tying"] = true;
      if (!embedding->path.ends_with("embed_tokens")) config_["modules_to_save"].push_back("lm_head");
    }
  }
  void write_biases() {
    if (s_.biased.empty()) {
      if (config_["peft_type"] == "LORA") config_["bias"] = "none";
      return;
    }
    static constexpr std::pair<std::string_view, std::string_view> names[] = {
        {"LORA", "lora_only"}, {"ADALORA", "lora_only"},      {"BOFT", "boft_only"},
        {"OFT", "oft_only"},   {"HRA", "hra_only"},           {"MISS", "miss_only"},
        {"VERA", "vera_only"}, {"FOURIERFT", "fourier_only"}, {"RANDLORA", "randlora_only"}};
    const auto equal = [this](const auto& wanted) {
      return std::all_of(s_.biases.begin(), s_.biases.end(), [&](const auto& path) {
        return wanted(path) == (std::find(s_.biased.begin(), s_.biased.end(), path) != s_.biased.end());
      });
    };
    if (equal([](const auto&) { return true; })) {
      config_["bias"] = "all";
    } else if (equal([this](const auto& path) { return adapted_.contains(path); })) {
      config_["bias"] = "lora_only";
      for (const auto& [type, name] : names)
        if (type == s_.type) config_["bias"] = name;
    } else {
      fail(
          "an adapter folder of PEFT holds all biases, or those of the adapted layers; this model trains others, like "
          "that of ",
          s_.biased[0]);
    }
  }

  const AdapterSummary& s_;
  std::map<std::string, const AdapterSummary::Layer*> adapted_;
  std::set<std::ptrdiff_t> blocks_;  ///< that hold an adapted layer; −1: outside
  Json config_;
  Index most_parts_ = 2;
};

GRAFT_TEXT_INLINE Json adapter_config(const AdapterSummary& summary, const std::string& base_name, PathsAre paths) {
  return AdapterConfigWriter(summary).write(base_name, paths);
}
#endif

}  // namespace graft
