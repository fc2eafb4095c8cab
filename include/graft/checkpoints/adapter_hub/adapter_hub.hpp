/// \file
/// Adapters as folders of AdapterHub's library: adapter_config.json and adapter.safetensors, both ways; of a fusion
/// adapter_fusion_config.json and model_adapter_fusion.safetensors. Names of tensors hold the adapter's own.
#pragma once

#include <graft/checkpoints/open_adapter.hpp>
#include <graft/peft/bottleneck/adapter.hpp>

namespace graft {

/// Whether a layer comes from a method whose files are AdapterHub's.
template <class L>
inline constexpr bool of_adapter_hub = method_offers<method_of<L>>.hub_name != nullptr;
/// Whether files of this model's method are AdapterHub's.
template <class Model>
constexpr bool uses_adapter_hub() {
  return any_layer<Model>([]<class L>(auto, const L&) { return of_adapter_hub<L>; });
}

/// Sites that a folder keeps in the file of its head.
template <class Site>
inline constexpr bool of_head = std::is_same_v<Site, Head> || std::is_same_v<Site, Pooler> ||
                                std::is_same_v<Site, HeadTransform> || std::is_same_v<Site, HeadBias>;

/// A part of a model that is a folder of its own: one adapter, or a fusion of several.
struct HubPart {
  std::string name;
  std::vector<Json> configs{};                     ///< one for each adapter
  std::vector<std::set<std::ptrdiff_t>> blocks{};  ///< that hold what each config says
  bool fusion = false;                             ///< whether the adapters are fused

