/// \file
/// The values of an adapter_config.json, with errors that name the key and the file.
#pragma once

#include <graft/checkpoints/adapter_reading.hpp>
#include <graft/checkpoints/base/module_rules.hpp>
#include <graft/io/safetensors.hpp>

namespace graft {

/// An adapter's config, and the tensors beside it where they are there.
struct AdapterConfig {
  std::string source;  ///< the file, for messages
  std::string text{};  ///< of it: the order of keys counts in patterns
  Json json{};
  const TensorMap* tensors = nullptr;

  /// Whether it is AdapterHub's, and not PEFT's.
  [[nodiscard]] bool is_hub() const { return !json.contains("peft_type") && json.contains("config"); }
};

/// The first expression in the file that matches the end of a path, for the numbers of LoRA's family.
struct RankRules {
  double rank, alpha;
  ValuePattern ranks, alphas;

  [[gnu::cold]] RankRules(const AdapterConfig& c, const char* rank_key, double usual_rank, const char* alpha_key,
                          double usual_alpha, const char* rank_pattern = "rank_pattern")
      : rank(optional<double>(c.json, rank_key, usual_rank, c.source)),
        alpha(optional<double>(c.json, alpha_key, usual_alpha, c.source)),
        ranks(c.json, rank_pattern, keys_in_order(c.text, rank_pattern), c.source),
        alphas(c.json, "alpha_pattern", keys_in_order(c.text, "alpha_pattern"), c.source) {}
  [[nodiscard]] double rank_at(const std::string& path) const { return value(ranks, path, rank); }
  [[nodiscard]] double alpha_at(const std::string& path) const { return value(alphas, path, alpha); }

 private:
  static double value(const ValuePattern& pattern, const std::string& path, double otherwise) {
    const Json* const found = pattern.find(path);
    return found == nullptr ? otherwise : found->get<double>();
  }
};

/// What a reader of one config takes numbers and fractions by.
class PeftValues {
 protected:
  [[gnu::cold]] explicit PeftValues(const AdapterConfig& config)
      : c_(config),
        json_(config.json),
        source_(config.source),
        type_(required<std::string>(json_, "peft_type", source_)) {}

  template <class V>
  [[nodiscard]] V option(const char* key, V otherwise) const {
    return optional<V>(json_, key, std::move(otherwise), source_);
  }
  [[nodiscard]] bool flag(const char* key, bool otherwise = false) const { return option<bool>(key, otherwise); }
  [[nodiscard]] std::int64_t whole(double x, const std::string& what) const {
    if (!(x >= 1 && x <= 1e7) || x != std::floor(x))
      fail(source_, ": ", what, " is ", Json(x).dump(), ", and not a whole number from 1 on");
    return static_cast<std::int64_t>(x);
  }
  [[nodiscard]] std::int64_t number(const char* key, std::int64_t otherwise) const {
    return whole(option<double>(key, static_cast<double>(otherwise)), key);
  }
  [[nodiscard]] std::int64_t seed(const char* key, std::int64_t otherwise) const {
    const auto x = option<double>(key, static_cast<double>(otherwise));
    if (!(x >= 0 && x <= static_cast<double>(largest_number)) || x != std::floor(x))
      fail(source_, ": ", key, " is ", Json(x).dump(), "; graft's seeds are whole numbers of 32 bits");
    return static_cast<std::int64_t>(x);
  }
  [[nodiscard]] MethodOption fraction(const char* name, double x, const std::string& key) const {
    return {.name = name, .numbers = fraction_of(x, source_ + ": " + key)};
  }
  [[nodiscard]] MethodOption dropout(const char* key) const {
    auto made = fraction("Dropout", option<double>(key, 0), key);
    if (option<double>(key, 0) >= 1)
      fail(source_, ": ", key, " is ", json_.at(key).dump(), ", and not a probability below one");
    if (made.numbers.size() == 1) made.numbers.push_back(1);
    return made;
  }

  const AdapterConfig& c_;
  const Json& json_;
  std::string source_;
  std::string type_;
};

}  // namespace graft
