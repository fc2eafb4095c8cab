/// \file
/// Adapters as folders that Hugging Face PEFT opens: adapter_config.json and adapter_model.safetensors, both ways.
#pragma once

#include <graft/models/load.hpp>
#include <graft/peft/lora.hpp>
#include <graft/peft/selective.hpp>

namespace graft {

/// What an adapter_config.json says, gathered from the layers of a model.
struct AdapterSummary {
  struct Entry {
    std::string path;  ///< "model.layers.0.self_attn.q_proj"
    LoraSettings settings;
  };
  std::vector<Entry> lora;
  std::vector<std::string> saved_modules;  ///< paths of layers trained whole
  Index blocks = 0;
};

template <class Model>
AdapterSummary summarize_adapter(const Model& model) {
  AdapterSummary summary{.lora = {}, .saved_modules = {}, .blocks = Model::config::blocks};
  Model::each_site(model, [&summary](auto, const Path& path, const auto& layer) {
    using L = std::remove_cvref_t<decltype(layer)>;
    if constexpr (requires { L::method::settings.rank; }) summary.lora.push_back({path.str(), L::method::settings});
    else if (trainable_parameters(layer) > 0) summary.saved_modules.push_back(path.str());
  });
  return summary;
}

/// The PEFT config of a summary. The commonest rank and alpha become r and lora_alpha, others go into the patterns.
[[gnu::cold]] inline Json adapter_config(const AdapterSummary& summary, const std::string& base_name) {
  const auto last_part = [](const std::string& path) { return path.substr(path.rfind('.') + 1); };
  Json config = Json::parse(R"({"peft_type": "LORA", "task_type": "CAUSAL_LM", "inference_mode": true, "bias": "none", "fan_in_fan_out": false,
    "init_lora_weights": true, "lora_dropout": 0.0, "use_rslora": false, "use_dora": false, "r": 8, "lora_alpha": 8, "rank_pattern": {},
    "alpha_pattern": {}, "target_modules": [], "modules_to_save": null, "layers_to_transform": null, "layers_pattern": null})");
  config["base_model_name_or_path"] = base_name;
  if (!summary.saved_modules.empty()) {
    std::set<std::string> names;
    for (const auto& path : summary.saved_modules) names.insert(summary.lora.empty() || path.find(".layers.") != std::string::npos ? path : last_part(path));
    config["modules_to_save"] = names;
  }
  if (summary.lora.empty()) return config;

  std::map<std::pair<Index, double>, Index> votes;
  for (const auto& [path, s] : summary.lora) ++votes[{s.rank, s.alpha}];
  const auto common = std::max_element(votes.begin(), votes.end(), [](const auto& a, const auto& b) { return a.second < b.second; })->first;
  const auto number = [](double x) { return x == static_cast<double>(static_cast<std::int64_t>(x)) ? Json(static_cast<std::int64_t>(x)) : Json(x); };
  config["r"] = common.first;
  config["lora_alpha"] = number(common.second);
  config["use_rslora"] = summary.lora.front().settings.rank_stabilized;
  config["lora_dropout"] = summary.lora.front().settings.dropout;
  config["init_lora_weights"] = summary.lora.front().settings.init == LoraInit::gaussian ? Json("gaussian") : Json(true);

  // Short names where a name means the same in every block, whole paths where it does not.
  std::map<std::string, std::set<Index>> blocks_of;
  std::set<Index> all_blocks;
  const auto block_of = [](const std::string& path) {
    const auto at = path.find(".layers.");
    return at == std::string::npos ? Index{0} : static_cast<Index>(std::stoul(path.substr(at + 8)));
  };
  for (const auto& [path, s] : summary.lora) {
    blocks_of[last_part(path)].insert(block_of(path));
    all_blocks.insert(block_of(path));
  }
  bool uniform = true;
  for (const auto& [name, blocks] : blocks_of) uniform = uniform && (blocks == all_blocks || name == "lm_head");
  std::set<std::string> targets;
  std::map<std::string, std::set<std::pair<Index, double>>> kinds;
  for (const auto& [path, s] : summary.lora) kinds[last_part(path)].insert({s.rank, s.alpha});
  for (const auto& [path, s] : summary.lora) {
    targets.insert(uniform ? last_part(path) : path);
    const std::string key = kinds[last_part(path)].size() == 1 ? last_part(path) : path;
    if (s.rank != common.first) config["rank_pattern"][key] = s.rank;
    if (s.alpha != common.second) config["alpha_pattern"][key] = number(s.alpha);
    if (s.rank_stabilized != summary.lora.front().settings.rank_stabilized)
      fail("an adapter folder has one use_rslora for all of it; this model mixes LoRA with and without RankStabilized");
  }
  config["target_modules"] = targets;
  if (uniform && all_blocks.size() != summary.blocks) config["layers_to_transform"] = all_blocks;
  return config;
}