  /// Says of each config which of all the model's blocks it is about, where that is not all.
  void name_blocks(Index all) {
    for (Index i = 0; i < configs.size(); ++i) {
      if (blocks[i].size() == all) continue;
      Json left = Json::array();
      for (std::ptrdiff_t b = 0; b < static_cast<std::ptrdiff_t>(all); ++b)
        if (!blocks[i].contains(b)) left.push_back(b);
      if (configs[i].value("architecture", Json()) == "reft") configs[i]["layers"] = blocks[i];
      else if (configs[i].contains("mh_adapter")) configs[i]["leave_out"] = left;
    }
  }
  /// The config's file in the folder.
  [[nodiscard]] std::filesystem::path config_file() const {
    return fusion ? "adapter_fusion_config.json" : "adapter_config.json";
  }
  /// The tensors' file in the folder.
  [[nodiscard]] std::filesystem::path tensors_file() const {
    return fusion ? "model_adapter_fusion.safetensors" : "adapter.safetensors";
  }
  /// Whether a parameter belongs to it.
  [[nodiscard]] bool has(const std::string& path) const {
    if (fusion) return path.find(".adapter_fusion_layer." + name + ".") != std::string::npos;
    for (const char* kind : {".adapters.", ".prefix_tunings.", ".refts.", ".shared_parameters."})
      if (path.find(kind + name + ".") != std::string::npos) return true;
    return false;
  }
};

/// The parts of a model, adapters before the fusion of them.
template <class Model>
std::vector<HubPart> hub_parts(const Model& model) {
  using C = typename Model::config;
  const Index all = C::encoder_blocks + C::blocks;
  std::vector<HubPart> adapters, fusions;
  const auto add = []<class M>(std::vector<HubPart>& to, const M*, bool fusion, std::ptrdiff_t block) {
    Json config = Json::object();
    M::each_hub_option(InJson{config});
    if constexpr (method_offers<M>.bottleneck > 0)
      config["reduction_factor"] =
          static_cast<double>(Model::config::width) / static_cast<double>(method_offers<M>.bottleneck);
    const std::string name = method_offers<M>.hub_name;
    auto part = std::find_if(to.begin(), to.end(), [&](const auto& p) { return p.name == name; });
    if (part == to.end()) part = to.insert(to.end(), HubPart{.name = name, .fusion = fusion});
    const auto at =
        static_cast<Index>(std::find(part->configs.begin(), part->configs.end(), config) - part->configs.begin());
    if (at == part->configs.size()) part->configs.push_back(config), part->blocks.emplace_back();
    part->blocks[at].insert(block);
  };
  Model::each_site(model, [&]<class S>(S, const Path& path, const auto& layer) {
    using L = std::remove_cvref_t<decltype(layer)>;
    if constexpr (of_adapter_hub<L>) {
      const auto block = block_among_all<C>(path.str());
      each_method_of<L>([&]<class M>(const M* method) {
        constexpr bool fusion = method_offers<M>.fuses;
        add(fusion ? fusions : adapters, method, fusion, block);
      });
    } else if (trainable_parameters(layer) > 0 && !of_head<S>) {
      fail(
          "a folder of AdapterHub holds adapters, prefixes, LoReFT and a head; this model's method trains other layers "
          "as well; leave them out, or leave out the method that is AdapterHub's");
    }
  });
  for (auto& part : adapters) part.name_blocks(all);
  adapters.insert(adapters.end(), fusions.begin(), fusions.end());
  return adapters;
}

/// Calls f(name, parameter) for those of a head that is trained beside.
template <class Model, class F>
void each_of_head(Model& model, F&& f) {
  std::remove_const_t<Model>::each_site(model, [&f]<class S>(S, const Path& path, auto& layer) {
    if constexpr (of_head<S>)
      std::remove_cvref_t<decltype(layer)>::visit(
          layer,
          [&f](const Path& at, auto& p) {
            if constexpr (std::remove_cvref_t<decltype(p)>::trainable) f(at.str(), p);
          },
          path);
  });
}
inline constexpr const char* head_file = "model_head.safetensors";  ///< the file of a head that is trained too

/// Writes the named part, or the only one that is trained, and a trained head beside it.
template <class Model>
void save_hub_adapter(const Model& model, const std::filesystem::path& folder, const std::string& base_name,
                      const std::string& name = "", Index member = 0) {
  auto parts = hub_parts(model);
  if (name.empty() && parts.size() > 1 && !parts.back().fusion)
    fail(
        "save_adapter: this model has several adapters, each a folder of its own: say which with "
        "save_hub_adapter(model, folder, base, name)");
  const auto part = name.empty()
                        ? parts.end() - 1
                        : std::find_if(parts.begin(), parts.end(), [&](const auto& p) { return p.name == name; });
  if (part == parts.end()) fail("save_hub_adapter: this model has no adapter named ", name);
  Json config = {{"model_name", base_name},
                 {"model_type", Model::family::template model_type<typename Model::config>},
                 {"hidden_size", Model::config::width},
                 {"model_class", class_in_python(stated_config_of<Model>())},
                 {"name", part->name},
                 {"version", "adapters.1.3.0"}};
  config["config"] =
      part->configs.size() == 1 ? part->configs[0] : Json{{"architecture", "union"}, {"configs", part->configs}};
  std::vector<NamedTensor> tensors;
  Model::visit(model, [&](const Path& path, const auto& p) {
    if (part->has(path.str())) tensors.push_back(member_tensor<Model>(path.str(), p, member));
  });
  std::vector<NamedTensor> head;
  each_of_head(model,
               [&head](const std::string& at, const auto& p) { head.push_back({at, shape_in_files(p), p.read()}); });
  std::filesystem::create_directories(folder);
  if (!head.empty()) write_safetensors(folder / head_file, head);
  write_safetensors(folder / part->tensors_file(), tensors);
  write_json(folder / part->config_file(), config);
}

/// Reads a folder into the part of the model that it is of: the fusion, the adapter of its name, or the only adapter
/// there is.
template <class Model>
void load_hub_adapter(Model& model, const std::filesystem::path& folder, Index member = 0) {
  const auto parts = hub_parts(model);
  const bool fusion = std::filesystem::exists(folder / "adapter_fusion_config.json");
  const auto source = (folder / (fusion ? "adapter_fusion_config.json" : "adapter_config.json")).string();
  const Json file = read_json(source);
  const auto named = required<std::string>(file, "name", source);
  auto part =
      std::find_if(parts.begin(), parts.end(), [&](const auto& p) { return p.fusion == fusion && p.name == named; });
  if (part == parts.end() && parts.size() == 1 && parts[0].fusion == fusion) part = parts.begin();
  if (part == parts.end())
    fail(source, ": the method in the model's type has no ", fusion ? "fusion" : "adapter", " named ", named,
         "; Named<\"…\"> is an option of the method");

  Complaints complaints;
  const Json& config = file.at("config");
  const Json stated = config.contains("configs") ? config.at("configs") : Json::array({config});
  if (stated.size() != part->configs.size())
    complaints.add(std::to_string(stated.size()) + " configs in the file, " + std::to_string(part->configs.size()) +
                   " in the type");
  for (Json ours : part->configs) {
    for (const char* blocks : {"layers", "leave_out"}) ours.erase(blocks);  // tensors say it
    const auto theirs = std::find_if(stated.begin(), stated.end(), [&](const Json& c) {
      return c.value("architecture", Json()) == ours.value("architecture", Json());
    });
    if (theirs != stated.end()) check_options(*theirs, ours, complaints);
  }
  const SafetensorsFile tensors(folder / part->tensors_file());
  const auto name_in_file = [&](std::string name) {
    if (named != part->name)
      if (const auto at = name.find("." + part->name + "."); at != std::string::npos)
        name.replace(at + 1, part->name.size(), named);
    return name;
  };
  const auto each = [&](auto&& f) {
    Model::visit(model, [&](const Path& path, auto& p) {
      if (part->has(path.str())) f(name_in_file(path.str()), p);
    });
  };
  std::set<std::string> used;
  each([&](const std::string& name, const auto& p) {
    used.insert(name);
    complaints.expect(find_tensor(tensors, name), name, member_shape<Model>(p));
  });
  for (const auto& [name, tensor] : tensors.tensors)  // a prefix is there once more under every layer
    if (!used.contains(name) && name.find(".prefix_tuning.pool.") == std::string::npos)
      complaints.add("unexpected: " + described(name, tensor.shape));
  std::optional<SafetensorsFile> head;
  each_of_head(model, [&](const std::string& name, const auto& p) {
    if (!head) head.emplace(folder / head_file);
    complaints.expect(find_tensor(*head, name), name, shape_in_files(p));
  });
  complaints.raise_if_any(folder.string(), which_method);
  each_of_head(model, [&](const std::string& name, auto& p) { p.assign(to_floats(head->tensors.at(name), name)); });
  each([&](const std::string& name, auto& p) {
    assign_member<Model>(p, to_floats(tensors.tensors.at(name), name), member);
  });
}

}  // namespace graft
