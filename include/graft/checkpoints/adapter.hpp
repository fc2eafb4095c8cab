/// \file
/// Adapters as folders that Hugging Face PEFT opens: adapter_config.json and adapter_model.safetensors, both ways. Methods that PEFT
/// does not have are written as AdapterHub's library does (checkpoints/adapter_hub.hpp).
#pragma once

#include <graft/checkpoints/adapter_hub.hpp>
#include <graft/peft/lora.hpp>
#include <graft/peft/selective.hpp>

namespace graft {

/// What an adapter_config.json says, gathered from the layers of a model.
struct AdapterSummary {
  struct Entry {
    std::string path;          ///< "model.layers.0.self_attn.q_proj"
    LoraSettings settings{};   ///< where it is a LoRA
    std::string also_listed{}; ///< a second list of modules that it is in
  };
  std::string type = "LORA";  ///< PEFT's name of the method
  Json options = Json::object();
  Json formalities = Json::object();  ///< what is written and, read, makes no difference
  std::vector<Entry> adapted;
  std::vector<std::string> saved_modules;  ///< paths of layers trained whole
  std::vector<Id> tokens;                  ///< tokens whose rows are trained, of the embedding at `tokens_of`
  std::string tokens_of;
  bool empty = true;                       ///< no method has made a layer
  bool lists_modules = true;               ///< prompts belong to no module
  Index blocks = 0;
  std::string blocks_name{};               ///< what the names of all blocks begin with: "model.layers."
  std::string task_type{};                 ///< PEFT's name of what the model is for
};

/// Calls f(name in an adapter file, parameter) for what files hold of a model: its trained parameters, but of an encoder what it yields.
template <class Model, class F>
void visit_saved(Model& model, F&& f) {
  bool beside_lora = false;  // PEFT puts trained tokens in a module of their own where they are not alone
  const char* inside = "base_model.model.";  // and a prompt around the model, a layer in it
  std::remove_const_t<Model>::each_site(model, [&](auto, const Path&, auto& layer) {
    if constexpr (requires { std::remove_cvref_t<decltype(layer)>::method::settings.rank; }) beside_lora = true;
    if constexpr (requires { layer.prompt; }) inside = "base_model.";
  });
  std::remove_const_t<Model>::each_site(model, [&](auto, const Path& site, auto& layer) {
    using L = std::remove_cvref_t<decltype(layer)>;
    if constexpr (requires { layer.prompt.read(); }) {
      f(std::string("prompt_embeddings"), layer.prompt);
    } else {
      const std::string at_site = site.str(), root = at_site.substr(0, at_site.find('.')) + ".";
      L::visit(layer, [&](const Path& path, auto& p) {
        if constexpr (std::remove_cvref_t<decltype(p)>::trainable || requires { p.in_adapter; }) {
          std::string name = path.str();
          if (const auto at = name.find(".trainable_tokens_delta"); at != std::string::npos && beside_lora) name.insert(at, ".token_adapter");
          f(name.starts_with(root) ? inside + name : name, p);
        }
      }, site);
    }
  });
}

/// Calls f(name in an adapter file, weight) for the weights of the base that PEFT may repeat there: of embeddings that a method adapts.
template <class Model, class F>
void each_repeated_base(Model& model, F&& f) {
  std::remove_const_t<Model>::each_site(model, [&f](auto, const Path& path, auto& layer) {
    using L = std::remove_cvref_t<decltype(layer)>;
    if constexpr (requires { layer.weight.read(); } && (requires { L::method::settings.rank; } || requires { L::method::tokens; }))
      f("base_model.model." + path.str() + ".base_layer.weight", layer.weight);
  });
}

/// Names of modules as PEFT's configs have them: short where a name means the same in every adapted block, whole paths where not.
struct TargetNames {
  explicit TargetNames(const AdapterSummary& summary) : in_block(summary.blocks, false), blocks_name(summary.blocks_name) {
    const auto& all = summary.adapted;
    for (const auto& entry : all)
      if (!blocks_name.empty() && entry.path.starts_with(blocks_name)) in_block[block_of(entry.path)] = true;
    const auto blocks = static_cast<Index>(std::count(in_block.begin(), in_block.end(), true));
    for (const auto& entry : all) {
      if (blocks_name.empty() || !entry.path.starts_with(blocks_name)) continue;
      const auto same = static_cast<Index>(std::count_if(all.begin(), all.end(), [&](const auto& other) { return last_part(other.path) == last_part(entry.path); }));
      uniform = uniform && same == blocks;
    }
    if (blocks_name.empty()) uniform = false;
    some_blocks = blocks != 0 && blocks != summary.blocks;
  }
  static std::string last_part(const std::string& path) { return path.substr(path.rfind('.') + 1); }
  [[nodiscard]] Index block_of(const std::string& path) const { return static_cast<Index>(std::stoul(path.substr(blocks_name.size()))); }
  [[nodiscard]] std::string name(const std::string& path) const { return uniform ? last_part(path) : path; }

