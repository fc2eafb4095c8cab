/// \file
/// What a file or folder is, in graft's words, as data: a model, an adapter, or tensors alone; which keys of a config
/// are used, and all that would be refused. Nothing is compiled for it, and nothing but these files is opened.
#pragma once

#include <graft/checkpoints/adapter_folder.hpp>
#include <graft/checkpoints/base/base_guess.hpp>
#include <graft/checkpoints/base/files.hpp>
#include <graft/checkpoints/base/model_header.hpp>

namespace graft {

/// One key of a config, and whether it is known.
struct InspectedKey {
  std::string name;
  Json value;
  /// "read", "trained", "harmless", "silent" (it says nothing), "refused", "unread" (of a method that graft does not
  /// have)
  std::string use;
  std::string note;  ///< of the table, or why it is refused
};

/// Modules with the same thing at them, that differ by their block.
struct InspectedPlace {
  std::string path;  ///< "model.layers.*.self_attn.q_proj"
  std::string site;
  std::vector<std::int64_t> blocks;  ///< numbers for the "*"
  std::string what;                  ///< "LoRA<8, Alpha<16>>"
};

/// One tensor: its name, extents and type.
struct InspectedTensor {
  std::string name, type;
  std::vector<Index> shape;
  Index bytes = 0;
};

/// What a file or folder is, as data.
struct Inspection {
  std::string path, what;             ///< the file or folder, and in a few words what it is
  std::optional<StatedConfig> model;  ///< of a model, or of an adapter's base where that is at hand
  std::string type{};                 ///< a model's template, or an adapter's method, as C++
  std::string opened{};               ///< the method to open the adapter with, where that is another type
  /// of an adapter: the base that its config names, and the one that it was held against, in words
  std::string base_name{}, base{};
  std::vector<InspectedPlace> places{};  ///< what stands where
  std::vector<InspectedKey> keys{};
  std::vector<InspectedTensor> tensors{};
  Index trained = 0;                             ///< numbers of an adapter that training changes
  std::vector<std::string> notes{}, refusals{};  ///< what is worth knowing; what graft cannot read of it

  [[nodiscard]] Index bytes() const {
    Index all = 0;
    for (const auto& t : tensors) all += t.bytes;
    return all;
  }
  /// How many numbers all tensors have.
  [[nodiscard]] Index numbers() const {
    Index all = 0;
    for (const auto& t : tensors) all += checked_size(t.shape).value_or(0);
    return all;
  }
};

/// Inspects one file or folder.
class Inspector {
 public:
  /// `base`: of an adapter; empty: it is guessed.
  [[gnu::cold]] Inspector(std::filesystem::path path, std::filesystem::path base)
      : path_(std::move(path)), base_(std::move(base)) {}

  /// Looks at all of it.
  /// \throws Error where nothing of it can be read
  [[nodiscard, gnu::cold]] Inspection inspect() {
    namespace fs = std::filesystem;
    made_.path = path_.string();
    if (!fs::exists(path_)) fail(made_.path, ": there is nothing of this name");
    const auto name = path_.filename().string(), ending = path_.extension().string();
    if (fs::is_directory(path_)) folder();
    else if (ending == ".gguf") gguf();
    else if (ending == ".json") json();
    else if (ending == ".safetensors") safetensors(name);
    else if (ending == ".bin" || ending == ".pt" || ending == ".pth" || ending == ".ckpt")
      made_.what = "a file of Python's pickle", made_.refusals.push_back(pickle_refusal(path_));
    else
      fail(made_.path,
           ": this is none of the files that graft knows: .safetensors, .gguf, config.json, adapter_config.json, or a "
           "folder of them");
    return std::move(made_);
  }

 private:
  /// Whether f() went through; its error is a refusal otherwise.
  template <class F>
  bool attempt(const F& f, const std::string& before = "") {
    try {
      f();
      return true;
    } catch (const Error& error) {
      made_.refusals.push_back(before + error.what());
    } catch (const std::exception& error) { made_.refusals.push_back(before + made_.path + ": " + error.what()); }
    return false;
  }
  [[nodiscard]] bool has(const std::filesystem::path& folder, const char* file) const {
    return std::filesystem::exists(folder / file);
  }

