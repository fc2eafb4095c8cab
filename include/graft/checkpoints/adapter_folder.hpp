/// \file
/// A folder with an adapter: HF PEFT's, AdapterHub's, or one that graft wrote, beside whose config lies graft.json. It
/// says what the model is that the adapter is for, and by which method it was made, as data; nothing in it becomes a
/// program but names that graft knows.
#pragma once

#include <graft/checkpoints/adapter_hub/hub_config.hpp>
#include <graft/checkpoints/description/method_json.hpp>
#include <graft/checkpoints/peft/peft_config.hpp>

#include <map>

namespace graft {

/// An adapter's folder as data: the model that it is for, its method, its tensors. No type of a model is needed.
class AdapterFolder {
 public:
  /// Reads the configs of a folder, PEFT's or AdapterHub's.
  /// \throws Error where it is none, or says what graft does not know
  [[gnu::cold]] explicit AdapterFolder(const std::filesystem::path& folder, OwnMethods own = OwnMethods::refused)
      : folder_(folder), own_(own) {
    // or a config alone
    const auto path = std::filesystem::is_directory(folder) ? folder / "adapter_config.json" : folder;
    if (!std::filesystem::exists(path)) fail(folder.string(), ": there is no adapter_config.json in it");
    folder_ = path.parent_path();
    config_.source = path.string();
    config_.text = read_file(path);
    config_.json = parse_json(config_.text, config_.source);
    if (!config_.json.is_object()) fail(config_.source, ": not a JSON object");
    open_tensors();
    if (const auto notes = folder_ / "graft.json";
        path.filename() == "adapter_config.json" && std::filesystem::exists(notes))
      read_notes(notes);
  }

  [[nodiscard]] const AdapterConfig& config() const { return config_; }
  /// Throws where there are none.
  [[nodiscard]] const TensorMap& tensors() const {
    if (config_.tensors == nullptr) fail(folder_.string(), ": there is no adapter_model.safetensors in it");
    return *config_.tensors;
  }
  /// Whether the folder is AdapterHub's.
  [[nodiscard]] bool is_hub() const { return config_.is_hub(); }
  [[nodiscard]] const std::filesystem::path& path() const { return folder_; }
  /// Names of a classifier's classes by number, where graft wrote them.
  [[nodiscard]] const std::vector<std::string>& classes() const { return classes_; }

  /// The model that the adapter is for, made of a base: the head that the task asks for, and as many classes and rows
  /// of the vocabulary as the tensors have.
  [[nodiscard, gnu::cold]] StatedConfig model(StatedConfig base) const {
    const auto task = optional<std::string>(config_.json, "task_type", "", config_.source);
    for (const auto& [name, architecture] : {std::pair{"SEQ_CLS", "ForSequenceClassification"},
                                             {"TOKEN_CLS", "ForTokenClassification"},
                                             {"QUESTION_ANS", "ForQuestionAnswering"}})
      if (task == name) base.architecture = architecture;
    if (!classes_.empty()) base.classes = classes_.size();
    std::map<std::string_view, Index> rows;
    for (const auto& m : modules_of(base)) {
      const auto* t = tensor("base_model.model." + m.path + ".weight");
      if (t == nullptr) t = tensor("base_model.model." + m.path + ".base_layer.weight");
      if (t != nullptr && t->shape.size() == 2) rows[m.site] = t->shape[0];
    }
    const auto of_embedding = rows.contains("TokenEmbedding") ? rows.at("TokenEmbedding") : base.vocabulary,
               of_head = rows.contains("Head") ? rows.at("Head") : base.vocabulary;
    if (const auto kind = task_of(base);
        (kind == Task::text_class || kind == Task::token_class) && rows.contains("Head"))
      base.classes = of_head;
    else if ((kind == Task::next_token || kind == Task::pair) && of_embedding != of_head &&
             !(base.tied_head && !rows.contains("Head")))
      fail(folder_.string(), ": the vocabulary was resized: the embedding has ", of_embedding, " rows and the head ",
           of_head, "; save both, as PEFT does with save_embedding_layers=True");
    base.vocabulary = std::max(base.vocabulary, of_embedding);
    return base;
  }