  std::vector<bool> in_block;
  std::string blocks_name;
  bool uniform = true, some_blocks = false;
};

template <class Model>
AdapterSummary summarize_adapter(const Model& model) {
  AdapterSummary summary{.adapted = {}, .saved_modules = {}, .tokens = {}, .tokens_of = {}, .blocks = Model::config::blocks, .blocks_name = Model::blocks_name(), .task_type = Model::task_type};
  Model::each_site(model, [&summary](auto, const Path& path, const auto& layer) {
    using L = std::remove_cvref_t<decltype(layer)>;
    if constexpr (requires { L::method::peft_type; }) {
      if constexpr (requires { L::method::tokens; }) {
        summary.tokens = {L::method::tokens.begin(), L::method::tokens.end()};
        summary.tokens_of = path.str();
        return;
      }
      AdapterSummary::Entry entry{.path = path.str()};
      if constexpr (requires { L::method::settings.rank; }) {
        entry.settings = L::method::settings;
        if (L::method::settings.bias) summary.options["lora_bias"] = true;
      }
      if constexpr (requires { L::also_listed; }) entry.also_listed = L::also_listed;
      const std::string type = L::method::peft_type;
      if (!summary.empty && type != summary.type) fail("an adapter folder of PEFT holds one method; this model has ", summary.type, " and ", type);
      summary.type = type;
      const auto option = [&summary](const char* key, auto value) { summary.options[key] = value; };
      if constexpr (requires { L::method::each_option(option); }) L::method::each_option(option);
      else if constexpr (requires { L::method::template each_option<typename Model::config>(option); }) L::method::template each_option<typename Model::config>(option);
      if constexpr (requires { L::method::each_formality(option); }) L::method::each_formality([&summary](const char* key, auto value) { summary.formalities[key] = value; });
      if constexpr (requires { L::method::lists_modules; }) summary.lists_modules = L::method::lists_modules;
      if (summary.lists_modules) summary.adapted.push_back(std::move(entry));
      summary.empty = false;
    } else if (trainable_parameters(layer) > 0) {
      const std::string name = path.str();
      if (!name.starts_with("classifier.")) summary.saved_modules.push_back(name);
      else if (summary.saved_modules.empty() || summary.saved_modules.back() != "classifier") summary.saved_modules.push_back("classifier");  // RoBERTa's, of two layers
    }
  });
  if constexpr (Model::family::stores_by_columns)  // PEFT knows by the layer, and warns where a config says otherwise
    for (const std::string_view type : {"LORA", "IA3", "VERA", "ADALORA", "FOURIERFT", "RANDLORA", "SHIRA", "BOFT"})
      if (summary.type == type) {
        summary.options.erase("fan_in_fan_out");
        summary.formalities["fan_in_fan_out"] = true;
      }
  if (!summary.tokens.empty() && summary.empty) {
    summary.type = "TRAINABLE_TOKENS";
    summary.options["token_indices"] = summary.tokens;
    summary.adapted.push_back({.path = summary.tokens_of});
  } else if (!summary.tokens.empty()) {
    if (summary.type != "LORA") fail("an adapter folder of PEFT holds trained tokens alone or beside LoRA, not beside ", summary.type);
    summary.options["trainable_token_indices"][TargetNames::last_part(summary.tokens_of)] = summary.tokens;
  }
  return summary;
}

/// The part of a config that is LoRA's. The commonest rank and alpha become r and lora_alpha, others go into the patterns.
[[gnu::cold]] inline void describe_lora(Json& config, const AdapterSummary& summary) {
  // Few entries: everything is found by looking through them.
  const auto& all = summary.adapted;
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
  for (const auto& entry : all) {
    const std::string name = TargetNames::last_part(entry.path);
    bool one_kind = true;
    for (const auto& other : all) one_kind = one_kind && (TargetNames::last_part(other.path) != name || same_kind(other.settings, entry.settings));
    const std::string& key = one_kind ? name : entry.path;
    if (entry.settings.rank != common->rank) config["rank_pattern"][key] = entry.settings.rank;
    if (entry.settings.alpha != common->alpha) config["alpha_pattern"][key] = number(entry.settings.alpha);
    if (entry.settings.rank_stabilized != common->rank_stabilized)
      fail("an adapter folder has one use_rslora for all of it; this model mixes LoRA with and without RankStabilized");
  }
}

/// The PEFT config of a summary.
[[gnu::cold]] inline Json adapter_config(const AdapterSummary& summary, const std::string& base_name) {
  Json config = Json::parse(R"({"inference_mode": true, "target_modules": []})");
  config["task_type"] = summary.task_type.empty() ? Json() : Json(summary.task_type);
  if (!summary.lists_modules) config.erase("target_modules");
  if (summary.type == "LORA")
    config.update(Json::parse(R"({"bias": "none", "fan_in_fan_out": false, "init_lora_weights": true, "lora_dropout": 0.0, "use_rslora": false, "use_dora": false,
      "r": 8, "lora_alpha": 8, "rank_pattern": {}, "alpha_pattern": {}, "layers_to_transform": null, "layers_pattern": null, "modules_to_save": null})"));
  config["peft_type"] = summary.type;
  config["base_model_name_or_path"] = base_name;
  config.update(summary.formalities);
  config.update(summary.options);
  if (!summary.saved_modules.empty()) {
    std::set<std::string> names;
    for (const auto& path : summary.saved_modules) names.insert(summary.adapted.empty() || path.starts_with(summary.blocks_name) ? path : TargetNames::last_part(path));
    config["modules_to_save"] = names;
  }
  if (summary.adapted.empty() || !summary.lists_modules) return config;
  if (summary.type == "LORA") describe_lora(config, summary);
  const TargetNames names(summary);
  std::map<std::string, std::set<std::string>> lists;
  for (const auto& entry : summary.adapted) {
    lists["target_modules"].insert(names.name(entry.path));
    if (!entry.also_listed.empty()) lists[entry.also_listed].insert(names.name(entry.path));
  }
  for (const auto& [list, modules] : lists) config[list] = modules;
  if (names.uniform && names.some_blocks) {
    config["layers_to_transform"] = Json::array();
    for (Index b = 0; b < summary.blocks; ++b)
      if (names.in_block[b]) config["layers_to_transform"].push_back(b);
  }
  return config;
}

/// The trained parameters of a model, or of one member of a bank, under their names in an adapter file.
template <class Model>
std::vector<NamedTensor> adapter_tensors(const Model& model, Index member = 0) {
  std::vector<NamedTensor> tensors;
  visit_saved(model, [&tensors, member](const std::string& name, const auto& p) { tensors.push_back(member_tensor<Model>(name, p, member)); });
  return tensors;
}

/// Frozen matrices that all layers of a method use a part of, whole and under their names in files.
template <class Model>
std::map<std::string, NamedTensor> shared_tensors(const Model& model) {
  std::map<std::string, NamedTensor> shared;
  Model::each_site(model, [&shared](auto, const Path&, const auto& layer) {
    if constexpr (requires { layer.weights.each_shared(layer.weights, [](const char*, const auto&, Index = 0) {}); })
      layer.weights.each_shared(layer.weights, [&shared](const char* name, const auto& p, Index last = 0) {  // the largest part is the whole
        using P = std::remove_cvref_t<decltype(p)>;
        auto& tensor = shared[name];
        const auto shape = last == 0 ? std::vector<Index>{P::rows, P::columns} : std::vector<Index>{P::rows, P::columns / last, last};
        if (tensor.values.size() < P::size) tensor = {name, shape, p.read()};
      });
  });
  // Where PEFT's whole is more than any layer uses, the rest is as it would have been drawn.
  Index out = 0, in = 0;
  Model::each_site(model, [&](auto, const Path&, const auto& layer) {
    if constexpr (requires { layer.weights.each_shared(layer.weights, [](const char*, const auto&, Index = 0) {}); }) {
      out = std::max(out, layer.out);
      in = std::max(in, layer.in);
    }
  });
  Model::each_site(model, [&](auto, const Path&, const auto& layer) {
    if constexpr (requires { layer.weights.each_whole(out, in, [](const char*, Index, Index, Index) {}); })
      layer.weights.each_whole(out, in, [&](const char* name, Index rows, Index columns, Index last) {
        auto& part = shared.at(name);
        if (part.values.size() == rows * columns) return;
        NamedTensor whole{name, {rows, columns / last, last}, std::vector<float>(rows * columns)};
        const Index had = part.values.size() / part.shape[0];
        for (Index i = 0; i < rows; ++i)
          for (Index j = 0; j < columns; ++j) whole.values[i * columns + j] = i < part.shape[0] && j < had ? part.values[i * had + j] : layer.weights.drawn(name, i, j);
        part = std::move(whole);
      });
  });
  return shared;
}

/// Writes what the method trained, or one member of a bank. The folder appears whole: weights first, the config, which makes it an adapter, last.
template <class Model>
void save_adapter(const Model& model, const std::filesystem::path& folder, const std::string& base_name = "", Index member = 0) {
  static_assert(Model::trainable_parameters > 0, "graft: save_adapter: this model's method trains nothing, so there is nothing to save");
  check_member<Model>(member, "save_adapter");
  if constexpr (uses_adapter_hub<Model>()) return save_hub_adapter(model, folder, base_name, "", member);
  const Json config = adapter_config(summarize_adapter(model), base_name);
  std::filesystem::create_directories(folder);
  auto tensors = adapter_tensors(model, member);
  for (auto& [name, tensor] : shared_tensors(model)) tensors.push_back(std::move(tensor));
  write_safetensors(folder / "adapter_model.safetensors", tensors);
  write_json(folder / "adapter_config.json", config);
}

/// The value that a pattern of PEFT's has for a layer, or the key's own.
inline double pattern_value(const Json& config, const char* pattern, const char* otherwise, const std::string& path) {
  if (config.contains(pattern) && config.at(pattern).is_object())
    for (const auto& [key, value] : config.at(pattern).items()) {
      const std::string plain = key.starts_with("^") ? key.substr(1) : key;
      if (path == plain || (path.size() > plain.size() && path.ends_with("." + plain))) return value.get<double>();
    }
  return config.value(otherwise, 8.0);
}

/// Reads an adapter folder into a model whose method made the same parameters. Ranks, scalings and names must agree;
/// otherwise one error names all that do not, and nothing is changed.
template <class Model>
void load_adapter(Model& model, const std::filesystem::path& folder, Index member = 0) {
  check_member<Model>(member, "load_adapter");
  if constexpr (uses_adapter_hub<Model>()) return load_hub_adapter(model, folder, member);
  const auto source = (folder / "adapter_config.json").string();
  const Json config = read_json(source);
  const auto summary = summarize_adapter(model);
  if (const auto type = required<std::string>(config, "peft_type", source); type != summary.type) fail(source, ": peft_type is ", type, ", and the method in the model's type is ", summary.type);
  for (const std::string_view key : {"use_dora", "lora_bias", "use_qalora", "fan_in_fan_out"})
    if (!(key == "fan_in_fan_out" && Model::family::stores_by_columns) && !summary.options.contains(key) && optional<bool>(config, std::string(key), false, source)) fail(source, ": ", key, " is set, which the method in the model's type does not do");
  if (config.contains("alora_invocation_tokens") && !config.at("alora_invocation_tokens").is_null() && !summary.options.contains("alora_invocation_tokens"))
    fail(source, ": alora_invocation_tokens is set, which the method in the model's type does not do");

  Complaints complaints;
  check_options(config, summary.options, complaints);
  for (const auto& entry : summary.adapted) {
    if (!entry.also_listed.empty()) {
      bool listed = false;
      if (config.contains(entry.also_listed))
        for (const auto& name : config.at(entry.also_listed)) listed = listed || entry.path == name.template get<std::string>() || entry.path.ends_with("." + name.template get<std::string>());
      if (!listed) complaints.add(entry.path + " is not among " + entry.also_listed + " of the file, as it is in the type");
    }
    if (entry.settings.rank == 0) continue;
    const auto& s = entry.settings;
    const double alpha = pattern_value(config, "alpha_pattern", "lora_alpha", entry.path);
    if (alpha != s.alpha) complaints.add(entry.path + ": lora_alpha is " + std::to_string(alpha) + " in the file, " + std::to_string(s.alpha) + " in the type");
    if (optional<bool>(config, "use_rslora", false, source) != s.rank_stabilized) complaints.add(entry.path + ": use_rslora differs from the type's RankStabilized");
  }

  const SafetensorsFile file(folder / "adapter_model.safetensors");
  std::set<std::string> used;
  const auto each = [&model](auto&& f) { visit_saved(model, f); };
  each([&](const std::string& name, const auto& p) {
    used.insert(name);
    complaints.expect(find_tensor(file, name), name, member_shape<Model>(p));
  });
  const auto shared = shared_tensors(model);
  for (const auto& [name, tensor] : shared) {
    used.insert(name);
    const auto* found = find_tensor(file, name);
    if (found == nullptr) complaints.expect(nullptr, name, tensor.shape);
    else if (found->shape.size() != tensor.shape.size() || found->shape[0] < tensor.shape[0] || found->shape[1] < tensor.shape[1] || found->shape.back() < tensor.shape.back())
      complaints.add(Complaints::misshapen(name, *found, tensor.shape));
  }
  // PEFT repeats the weight of an embedding that is adapted, and, per layer, what layers share.
  each_repeated_base(model, [&](const std::string& name, const auto& p) {
    const auto* found = find_tensor(file, name);
    if (found == nullptr) return;
    used.insert(name);
    complaints.expect(found, name, shape_in_files(p));
  });
  const auto repeats_shared = [&](const std::string& name, const StoredTensor& tensor) {
    return std::any_of(shared.begin(), shared.end(), [&](const auto& whole) {
      const auto* found = find_tensor(file, whole.first);
      return name.ends_with("." + TargetNames::last_part(whole.first)) && found != nullptr && tensor.shape == found->shape;
    });
  };
  for (const auto& [name, tensor] : file.tensors)
    if (!used.contains(name) && !repeats_shared(name, tensor)) complaints.add("unexpected: " + described(name, tensor.shape));
  complaints.raise_if_any(folder.string(), which_method);
  each([&](const std::string& name, auto& p) {
    const auto& tensor = file.tensors.at(name);
    std::vector<float> values;
    if (tensor.type == ElementType::I32 || tensor.type == ElementType::I64)
      for (const auto number : to_integers(tensor, name)) values.push_back(static_cast<float>(number));
    else
      values = to_floats(tensor, name);
    assign_member<Model>(p, std::move(values), member);
  });
  each_repeated_base(model, [&file](const std::string& name, auto& p) {
    if (const auto* found = find_tensor(file, name)) p.assign(to_floats(*found, name));
  });
  Model::each_site(model, [&file](auto, const Path&, auto& layer) {
    if constexpr (requires { layer.weights.each_shared(layer.weights, [](const char*, auto&, Index = 0) {}); })
      layer.weights.each_shared(layer.weights, [&file](const char* name, auto& p, Index = 0) {
        using P = std::remove_cvref_t<decltype(p)>;
        const auto& tensor = file.tensors.at(name);
        const auto all = to_floats(tensor, name);
        const Index columns = all.size() / tensor.shape[0];
        std::vector<float> part;
        for (Index i = 0; i < P::rows; ++i) part.insert(part.end(), all.begin() + static_cast<std::ptrdiff_t>(i * columns), all.begin() + static_cast<std::ptrdiff_t>(i * columns + P::columns));
        p.assign(part);
      });
  });
}

}  // namespace graft