  void folder() {
    if (has(path_, "adapter_config.json")) return adapter(path_ / "adapter_config.json");
    if (has(path_, "adapter_fusion_config.json")) return fusion();
    if (has(path_, "config.json")) return model_folder();
    std::string within;
    for (const char* name : {"adapter", "base"})
      if (std::filesystem::is_directory(path_ / name))
        within = std::string(", and a folder ") + name + ": inspect that";
    fail(made_.path, ": there is no adapter_config.json in it, no adapter_fusion_config.json and no config.json",
         within);
  }
  void json() {
    const Json content = read_json(path_);
    const auto says = [&](const char* key) { return content.is_object() && content.contains(key); };
    if (path_.filename() == "adapter_config.json" || says("peft_type") || (says("config") && says("model_type")))
      return adapter(path_);
    if (!says("model_type"))
      fail(made_.path,
           ": neither an adapter's config nor a model's: there is no peft_type, no config and no model_type in it");
    made_.what = "a model's config, without its weights";
    attempt([&] { state_model(stated_config(path_)); });
  }
  void gguf() {
    made_.what = "a GGUF file";
    attempt([&] {
      const GgufFile file(path_);
      list(file.content.tensors);
      if (file.content.get_or<std::string>("general.type", "model") == "adapter") {
        made_.what = "a LoRA adapter for llama.cpp, in a GGUF file";
        fail(made_.path,
             ": graft writes such adapters (graft gguf) and does not read them; the folder that it was made from is "
             "what graft opens");
      }
    });
    if (made_.refusals.empty()) model(std::filesystem::path(path_));
  }
  void safetensors(const std::string& name) {
    const auto folder = path_.parent_path();
    if ((name == "adapter_model.safetensors" || name == "adapter.safetensors") && has(folder, "adapter_config.json"))
      return adapter(folder / "adapter_config.json");
    if (name == "model.safetensors" && has(folder, "config.json")) {
      path_ = folder.empty() ? "." : folder;
      return model_folder();
    }
    made_.what = "tensors";
    attempt([&] {
      const SafetensorsFile file(path_);
      list(file.tensors);
      const auto note = [&](const char* key) {
        return file.metadata.is_object() ? file.metadata.value(key, "") : std::string();
      };
      if (note("format") == "graft" && !note("step").empty()) {
        made_.what = "a checkpoint of a run of graft's, at step " + note("step");
        for (const auto& [key, value] : file.metadata.items())
          if (value.is_string() && value.get<std::string>().size() < 200)
            made_.notes.push_back(key + ": " + value.get<std::string>());
        made_.notes.emplace_back(
            "`graft train --resume` goes on from it; its adapter is in the folder adapter beside it once the run has "
            "ended");
        return;
      }
      for (const auto& [mark, type] : {std::pair{".lora_", "LoRA"},
                                       {".hada_", "LoHa"},
                                       {".lokr_", "LoKr"},
                                       {".ia3_", "(IA)³"},
                                       {".oft_", "OFT"},
                                       {".boft_", "BOFT"},
                                       {".vera_", "VeRA"},
                                       {"prompt_embeddings", "a prompt"},
                                       {".adapters.", "AdapterHub's"}})
        if (std::any_of(file.tensors.begin(), file.tensors.end(),
                        [mark = std::string(mark)](const auto& t) { return t.first.find(mark) != t.first.npos; })) {
          made_.what = std::string("tensors of an adapter, by their names ") + type;
          fail(made_.path,
               ": an adapter's numbers and options are in its adapter_config.json, and there is none beside these "
               "tensors; put both into one folder, with the tensors as adapter_model.safetensors");
        }
      fail(made_.path,
           ": tensors alone; a model is a folder with config.json and model.safetensors, an adapter one with "
           "adapter_config.json and adapter_model.safetensors");
    });
  }

