/// \file
/// The adapter_config.json of AdapterHub's library (adapters 1.3.0) to a method: bottleneck adapters, Compacter,
/// prefixes, LoReFT, and unions of them.
#pragma once

#include <graft/checkpoints/adapter_reading.hpp>
#include <graft/checkpoints/base/module_rules.hpp>

namespace graft {

/// Why an architecture of AdapterHub's is refused; empty: it is not. "adapter" is a bottleneck, of which a config says
/// none.
[[nodiscard, gnu::cold]] inline std::string architecture_refusal(const std::string& type) {
  if (type == "adapter" || type == "prefix_tuning" || type == "reft" || type == "union") return "";
  return "architecture is \"" + type.substr(0, 80) +
         "\"; graft knows bottleneck adapters, prefix_tuning, reft and union of AdapterHub's";
}

class HubConfig {
 public:
  [[gnu::cold]] HubConfig(const Json& json, std::string source, const StatedConfig& model)
      : json_(json), source_(std::move(source)), model_(model) {
    check_keys(hub_keys, json_, "folder", source_);
    name_ = optional<std::string>(json_, "name", "default", source_);
    if (const auto width = optional<Index>(json_, "hidden_size", model_.width, source_); width != model_.width)
      fail(source_, ": hidden_size is ", width, ", and the base has a width of ", model_.width);
  }

  [[nodiscard, gnu::cold]] MethodDescription read() const {
    if (!json_.contains("config") || !json_.at("config").is_object())
      fail(source_, ": \"config\" is missing, or no object");
    auto method = one(json_.at("config"), 0);
    check_method(method, source_);
    return method;
  }

 private:
  template <class V>
  [[nodiscard]] V option(const Json& config, const char* key, V otherwise) const {
    return optional<V>(config, key, std::move(otherwise), source_);
  }
  [[nodiscard]] std::int64_t number(const Json& config, const char* key, double otherwise, double least = 1) const {
    const auto x = option<double>(config, key, otherwise);
    if (!(x >= least && x <= 1e6) || x != std::floor(x))
      fail(source_, ": ", key, " is ", Json(x).dump(), ", and not a whole number from ",
           static_cast<std::int64_t>(least), " on");
    return static_cast<std::int64_t>(x);
  }
  [[nodiscard]] MethodOption named_option() const {
    MethodOption o{.name = "Named", .text = name_};
    if (const auto mistake = mistake_in(o, *named(option_forms, "Named")); !mistake.empty())
      fail(source_, ": name is ", Json(name_.substr(0, 80)).dump(), ": ", mistake);
    return o;
  }

  [[nodiscard]] MethodDescription one(const Json& config, Index depth) const {
    const auto architecture = option<std::string>(config, "architecture", "");
    const std::string type = architecture.empty() ? "adapter" : architecture;
    if (const auto why = architecture_refusal(type); !why.empty()) fail(source_, ": ", why);
    check_keys(hub_keys, config, type, source_);
    MethodDescription m;
    if (type == "union") {
      if (depth > 3 || !config.contains("configs") || !config.at("configs").is_array())
        fail(source_, ": a union has a list \"configs\"");
      std::vector<MethodDescription> parts;
      for (const Json& part : config.at("configs")) parts.push_back(one(part, depth + 1));
      return united(std::move(parts));
    }
    if (type == "prefix_tuning")
      m = {.kind = "HubPrefixTuning",
           .numbers = {number(config, "prefix_length", 30), number(config, "bottleneck_size", 512)}};
    else if (type == "reft")
      m = {.kind = "LoReFT",
           .numbers = {number(config, "r", 1), number(config, "prefix_positions", 3, 0),
                       number(config, "suffix_positions", 0, 0)}};
    else m = adapter(config);
    m.options.push_back(named_option());
    if (const auto blocks = blocks_of(config, type); !blocks.empty())
      m.options.push_back({.name = "Blocks", .numbers = blocks});
    sort_options(m, *graft::named(method_kinds, m.kind));
    return m;
  }

  [[nodiscard]] MethodDescription adapter(const Json& config) const {
    if (config.contains("reduction_factor") && config.at("reduction_factor").is_object())
      fail(source_, ": reduction_factor differs from block to block, which graft's adapters do not");
    const auto factor = option<double>(config, "reduction_factor", 16);
    if (!(factor > 0 && static_cast<double>(model_.width) / factor < 1e6))
      fail(source_, ": reduction_factor is ", Json(factor).dump(), ", by which the base's width cannot be divided");
    const auto inner = static_cast<std::int64_t>(std::max(1.0, static_cast<double>(model_.width) / factor));
    MethodDescription m{.kind = "Adapter", .numbers = {inner}};
    MethodOption on{.name = "On"};
    if (option(config, "mh_adapter", false)) on.sites.emplace_back("AfterAttention");
    if (option(config, "output_adapter", true)) on.sites.emplace_back("AfterMlp");
    if (on.sites.empty())
      fail(source_, ": mh_adapter and output_adapter are false, so that the adapter stands nowhere");
    m.options.push_back(std::move(on));
    m.options.push_back({.name = option(config, "is_parallel", false)          ? "InParallel"
                                 : option(config, "original_ln_before", false) ? "OfSum"
                                                                               : "OfSublayer"});
    const auto nonlinearity = option<std::string>(config, "non_linearity", "relu");
    if (nonlinearity == "relu") m.options.push_back({.name = "ReLU"});
    else if (nonlinearity == "swish" || nonlinearity == "silu") m.options.push_back({.name = "Swish"});
    else if (nonlinearity == "gelu") m.options.push_back({.name = "GELU"});
    else
      fail(source_, ": non_linearity is \"", nonlinearity.substr(0, 80), "\"; graft knows relu, swish, silu and gelu");
    if (config.contains("scaling") && config.at("scaling").is_string())
      fail(source_, ": scaling is ", config.at("scaling").dump().substr(0, 80), ", a trained one; graft's is a number");
    m.options.push_back(
        {.name = "Scaling", .numbers = fraction_of(option<double>(config, "scaling", 1), source_ + ": scaling")});
    if (option(config, "phm_layer", false)) {
      m.kind = "Compacter";
      m.numbers.push_back(number(config, "phm_dim", 4));
    }
    return m;
  }

  /// Block ranges, where some are left out.
  [[nodiscard]] std::vector<std::int64_t> blocks_of(const Json& config, const std::string& type) const {
    const Index count = model_.encoder_blocks + model_.blocks;
    const char* const key = type == "reft" ? "layers" : "leave_out";
    if (type == "prefix_tuning" || !config.contains(key) || config.at(key).is_null() || config.at(key) == Json("all"))
      return {};
    std::set<std::int64_t> listed;
    for (const auto n : required<std::vector<std::int64_t>>(config, key, source_)) {
      if (n < 0 || static_cast<Index>(n) >= count)
        fail(source_, ": ", key, " has block ", n, ", and the model has ", count, " (counted from 0)");
      listed.insert(n);
    }
    if (listed.empty() && type != "reft") return {};
    std::vector<std::int64_t> chosen;
    for (std::int64_t b = 0; b < static_cast<std::int64_t>(count); ++b)
      if (listed.contains(b) == (type == "reft")) chosen.push_back(b);
    if (chosen.empty()) fail(source_, ": ", key, " leaves no block");
    return chosen.size() == count ? std::vector<std::int64_t>() : block_ranges(chosen);
  }

  const Json& json_;
  std::string source_;
  const StatedConfig& model_;
  std::string name_;
};

}  // namespace graft