/// The trained parameters of a model under their names in an adapter file.
template <class Model>
std::vector<NamedTensor> adapter_tensors(const Model& model) {
  std::vector<NamedTensor> tensors;
  Model::visit(model, [&tensors](const Path& path, const auto& p) {
    if constexpr (std::remove_cvref_t<decltype(p)>::trainable)
      tensors.push_back({"base_model.model." + path.str(), p.rows == 1 ? std::vector<Index>{p.columns} : std::vector<Index>{p.rows, p.columns}, p.read()});
  });
  return tensors;
}

/// Writes what the method trained. The folder appears whole: weights first, the config, which makes it an adapter, last.
template <class Model>
void save_adapter(const Model& model, const std::filesystem::path& folder, const std::string& base_name = "") {
  static_assert(Model::trainable_parameters > 0, "graft: save_adapter: this model's method trains nothing, so there is nothing to save");
  const Json config = adapter_config(summarize_adapter(model), base_name);
  std::filesystem::create_directories(folder);
  write_safetensors(folder / "adapter_model.safetensors", adapter_tensors(model));
  write_json(folder / "adapter_config.json", config);
}

/// Reads an adapter folder into a model whose method made the same parameters. Ranks, scalings and names must agree;
/// otherwise one error names all that do not, and nothing is changed.
template <class Model>
void load_adapter(Model& model, const std::filesystem::path& folder) {
  const auto source = (folder / "adapter_config.json").string();
  const Json config = read_json(source);
  if (const auto type = required<std::string>(config, "peft_type", source); type != "LORA") fail(source, ": peft_type is ", type, "; this version of graft reads LORA");
  for (const char* key : {"use_dora", "lora_bias", "use_qalora", "fan_in_fan_out"})
    if (optional<bool>(config, key, false, source)) fail(source, ": ", key, " is set, which LoRA<…> does not do");

  Complaints complaints;
  const auto pattern_value = [](const Json& c, const char* pattern, const char* otherwise, const std::string& path) {
    if (c.contains(pattern) && c.at(pattern).is_object())
      for (const auto& [key, value] : c.at(pattern).items()) {
        const std::string plain = key.starts_with("^") ? key.substr(1) : key;
        if (path == plain || (path.size() > plain.size() && path.ends_with("." + plain))) return value.template get<double>();
      }
    return c.value(otherwise, 8.0);
  };
  for (const auto& [path, s] : summarize_adapter(model).lora) {
    const double alpha = pattern_value(config, "alpha_pattern", "lora_alpha", path);
    if (alpha != s.alpha) complaints.add(path + ": lora_alpha is " + std::to_string(alpha) + " in the file, " + std::to_string(s.alpha) + " in the type");
    if (optional<bool>(config, "use_rslora", false, source) != s.rank_stabilized) complaints.add(path + ": use_rslora differs from the type's RankStabilized");
  }

  const SafetensorsFile file(folder / "adapter_model.safetensors");
  std::set<std::string> used;
  const auto each = [&model](auto&& f) {
    Model::visit(model, [&f](const Path& path, auto& p) {
      if constexpr (std::remove_cvref_t<decltype(p)>::trainable) f("base_model.model." + path.str(), p);
    });
  };
  each([&](const std::string& name, const auto& p) {
    const std::vector<Index> wanted = p.rows == 1 ? std::vector<Index>{p.columns} : std::vector<Index>{p.rows, p.columns};
    used.insert(name);
    const auto found = file.tensors.find(name);
    if (found == file.tensors.end()) complaints.add("missing: " + described(name, wanted));
    else if (found->second.shape != wanted) complaints.add("misshapen: " + described(name, found->second.shape) + ", the model has " + described("", wanted));
  });
  for (const auto& [name, tensor] : file.tensors)
    if (!used.contains(name)) complaints.add("unexpected: " + described(name, tensor.shape));
  complaints.raise_if_any(folder.string(), "The method in the model's type must be the one the adapter was made with (graft_add_model in CMake makes it from adapter_config.json).");
  each([&](const std::string& name, auto& p) { p.assign(to_floats(file.tensors.at(name), name)); });
}

}  // namespace graft