  // ---- models
  // ------------------------------------------------------------------------------------------------------------
  void model_folder() {
    made_.what = "a model in a Hugging Face folder";
    attempt([&] { made_.model = stated_config(path_); });
    if (made_.model) state_model(*made_.model);
    model(path_);
  }
  void model(const std::filesystem::path& path) {
    if (path.extension() == ".gguf") {
      made_.what = "a model in a GGUF file";
      if (!attempt([&] { state_model(stated_config(path)); })) return;
    }
    attempt([&] {
      const ModelFiles files(path);
      list(files.tensors());
      hold_weights(files);
    });
    std::vector<std::string> once;  // what stops the config from being read stops the files, too
    for (auto& refusal : made_.refusals)
      if (std::find(once.begin(), once.end(), refusal) == once.end()) once.push_back(std::move(refusal));
    made_.refusals = std::move(once);
  }
  void state_model(StatedConfig c) {
    made_.type = model_template(c);
    made_.notes.insert(made_.notes.end(), c.notes.begin(), c.notes.end());
    made_.model = std::move(c);
  }
  /// Weights that a model of this config needs, against those there are. A head that is missing may be new.
  void hold_weights(const ModelFiles& files) {
    if (!made_.model) return;
    const auto task = task_of(*made_.model);
    const bool writes = task == Task::next_token || task == Task::pair;
    for (const auto& m : modules_of(*made_.model)) {
      if (m.kind == ModuleKind::group || m.site.empty()) continue;
      const auto* const found = files.find(m.path + ".weight");
      const bool behind = m.site == "Head" || m.site == "Pooler" || m.site == "HeadTransform" ||
                          (m.site == "FinalNorm" && task == Task::fill_in);
      if (found == nullptr) {
        if (!behind || (writes && !made_.model->tied_head))
          made_.refusals.push_back(made_.path + ": there is no " + m.path + ".weight in it");
        else if (!writes)
          made_.notes.push_back("there is no " + m.path + ".weight in it: that layer starts anew when it is trained");
      } else if (const auto wanted = m.in == 0 ? std::vector<Index>{m.out} : std::vector<Index>{m.out, m.in};
                 found->shape != wanted) {
        made_.refusals.push_back(made_.path + ": " + described(m.path + ".weight is", found->shape) +
                                 ", and by its config" + described("", wanted));
      }
    }
  }

  // ---- adapters
  // ----------------------------------------------------------------------------------------------------------
  void adapter(const std::filesystem::path& config_path) {
    AdapterConfig config{.source = config_path.string()};
    if (!attempt([&] {
          config.text = read_file(config_path);
          config.json = parse_json(config.text, config.source);
          if (!config.json.is_object()) fail(config.source, ": not a JSON object");
        }))
      return void(made_.what = "a folder with an adapter's config");
    const bool hub = config.is_hub();
    const auto type = text_at(config.json, "peft_type"),
               version = text_at(config.json, hub ? "version" : "peft_version");
    made_.what = hub ? "an adapter of AdapterHub's (" + (version.empty() ? std::string("adapters") : version) + ")"
                     : "an adapter of HF PEFT's" + (type.empty() ? "" : ", " + type.substr(0, 60)) +
                           (version.empty() ? "" : ", written by " + version.substr(0, 20));
    made_.base_name = text_at(config.json, hub ? "model_name" : "base_model_name_or_path");
    std::optional<AdapterFolder> folder;
    attempt([&] { folder.emplace(config_path); });
    if (const auto head = config_path.parent_path() / "pytorch_model_head.bin";
        !folder && std::filesystem::exists(head) && !has(config_path.parent_path(), "model_head.safetensors"))
      made_.refusals.push_back(pickle_refusal(head));
    if (folder) config.tensors = folder->config().tensors;
    if (config.tensors != nullptr) list(*config.tensors);
    else if (folder) made_.notes.emplace_back("there are no tensors beside the config, so that nothing can be loaded");
    const bool own = has(config_path.parent_path(), "graft.json");
    if (own) made_.what += ", by graft: graft.json says the method";
    auto stripped = config;
    look_at_keys(stripped.json, hub, type);
    const bool refused = !made_.refusals.empty();
    const bool refused_keys =
        std::any_of(made_.keys.begin(), made_.keys.end(), [](const auto& k) { return k.use == "refused"; });
    if (!hub && (foreign_ || refused_keys)) made_.notes.emplace_back(merge_elsewhere);
    if (foreign_ || (own && !folder)) return;
    bool guessed = false;
    auto base = base_of(config, hub, guessed);
    if (!base) return;
    if (base->vocabulary == 0) base->vocabulary = Index{1} << 40U;  // a guess that saw no embedding
    attempt(
        [&] {
          const auto model = folder ? folder->model(*base) : *base;
          const auto modules = modules_of(model);
          AdapterReading reading;
          if (folder && !refused) reading = folder->reading(model);
          else if (hub) reading.method = HubConfig(stripped.json, config.source, model).read();
          else reading = PeftConfig(stripped, model, modules).read();
          if (refused_keys && !own)
            made_.notes.emplace_back("the type is that of what is left without the keys that are refused");
          made_.type = type_text(reading.method);
          if (auto opened = type_text(as_opened(reading.method)); opened != made_.type)
            made_.opened = std::move(opened);
          if (own && !hub && !refused && text_at(config.json, "peft_type") != "GRAFT")
            reading.at = folder->reading_by_config(model, modules).at;
          made_.notes.insert(made_.notes.end(), reading.notes.begin(), reading.notes.end());
          if (guessed && made_.type.find("Blocks<") != made_.type.npos)
            made_.notes.emplace_back(
                "the type's Blocks<…> are of as many blocks as were guessed; --model BASE tells them all");
          if (!guessed) made_.model = model;
          else if (!model.tied_head && made_.type.find("Unfreeze<TokenEmbedding>") != made_.type.npos)
            made_.notes.emplace_back(
                "in a base whose head is tied to its embedding the method begins with UntiedHead, too; only the base "
                "tells");
          place(reading, modules);
          if (config.tensors != nullptr) hold_tensors(*config.tensors, modules, reading, guessed);
        },
        guessed ? "as far as the base can be guessed: " : "");
  }