  /// How the adapter was made, for a model (which `model` yields).
  [[nodiscard, gnu::cold]] AdapterReading reading(const StatedConfig& model) const {
    AdapterReading made;
    if (noted_) made.method = *noted_;
    else if (is_hub()) made.method = beside_hub_head(HubConfig(config_.json, config_.source, model).read(), model);
    else made = reading_by_config(model, modules_of(model));
    Index parts = 0;
    check_sizes(made.method, parts);
    return made;
  }
  /// The same of PEFT's, from the config alone, against these modules.
  [[nodiscard, gnu::cold]] AdapterReading reading_by_config(const StatedConfig& model,
                                                            const std::vector<Module>& modules) const {
    return PeftConfig(config_, model, modules).read();
  }

  /// The tensor of this name, or null.
  [[nodiscard]] const StoredTensor* tensor(const std::string& name) const {
    if (config_.tensors == nullptr) return nullptr;
    const auto found = config_.tensors->find(name);
    return found == config_.tensors->end() ? nullptr : &found->second;
  }

 private:
  /// What a method counts is there in its tensors. Numbers far beyond their longest side are mistakes, or there to fill
  /// the memory of who opens the folder.
  void check_sizes(const MethodDescription& m, Index& parts) const {
    if (++parts > 1000) fail(folder_.string(), ": its method is made of more than 1000 parts");
    for (const auto& part : m.parts) check_sizes(part, parts);
    const MethodKind* const kind = named(method_kinds, m.kind);
    if (kind == nullptr || config_.tensors == nullptr) return;
    Index longest = 1024;
    for (const auto& [name, tensor] : *config_.tensors)
      for (const Index extent : tensor.shape) longest = std::max(longest, extent);
    const NumberNames numbers(kind->numbers);
    for (Index i = 0; i < m.numbers.size() && !numbers.any; ++i)
      if (numbers.names[i] != "seed" && m.numbers[i] > static_cast<std::int64_t>(4 * longest))
        fail(folder_.string(), ": by its words ", m.kind, "'s ", numbers.names[i], " is ", m.numbers[i],
             ", which its tensors are too small for");
  }
  /// AdapterHub trains a head with its adapters, and keeps it in a file of its own.
  [[nodiscard]] MethodDescription beside_hub_head(MethodDescription method, const StatedConfig& model) const {
    const auto path = folder_ / "model_head.safetensors";
    if (!std::filesystem::exists(path)) {
      if (const auto pickle = folder_ / "pytorch_model_head.bin"; std::filesystem::exists(pickle))
        fail(pickle_refusal(pickle));
      return method;
    }
    const SafetensorsFile head(path);
    std::vector<std::string> sites;
    for (const auto& m : modules_of(model))
      if ((m.site == "Pooler" || m.site == "Head") && head.tensors.contains(m.path + ".weight"))
        sites.emplace_back(m.site);
    if (sites.empty())
      fail(path.string(),
           ": its head is none of this model's; graft reads those of Transformers' classes, like classifier.weight");
    MethodDescription trained{.kind = "Unfreeze", .options = {{.name = "On", .sites = sites}}};
    sort_options(trained, *named(method_kinds, trained.kind));
    return united({std::move(method), std::move(trained)});
  }
  void open_tensors() {
    for (const char* name : {"adapter_model.safetensors", "adapter.safetensors"})
      if (const auto path = folder_ / name; std::filesystem::exists(path)) {
        file_ = std::make_shared<SafetensorsFile>(path);
        config_.tensors = &file_->tensors;
        return;
      }
    for (const char* name : {"adapter_model.bin", "pytorch_adapter.bin"})
      if (std::filesystem::exists(folder_ / name)) fail(pickle_refusal(folder_ / name));
  }
  void read_notes(const std::filesystem::path& path) {
    const Json notes = read_json(path);
    const auto source = path.string();
    if (!notes.is_object()) fail(source, ": not a JSON object");
    if (notes.contains("method")) {
      const Json& method = notes.at("method");
      noted_ = method.is_string() ? method_before_0_2(method.get<std::string>(), source)
                                  : method_of_json(method, source, own_);
    }
    classes_ = optional<std::vector<std::string>>(notes, "classes", {}, source);
  }
  /// The type's text.
  [[nodiscard]] MethodDescription method_before_0_2(const std::string& text, const std::string& source) const {
    try {
      return read_method(text, own_);
    } catch (const Error& error) { fail(source, ": ", error.what()); }
  }

  std::filesystem::path folder_;
  OwnMethods own_;
  AdapterConfig config_;
  std::shared_ptr<SafetensorsFile> file_;
  std::optional<MethodDescription> noted_;
  std::vector<std::string> classes_;
};

}  // namespace graft
