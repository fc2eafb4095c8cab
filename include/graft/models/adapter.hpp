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

  // Few entries: everything is found by looking through them.
  const auto& all = summary.lora;
  const auto same_kind = [](const LoraSettings& a, const LoraSettings& b) { return a.rank == b.rank && a.alpha == b.alpha; };
  const auto number = [](double x) { return x == static_cast<double>(static_cast<std::int64_t>(x)) ? Json(static_cast<std::int64_t>(x)) : Json(x); };
  const LoraSettings* common = nullptr;
  Index most = 0;
  for (const auto& candidate : all) {
    Index votes = 0;
    for (const auto& entry : all) votes += same_kind(entry.settings, candidate.settings) ? 1 : 0;
    if (votes > most) {
      most = votes;
      common = &candidate.settings;
    }
  }
  config["r"] = common->rank;
  config["lora_alpha"] = number(common->alpha);
  config["use_rslora"] = common->rank_stabilized;
  config["lora_dropout"] = common->dropout;
  if (common->init == LoraInit::gaussian) config["init_lora_weights"] = "gaussian";

  // Short names where a name means the same in every adapted block, whole paths where it does not.
  const auto block_of = [](const std::string& path) {
    const auto at = path.find(".layers.");
    return at == std::string::npos ? Index{0} : static_cast<Index>(std::stoul(path.substr(at + 8)));
  };
  std::vector<bool> adapted(summary.blocks, false);
  for (const auto& entry : all) adapted[block_of(entry.path)] = true;
  const auto blocks = static_cast<Index>(std::count(adapted.begin(), adapted.end(), true));
  bool uniform = true;
  for (const auto& entry : all) {
    Index same = 0;
    for (const auto& other : all) same += last_part(other.path) == last_part(entry.path) ? 1 : 0;
    uniform = uniform && (same == blocks || last_part(entry.path) == "lm_head");
  }
  std::set<std::string> targets;
  for (const auto& entry : all) {
    const std::string name = last_part(entry.path);
    targets.insert(uniform ? name : entry.path);
    bool one_kind = true;
    for (const auto& other : all) one_kind = one_kind && (last_part(other.path) != name || same_kind(other.settings, entry.settings));
    const std::string& key = one_kind ? name : entry.path;
    if (entry.settings.rank != common->rank) config["rank_pattern"][key] = entry.settings.rank;
    if (entry.settings.alpha != common->alpha) config["alpha_pattern"][key] = number(entry.settings.alpha);
    if (entry.settings.rank_stabilized != common->rank_stabilized)
      fail("an adapter folder has one use_rslora for all of it; this model mixes LoRA with and without RankStabilized");
  }
  for (const auto& target : targets) config["target_modules"].push_back(target);
  if (uniform && blocks != summary.blocks) {
    config["layers_to_transform"] = Json::array();
    for (Index b = 0; b < summary.blocks; ++b)
      if (adapted[b]) config["layers_to_transform"].push_back(b);
  }
  return config;
}

/// The shape in files of one member's part of a parameter: members of a bank lie one behind the other.
template <class Model, class P>
std::vector<Index> member_shape(const P& p) {
  auto shape = shape_in_files(p);
  if (Model::members > 1) shape[0] /= Model::members;
  return shape;
}

/// The trained parameters of a model, or of one member of a bank, under their names in an adapter file.
template <class Model>
std::vector<NamedTensor> adapter_tensors(const Model& model, Index member = 0) {
  std::vector<NamedTensor> tensors;
  Model::visit(model, [&tensors, member](const Path& path, const auto& p) {
    if constexpr (std::remove_cvref_t<decltype(p)>::trainable) {
      const auto all = p.read();
      const auto part = std::span(all).subspan(member * all.size() / Model::members, all.size() / Model::members);
      tensors.push_back({"base_model.model." + path.str(), member_shape<Model>(p), {part.begin(), part.end()}});
    }
  });
  return tensors;
}

/// Writes what the method trained, or one member of a bank. The folder appears whole: weights first, the config, which makes it an adapter, last.
template <class Model>
void save_adapter(const Model& model, const std::filesystem::path& folder, const std::string& base_name = "", Index member = 0) {
  static_assert(Model::trainable_parameters > 0, "graft: save_adapter: this model's method trains nothing, so there is nothing to save");
  if (member >= Model::members) fail("save_adapter: there is no adapter ", member, "; the model has ", Model::members, " (counted from 0)");
  const Json config = adapter_config(summarize_adapter(model), base_name);
  std::filesystem::create_directories(folder);
  write_safetensors(folder / "adapter_model.safetensors", adapter_tensors(model, member));
  write_json(folder / "adapter_config.json", config);
}

/// Reads an adapter folder into a model whose method made the same parameters. Ranks, scalings and names must agree;
/// otherwise one error names all that do not, and nothing is changed.
template <class Model>
void load_adapter(Model& model, const std::filesystem::path& folder, Index member = 0) {
  if (member >= Model::members) fail("load_adapter: there is no adapter ", member, "; the model has ", Model::members, " (counted from 0)");
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
    const std::vector<Index> wanted = member_shape<Model>(p);
    used.insert(name);
    const auto found = file.tensors.find(name);
    if (found == file.tensors.end()) complaints.add("missing: " + described(name, wanted));
    else if (found->second.shape != wanted) complaints.add("misshapen: " + described(name, found->second.shape) + ", the model has " + described("", wanted));
  });
  for (const auto& [name, tensor] : file.tensors)
    if (!used.contains(name)) complaints.add("unexpected: " + described(name, tensor.shape));
  complaints.raise_if_any(folder.string(), "The method in the model's type must be the one the adapter was made with (graft_add_model in CMake makes it from adapter_config.json).");
  each([&](const std::string& name, auto& p) { 
    auto values = to_floats(file.tensors.at(name), name);
    if constexpr (Model::members > 1) {
      auto all = p.read();
      std::copy(values.begin(), values.end(), all.begin() + static_cast<std::ptrdiff_t>(member * values.size()));
      values = std::move(all);
    }
    p.assign(values);
  });
}

}  // namespace graft