  [[nodiscard]] std::optional<StatedConfig> base_of(const AdapterConfig& config, bool hub, bool& guessed) {
    if (!base_.empty()) {
      std::optional<StatedConfig> stated;
      attempt([&] { stated = stated_config(base_); });
      made_.base = base_.string();
      if (stated) made_.notes.insert(made_.notes.end(), stated->notes.begin(), stated->notes.end());
      return stated;
    }
    guessed = true;
    if (const auto guess = BaseGuesser(config).guess()) {
      made_.base = guess->words;
      return guess->config;
    }
    const bool strange = config.tensors != nullptr && !hub &&
                         std::any_of(config.tensors->begin(), config.tensors->end(),
                                     [](const auto& t) { return t.first.starts_with("base_model.model."); });
    if (strange)
      made_.refusals.push_back(config.source + ": its tensors are of modules like " +
                               name_in_model(config.tensors->begin()->first) +
                               ", which no family that graft reads has: " + joined_names(names_of(model_families())));
    else
      made_.notes.emplace_back(
          "nothing here tells what the base is: with --model BASE the method's type is said, and the modules that it "
          "stands at");
    return std::nullopt;
  }

  /// Says of every key what becomes of it, and takes those that are refused out of the config.
  void look_at_keys(Json& config, bool hub, const std::string& type) {
    if (!hub) {
      const bool known = is_peft_type(type);
      if (!known && type != "GRAFT")
        foreign_ = true, made_.refusals.push_back(made_.path +
                                                  (type.empty() ? std::string(": there is no peft_type in its config")
                                                                : ": peft_type is \"" + type.substr(0, 80) + "\"") +
                                                  "; graft knows " + joined_names(names_of(peft_types)));
      return look_at_keys_of(peft_keys, config, known ? type : "", "");
    }
    Json inside = std::move(config["config"]);
    config.erase("config");
    look_at_keys_of(hub_keys, config, "folder", "");
    look_at_part(inside, "config.", 0);
    config["config"] = std::move(inside);
  }
  void look_at_part(Json& config, const std::string& before, Index depth) {
    if (!config.is_object() || depth > 4) return;
    const auto architecture = text_at(config, "architecture");
    Json parts = architecture == "union" && config.contains("configs") && config.at("configs").is_array()
                     ? config.at("configs")
                     : Json::array();
    if (!parts.empty()) config.erase("configs");
    const std::string type = architecture.empty() ? "adapter" : architecture;
    const auto why = architecture_refusal(type);
    if (!why.empty()) foreign_ = true, made_.refusals.push_back(made_.path + ": " + before + why);
    look_at_keys_of(hub_keys, config, why.empty() ? type : "", before);
    for (Index i = 0; i < parts.size(); ++i)
      look_at_part(parts[i], before + "configs[" + std::to_string(i) + "].", depth + 1);
    if (!parts.empty()) config["configs"] = std::move(parts);
  }
  /// `type`: empty where the method is none of graft's.
  template <class List>
  void look_at_keys_of(const List& list, Json& config, std::string_view type, const std::string& before) {
    std::vector<std::string> refused;
    for (const auto& [name, value] : config.items()) {
      const ConfigKey* const key = type.empty() ? nullptr : config_key(list, type, name);
      const auto why = type.empty() ? "" : key_refusal(list, type, name, value);
      InspectedKey k{.name = before + name,
                     .value = value,
                     .use = "read",
                     .note = key == nullptr ? "" : std::string(note_of(list, *key))};
      if (!why.empty())
        k.use = "refused", k.note = why, refused.push_back(name),
        made_.refusals.push_back(made_.path + ": " + before + why);
      else if (type.empty()) k.use = "unread";
      else if (says_nothing(value)) k.use = "silent";
      else if (key->use == KeyUse::trained) k.use = "trained";
      else if (key->use == KeyUse::harmless) k.use = "harmless";
      made_.keys.push_back(std::move(k));
    }
    for (const auto& name : refused) config.erase(name);
  }

