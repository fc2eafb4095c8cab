/// \file
/// Which modules an adapter's config means, as HF PEFT decides it (its tuners_utils.py and other.py): by names, by
/// suffixes of paths, by whole paths, or by a regular expression that matches a path from end to end.
#pragma once

#include <graft/checkpoints/base/modules.hpp>
#include <graft/text/tokenizers/pattern.hpp>

#include <optional>

namespace graft {

/// A regular expression out of a config; one that is not valid is an error that names the key.
[[nodiscard, gnu::cold]] inline Pattern config_pattern(const std::string& expression, const std::string& key,
                                                       const std::string& source) {
  if (expression.size() > 100'000) fail(source, ": ", key, " has an expression of ", expression.size(), " characters");
  try {
    return Pattern(expression);
  } catch (const Error& error) { fail(source, ": ", key, ": ", error.what()); }
}

/// A list of texts, a single one as a list of one; nothing where the key is absent or null.
[[nodiscard, gnu::cold]] inline std::vector<std::string> config_list(const Json& config, const std::string& key,
                                                                     const std::string& source) {
  if (!config.contains(key) || config.at(key).is_null()) return {};
  const Json& value = config.at(key);
  if (value.is_string()) return {value.get<std::string>()};
  return required<std::vector<std::string>>(config, key, source);
}

/// What a key says of modules: a list of names, or an expression.
class NameRule {
 public:
  NameRule() = default;
  [[gnu::cold]] NameRule(const Json& config, const std::string& key, const std::string& source) {
    if (!config.contains(key) || config.at(key).is_null()) return;
    there_ = true;
    if (config.at(key).is_string()) expression_ = config_pattern(config.at(key).get<std::string>(), key, source);
    else names_ = required<std::vector<std::string>>(config, key, source);
  }

  [[nodiscard]] bool there() const { return there_; }
  [[nodiscard]] bool is_expression() const { return expression_.has_value(); }
  [[nodiscard]] bool empty() const { return !expression_ && names_.empty(); }
  [[nodiscard]] const std::vector<std::string>& names() const { return names_; }
  [[nodiscard]] bool names_path(const std::string& path) const {
    return std::find(names_.begin(), names_.end(), path) != names_.end();
  }
  /// A whole path, the last parts of one, or a match.
  [[nodiscard]] bool matches(const std::string& path) const {
    if (expression_) return expression_->matches(path, true);
    return names_path(path) ||
           std::any_of(names_.begin(), names_.end(), [&](const auto& name) { return path.ends_with("." + name); });
  }

 private:
  bool there_ = false;
  std::vector<std::string> names_;
  std::optional<Pattern> expression_;
};

/// What target_modules is where a folder holds layers that are trained whole, or biases, and nothing else: PEFT's word
/// for it.
inline constexpr const char* no_modules = "dummy-target-modules";

/// The keys that choose modules: target_modules, exclude_modules, modules_to_save, layers_to_transform and
/// layers_pattern.
class ModuleRules {
 public:
  [[gnu::cold]] ModuleRules(const Json& config, const std::string& source, const std::vector<Module>& modules)
      : source_(source), excluded_(config, "exclude_modules", source) {
    saved_ = config_list(config, "modules_to_save", source);
    for (const auto& name : saved_)
      saved_patterns_.push_back(config_pattern("(^|.*\\.)" + name + "($|\\..*)", "modules_to_save", source));
    read_targets(config, modules);
    read_layers(config);
  }

  /// Whether the method works on the module; layers that are trained whole are not for it.
  [[nodiscard]] bool targets(const std::string& path) const {
    if (!excluded_.empty() && excluded_.matches(path)) return false;
    if (std::any_of(saved_patterns_.begin(), saved_patterns_.end(),
                    [&](const auto& pattern) { return pattern.matches(path, false); }))
      return false;
    if (all_linear_) return linears_.contains(path);
    if (!targets_.matches(path)) return false;
    // whole paths name their layer
    return targets_.is_expression() || targets_.names_path(path) || layers_.empty() || in_layers(path);
  }
  /// Whether the module is trained whole and saved: any whose path ends so, with or without a dot before.
  [[nodiscard]] bool saves(const std::string& path) const {
    return std::any_of(saved_.begin(), saved_.end(), [&](const auto& name) { return path.ends_with(name); });
  }
  [[nodiscard]] bool saves_any() const { return !saved_.empty(); }
  /// Whether ensure_weight_tying is about layers that are trained whole, or about ones that the method works on: PEFT
  /// knows an embedding and the head tied to it by two names.
  [[nodiscard]] bool saves_tied_pair() const { return std::any_of(saved_.begin(), saved_.end(), is_of_tied_pair); }
  [[nodiscard]] bool targets_tied_pair() const {
    if (saves_tied_pair()) return false;
    if (targets_.is_expression()) return targets_.matches("embed_tokens") || targets_.matches("lm_head");
    return std::any_of(targets_.names().begin(), targets_.names().end(), is_of_tied_pair);
  }
  /// Whether the config leaves the choice to the library.
  [[nodiscard]] bool by_default() const { return !targets_.there() && !all_linear_ && !none_; }
  /// Whether it says that no module is meant.
  [[nodiscard]] bool names_none() const { return none_; }
  /// Names that mean no module of this model; PEFT passes over them, as long as others mean one.
  [[nodiscard]] std::vector<std::string> idle_names(const std::vector<Module>& modules) const {
    std::vector<std::string> idle;
    for (const auto& name : targets_.names())
      if (std::none_of(modules.begin(), modules.end(),
                       [&](const auto& m) { return m.path == name || m.path.ends_with("." + name); }))
        idle.push_back(name);
    return idle;
  }

 private:
  void read_targets(const Json& config, const std::vector<Module>& modules) {
    const char* const key = "target_modules";
    if (config.contains(key) && config.at(key).is_string()) {
      auto text = config.at(key).get<std::string>();
      std::transform(text.begin(), text.end(), text.begin(),
                     [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
      all_linear_ = text == "all-linear";
    }
    none_ = config.contains(key) && (config.at(key) == Json(no_modules) || config.at(key) == Json::array());
    if (!all_linear_) {
      if (!none_) targets_ = NameRule(config, key, source_);
      return;
    }
    // Every linear layer but the one that yields tokens, or a classifier's classes.
    const bool classifies = optional<std::string>(config, "task_type", "", source_) == "SEQ_CLS";
    for (const auto& m : modules) {
      const bool output =
          m.path == "lm_head" || m.path == "lm_head.decoder" || m.path == "cls.predictions.decoder" ||
          (classifies && (m.path == "score" || m.path == "classifier" || m.path.starts_with("classifier.")));
      if (m.kind == ModuleKind::linear && !output) linears_.insert(m.path);
    }
  }
  void read_layers(const Json& config) {
    if (config.contains("layers_to_transform") && !config.at("layers_to_transform").is_null()) {
      const Json& value = config.at("layers_to_transform");
      for (const Json& n : value.is_array() ? value : Json::array({value})) {
        if (!n.is_number_integer() || n < 0)
          fail(source_, ": layers_to_transform is ", value.dump().substr(0, 80),
               ", and not a number or a list of them");
        layers_.push_back(n.get<Index>());
      }
      if (targets_.is_expression() || all_linear_) {
        if (!layers_.empty() && targets_.is_expression())
          fail(source_,
               ": layers_to_transform and a target_modules that is an expression exclude each other; the expression "
               "can name the layers");
        layers_.clear();
      }
    }
    const auto lists = config_list(config, "layers_pattern", source_);
    if (!lists.empty() && layers_.empty())
      fail(source_, ": layers_pattern says what layers_to_transform counts, and there is no layers_to_transform");
    for (const auto& name : lists)
      numbers_.push_back(config_pattern("(?:^|.*?\\.)" + name + R"(\.(?<number>\d+)\.)", "layers_pattern", source_));
    if (numbers_.empty()) numbers_.emplace_back(R"(.*?\.[^.]*\.(?<number>\d+)\.)");
  }
  static bool is_of_tied_pair(const std::string& name) {
    const auto last = name.substr(name.rfind('.') + 1);
    return last == "embed_tokens" || last == "lm_head";
  }
  /// Whether the first number in a path that counts blocks is among layers_to_transform.
  [[nodiscard]] bool in_layers(const std::string& path) const {
    for (const auto& pattern : numbers_)
      if (const auto digits = pattern.captured(path, "number"); !digits.empty())
        return digits.size() < 9 &&
               std::find(layers_.begin(), layers_.end(), std::stoul(std::string(digits))) != layers_.end();
    return false;
  }

  std::string source_;
  NameRule targets_, excluded_;
  std::vector<std::string> saved_;
  std::vector<Pattern> saved_patterns_;
  std::set<std::string> linears_;
  std::vector<Index> layers_;
  std::vector<Pattern> numbers_;  ///< of blocks, in paths
  bool all_linear_ = false, none_ = false;
};

/// rank_pattern, alpha_pattern and the like: values by expressions, of which the first in the file that matches the end
/// of a path holds.
class ValuePattern {
 public:
  /// `order`: the file's order of the keys, which JSON objects do not keep.
  [[gnu::cold]] ValuePattern(const Json& config, const std::string& key, const std::vector<std::string>& order,
                             const std::string& source) {
    if (!config.contains(key) || config.at(key).is_null()) return;
    const Json& object = config.at(key);
    if (!object.is_object()) fail(source, ": ", key, " is no object of names and numbers");
    for (const auto& name : order) {
      if (!object.contains(name) || !object.at(name).is_number())
        fail(source, ": ", key, ": the value of \"", name.substr(0, 80), "\" is no number");
      entries_.push_back({config_pattern("(.*\\.)?(" + name + ")$", key, source), object.at(name)});
    }
  }
  [[nodiscard]] bool empty() const { return entries_.empty(); }
  [[nodiscard]] const Json* find(const std::string& path) const {
    for (const auto& [pattern, value] : entries_)
      if (pattern.matches(path, false)) return &value;
    return nullptr;
  }

 private:
  std::vector<std::pair<Pattern, Json>> entries_;
};

/// The keys of an object at the top of a JSON text, in the text's order.
[[nodiscard, gnu::cold]] inline std::vector<std::string> keys_in_order(std::string_view text,
                                                                       const std::string& object) {
  std::vector<std::string> keys;
  bool inside = false;
  const Json ignored = Json::parse(text, [&](int depth, Json::parse_event_t event, Json& parsed) {
    if (event == Json::parse_event_t::key && depth == 1) inside = parsed == Json(object);
    if (event == Json::parse_event_t::key && depth == 2 && inside &&
        std::find(keys.begin(), keys.end(), parsed.get<std::string>()) == keys.end())
      keys.push_back(parsed.get<std::string>());
    return true;
  });
  return keys;
}

}  // namespace graft