  /// What stands at modules, those of a kind together.
  void place(const AdapterReading& reading, const std::vector<Module>& modules) {
    std::map<std::string, std::string> site_of;
    for (const auto& m : modules) site_of[m.path] = m.site;
    for (const auto& [path, what] : reading.at) {
      Index at = 0;
      while (at < path.size() && !(path[at] >= '0' && path[at] <= '9' && at > 0 && path[at - 1] == '.')) ++at;
      Index end = at;
      while (end < path.size() && path[end] >= '0' && path[end] <= '9') ++end;
      const bool numbered = at < path.size() && end - at < 9;
      InspectedPlace one{.path = numbered ? path.substr(0, at) + "*" + path.substr(end) : path,
                         .site = site_of.contains(path) ? site_of.at(path) : "",
                         .blocks = {},
                         .what = what};
      auto same = std::find_if(made_.places.begin(), made_.places.end(),
                               [&](const auto& p) { return p.path == one.path && p.what == one.what; });
      if (same == made_.places.end()) same = made_.places.insert(same, std::move(one));
      if (numbered) same->blocks.push_back(std::stoll(path.substr(at, end - at)));
    }
    for (auto& p : made_.places) std::sort(p.blocks.begin(), p.blocks.end());
  }

  /// Shapes against the base's, and how many of the numbers are trained.
  void hold_tensors(const TensorMap& tensors, const std::vector<Module>& modules, const AdapterReading& reading,
                    bool guessed) {
    std::set<std::string> wrong;
    each_side(tensors, modules, [&](const Module& m, const std::string& name, Index found, bool of_output) {
      const Index wanted = of_output ? m.out : m.in;
      if (found != wanted && wanted != 0 && !(guessed && wanted > (Index{1} << 30U)) && wrong.insert(name).second)
        made_.refusals.push_back(
            made_.path + ": " + described(name + " is", tensors.at(name).shape) + ": its layer has " +
            std::to_string(m.out) + " outputs" + (m.in == 0 ? "" : " and " + std::to_string(m.in) + " inputs") +
            (guessed ? " elsewhere" : " in " + base_.string() + ": the adapter is for another base"));
    });
    std::map<std::string, const Module*> by_path;
    for (const auto& m : modules) by_path[m.path] = &m;
    for (const auto& [name, tensor] : tensors) {
      if (tensor.type == ElementType::I32 || tensor.type == ElementType::I64) continue;
      const auto inside = name_in_model(name), path = inside.substr(0, inside.rfind('.'));
      const auto last = inside.substr(inside.rfind('.') + 1);
      if (name.starts_with("base_model.vera_") || name.starts_with("base_model.randlora_") ||
          inside.find(".prefix_tuning.pool.") != inside.npos || inside.ends_with(".base_layer.weight"))
        continue;
      if ((last == "weight" || last == "bias") && by_path.contains(path) && !reading.at.empty()) {  // of the base's own
        const bool whole = reading.at.contains(path) && reading.at.at(path) == "trained whole";
        if (!whole && !(last == "bias" && reading.at.contains("the bias of " + path))) continue;
      }
      made_.trained += checked_size(tensor.shape).value_or(0);
    }
  }

  void fusion() {
    const auto source = path_ / "adapter_fusion_config.json";
    made_.what = "a fusion of AdapterHub's";
    attempt([&] {
      Json config = read_json(source);
      made_.base_name = text_at(config, "model_name");
      Json inside = config.value("config", Json::object());
      config.erase("config");
      look_at_keys_of(hub_keys, config, "folder", "");
      look_at_keys_of(hub_keys, inside, "fusion", "config.");
      made_.notes.push_back("its type is Fuse<…> of the adapters " + text_at(config, "name") +
                            ", which are folders of their own; load_hub_adapter reads it, the command line does not");
    });
    for (const char* file : {"model_adapter_fusion.safetensors"})
      if (has(path_, file)) attempt([&] { list(SafetensorsFile(path_ / file).tensors); });
    made_.trained = made_.numbers();
  }

  void list(const TensorMap& tensors) {
    made_.tensors.clear();
    for (const auto& [name, t] : tensors) made_.tensors.push_back({name, t.type_name, t.shape, t.bytes});
  }

  std::filesystem::path path_, base_;
  bool foreign_ = false;  ///< the method is none of graft's
  Inspection made_;
};

/// Throws where there is nothing that could be looked at; what graft would refuse of the rest is among its `refusals`.
[[nodiscard, gnu::cold]] inline Inspection inspect(const std::filesystem::path& path,
                                                   const std::filesystem::path& base = {}) {
  return Inspector(path, base).inspect();
}

/// The same as JSON.
[[nodiscard, gnu::cold]] inline Json inspection_json(const Inspection& i) {
  Json json{{"path", i.path},
            {"what", i.what},
            {"notes", i.notes},
            {"refused", i.refusals},
            {"parameters", i.numbers()},
            {"bytes", i.bytes()},
            {"tensors", Json::object()}};
  for (const auto& t : i.tensors) json["tensors"][t.name] = {{"type", t.type}, {"shape", t.shape}, {"bytes", t.bytes}};
  if (!i.type.empty()) json["type"] = i.type;
  if (i.model) {
    const auto& c = *i.model;
    Json& model = json[i.base.empty() ? "model" : "base"];
    model = {{"family", c.family},
             {"class", class_in_python(c)},
             {"template", model_template(c)},
             {"vocabulary", c.vocabulary},
             {"width", c.width},
             {"blocks", c.blocks},
             {"heads", c.heads},
             {"groups", c.groups},
             {"head_width", c.head_width},
             {"feed_forward", c.feed_forward},
             {"tied_head", c.tied_head},
             {"labels", c.labels},
             {"config", config_struct(c)}};
    if (c.encoder_blocks > 0) model["encoder_blocks"] = c.encoder_blocks;
  }
  if (!i.keys.empty()) {
    json["base_name"] = i.base_name;
    json["held_against"] = i.base;
    json["trained_parameters"] = i.trained;
    if (!i.opened.empty()) json["opened_as"] = i.opened;
    json["places"] = Json::array();
    for (const auto& p : i.places)
      json["places"].push_back({{"path", p.path}, {"site", p.site}, {"blocks", p.blocks}, {"what", p.what}});
    for (const auto& k : i.keys) json["keys"][k.name] = {{"value", k.value}, {"use", k.use}, {"note", k.note}};
  }
  return json;
}

}  // namespace graft
