/// \file
/// A folder of HF PEFT's held against a type: its config's words first, then every tensor. Nothing of a model is
/// changed here.
#pragma once

#include <graft/checkpoints/base/load.hpp>
#include <graft/checkpoints/peft/adapter_config.hpp>
#include <graft/checkpoints/peft/fallen_ranks.hpp>
#if defined(GRAFT_TEXT_INLINE)
#include <graft/checkpoints/adapter_folder.hpp>
#endif

namespace graft {

class AdapterFolder;

/// Complains of every option that a file states otherwise than the type. What a file does not state is as in the type.
[[gnu::cold]] inline void check_options(const Json& in_file, const Json& in_type, Complaints& complaints) {
  for (const auto& [key, value] : in_type.items())
    if (in_file.contains(key) && in_file.at(key) != value)
      complaints.add(key + " is " + in_file.at(key).dump() + " in the file, " + value.dump() + " in the type");
}
/// advice for a method that is not known
inline constexpr const char* which_method =
    "The method in the model's type must be the one the adapter was made with (graft_add_model in CMake makes it from "
    "the folder).";
/// The tensor of this name, or null.
inline const StoredTensor* find_tensor(const SafetensorsFile& file, const std::string& name) {
  const auto found = file.tensors.find(name);
  return found == file.tensors.end() ? nullptr : &found->second;
}

/// An adapter whose words say what a type says, and its tensors, which are asked for one by one.
class OpenAdapter {
 public:
  /// `summary`, `model`: the type's.
  OpenAdapter(const std::filesystem::path& folder, const AdapterSummary& summary, const StatedConfig& model);
  OpenAdapter(const OpenAdapter&) = delete;
  OpenAdapter& operator=(const OpenAdapter&) = delete;
  ~OpenAdapter();

  /// The next tensor is of this name and shape.
  /// \throws Error where it is not
  void expect(const std::string& name, const std::vector<Index>& shape);
  /// Of a tensor that is used in part.
  void expect_at_least(const std::string& name, const std::vector<Index>& shape);
  /// Of the base's own, which PEFT may repeat.
  void may_repeat(const std::string& name, const std::vector<Index>& shape);
  /// Complains of what was not asked for, and throws if there is anything to complain of.
  void finish();

  [[nodiscard]] bool has(const std::string& name) const { return find(name) != nullptr; }
  [[nodiscard]] std::vector<float> values(const std::string& name) const;
  /// The part of a matrix that a layer needs.
  [[nodiscard]] std::vector<float> upper_left(const std::string& name, Index rows, Index columns) const;

 private:
  void compare(const std::map<std::string, std::string>& file, const std::map<std::string, std::string>& type);
  [[nodiscard]] const StoredTensor* find(const std::string& name) const;
  [[nodiscard]] bool repeats(const std::string& name, const StoredTensor& tensor) const;
  [[nodiscard]] FallenRanks fallen_of(const std::string& name) const;

  std::unique_ptr<AdapterFolder> folder_;
  const AdapterSummary& summary_;
  std::map<std::string, const StoredTensor*> tensors_;
  std::set<std::string> used_, whole_;
  std::map<std::string, std::pair<FallenRanks, Index>> fallen_;  ///< of tensors, and their size with all ranks
  Complaints complaints_;
};

/// Throws where PEFT's config has no words for what a type trains, or where graft could not open what it would write.
void check_saving(const AdapterSummary& summary, const StatedConfig& model);

/// PEFT asks for the head's weight, too, where that follows the trained embedding.
void add_tied_head(std::vector<NamedTensor>& tensors, const AdapterSummary& summary, const Json& config);

#if defined(GRAFT_TEXT_INLINE)
/// The config of what a type trains.
[[gnu::cold]] inline AdapterConfig config_of(const AdapterSummary& summary) {
  AdapterConfig made{.source = "the model's type", .text = adapter_config(summary, "").dump()};
  made.json = Json::parse(made.text);
  return made;
}

GRAFT_TEXT_INLINE void check_saving(const AdapterSummary& summary, const StatedConfig& model) {
  const AdapterConfig type = config_of(summary);
  if (is_peft_type(type.json.at("peft_type").get<std::string>()))
    static_cast<void>(PeftConfig(type, model, summary.modules).read());
}

GRAFT_TEXT_INLINE OpenAdapter::OpenAdapter(const std::filesystem::path& folder, const AdapterSummary& summary,
                                           const StatedConfig& model)
    : folder_(std::make_unique<AdapterFolder>(folder, OwnMethods::allowed)), summary_(summary) {
  const AdapterConfig& file = folder_->config();
  const auto& tensors = folder_->tensors();
  const AdapterConfig type = config_of(summary);
  if (folder_->is_hub())
    fail(file.source, ": an adapter of AdapterHub's, and the method in the model's type is PEFT's ",
         type.json.at("peft_type").get<std::string>());
  const auto kind = required<std::string>(file.json, "peft_type", file.source),
             wanted = type.json.at("peft_type").get<std::string>();
  if (kind != wanted) complaints_.add("peft_type: " + kind + " in the file, " + wanted + " in the type");
  else if (!is_peft_type(kind)) check_options(file.json, type.json, complaints_);
  else
    compare(folder_->reading_by_config(model, summary.modules).at, PeftConfig(type, model, summary.modules).read().at);
  complaints_.raise_if_any(file.source, which_method);
  const std::string prefix = "base_model.model.";
  for (const auto& [name, tensor] : tensors) {
    // As graft wrote it before 0.2 where there is no head: under the name that the model has beside one.
    const auto& family = family_of(model);
    const bool named_root = task_of(model) == Task::embedding && family.kind == FamilyKind::encoder &&
                            name.starts_with(prefix + std::string(family.root) + ".");
    tensors_.emplace(named_root ? prefix + name.substr(name.find('.', prefix.size()) + 1) : name, &tensor);
  }
}

GRAFT_TEXT_INLINE OpenAdapter::~OpenAdapter() = default;

GRAFT_TEXT_INLINE void OpenAdapter::expect(const std::string& name, const std::vector<Index>& shape) {
  used_.insert(name);
  if (const auto fallen = fallen_of(name); fallen && fallen.fits(shape)) {
    fallen_[name] = {fallen, shape[0] * shape[1]};
    return complaints_.expect(find(name), name, fallen.shape_of(shape));
  }
  complaints_.expect(find(name), name, shape);
}
GRAFT_TEXT_INLINE void OpenAdapter::expect_at_least(const std::string& name, const std::vector<Index>& shape) {
  used_.insert(name);
  const auto* const found = find(name);
  if (found == nullptr) return complaints_.expect(nullptr, name, shape);
  if (found->shape.size() != shape.size() || found->shape[0] < shape[0] || found->shape[1] < shape[1] ||
      found->shape.back() < shape.back())
    complaints_.add(Complaints::misshapen(name, *found, shape));
  whole_.insert(name);
}
GRAFT_TEXT_INLINE void OpenAdapter::may_repeat(const std::string& name, const std::vector<Index>& shape) {
  if (find(name) != nullptr) expect(name, shape);
}
GRAFT_TEXT_INLINE void OpenAdapter::finish() {
  for (const auto& [name, tensor] : tensors_)
    if (!used_.contains(name) && !repeats(name, *tensor))
      complaints_.add("unexpected: " + described(name, tensor->shape));
  complaints_.raise_if_any(folder_->path().string(), which_method);
}

GRAFT_TEXT_INLINE std::vector<float> OpenAdapter::values(const std::string& name) const {
  const auto& tensor = *find(name);
  if (const auto fallen = fallen_.find(name); fallen != fallen_.end())
    return fallen->second.first.put_into(fallen->second.second, to_floats(tensor, name));
  if (tensor.type != ElementType::I32 && tensor.type != ElementType::I64) return to_floats(tensor, name);
  std::vector<float> values;
  for (const auto number : to_integers(tensor, name)) values.push_back(static_cast<float>(number));
  return values;
}
GRAFT_TEXT_INLINE std::vector<float> OpenAdapter::upper_left(const std::string& name, Index rows, Index columns) const {
  const auto all = values(name);
  const Index stride = all.size() / find(name)->shape[0];
  std::vector<float> part;
  for (Index i = 0; i < rows; ++i)
    part.insert(part.end(), all.begin() + static_cast<std::ptrdiff_t>(i * stride),
                all.begin() + static_cast<std::ptrdiff_t>(i * stride + columns));
  return part;
}

/// By the config's mask of what AdaLoRA's schedule left.
GRAFT_TEXT_INLINE FallenRanks OpenAdapter::fallen_of(const std::string& name) const {
  const Json& config = folder_->config().json;
  const auto at = name.rfind(".lora_"), begin = std::string("base_model.model.").size();
  if (at == name.npos || at < begin || config.at("peft_type") != "ADALORA" || !config.contains("rank_pattern") ||
      !config.at("rank_pattern").is_object())
    return {};
  const std::string key = name.substr(begin, at - begin) + ".lora_E";
  for (const auto& [path, mask] : config.at("rank_pattern").items())
    if (path == key || path.starts_with(key + ".")) return {mask.get<std::vector<bool>>(), name};
  return {};
}

/// Where two methods are of one kind, and their first numbers are not the same: which number that is. `LoRA<4>` and
/// `LoRA<8>` differ in rank.
[[gnu::cold]] inline std::string other_number(const std::string& file, const std::string& type) {
  const auto begin = type.find('<') + 1;
  const MethodKind* const kind = begin == 0 ? nullptr : named(method_kinds, type.substr(0, begin - 1));
  if (kind == nullptr || kind->numbers.empty() || !file.starts_with(type.substr(0, begin))) return "";
  const auto number = [begin](const std::string& words) {
    return words.substr(begin, words.find_first_of(",>", begin) - begin);
  };
  const auto name = NumberNames(kind->numbers).names[0];
  return number(file) == number(type) ? ""
                                      : " (" + name + " " + number(file) + " and " + name + " " + number(type) + ")";
}

/// What stands at modules, in words; modules of which both sides say the same are one complaint.
GRAFT_TEXT_INLINE void OpenAdapter::compare(const std::map<std::string, std::string>& file,
                                            const std::map<std::string, std::string>& type) {
  const auto at = [](const auto& map, const auto& path) {
    const auto found = map.find(path);
    return found == map.end() ? std::string("nothing") : found->second;
  };
  // What has all ranks has room for those that are left.
  const auto all_ranks = [](std::string what) {
    if (const auto from = what.find(", FinalRank<"); from != what.npos)
      what.erase(from, what.find('>', from) + 1 - from);
    return what;
  };
  std::map<std::pair<std::string, std::string>, std::vector<std::string>> differing;
  for (const auto& [path, what] : file)
    if (at(type, path) != what && at(type, path) != all_ranks(what)) differing[{what, at(type, path)}].push_back(path);
  for (const auto& [path, what] : type)
    if (!file.contains(path)) differing[{"nothing", what}].push_back(path);
  for (const auto& [words, paths] : differing) {
    const auto& [in_file, in_type] = words;
    const std::string others =
        paths.size() == 1 ? "" : ", and so at " + std::to_string(paths.size() - 1) + " more modules";
    complaints_.add(paths[0] + ": " + in_file + " in the file, " + in_type + " in the type" +
                    other_number(in_file, in_type) + others);
  }
}
GRAFT_TEXT_INLINE const StoredTensor* OpenAdapter::find(const std::string& name) const {
  const auto found = tensors_.find(name);
  return found == tensors_.end() ? nullptr : found->second;
}

/// Whether a tensor is there once more: what layers share under every layer's name, a head that follows the embedding,
/// a bias of two names, and of layers that are trained whole the biases as PEFT holds them (with bias "all" it writes
/// both, and the base's).
GRAFT_TEXT_INLINE bool OpenAdapter::repeats(const std::string& name, const StoredTensor& tensor) const {
  const auto last = name.substr(name.rfind('.') + 1);
  if (std::any_of(whole_.begin(), whole_.end(),
                  [&](const auto& whole) { return whole.ends_with("." + last) && find(whole)->shape == tensor.shape; }))
    return true;
  if (name.find(".original_module.") != name.npos) return true;
  if (const std::string inner = ".modules_to_save"; name.find(inner + ".") != name.npos) {
    auto plain = name;
    plain.erase(plain.find(inner), inner.size());
    return has(plain) && values(plain) == values(name);
  }
  const std::string prefix = "base_model.model.", head = prefix + "lm_head.";
  for (const auto& [twice, once] :
       {std::pair{"cls.predictions.decoder.bias", "cls.predictions.bias"}, {"lm_head.decoder.bias", "lm_head.bias"}})
    if (name == prefix + twice) return has(prefix + once) && values(prefix + once) == values(name);
  if (!summary_.tied_head || !name.starts_with(head)) return false;
  const auto embedding = std::find_if(summary_.modules.begin(), summary_.modules.end(),
                                      [](const auto& m) { return m.site == "TokenEmbedding"; });
  const auto rest = name.substr(head.size());
  for (const auto& [of_head, of_embedding] :
       {std::pair{"lora_A.weight", "lora_embedding_B"}, {"lora_B.weight", "lora_embedding_A"}})
    if (rest == of_head) return has(prefix + embedding->path + "." + of_embedding);  // the same, the other way round
  const auto twin = prefix + embedding->path + "." + rest;
  return has(twin) && find(twin)->shape == tensor.shape && values(twin) == values(name);
}

GRAFT_TEXT_INLINE void add_tied_head(std::vector<NamedTensor>& tensors, const AdapterSummary& summary,
                                     const Json& config) {
  if (!config.value("ensure_weight_tying", false)) return;
  for (const auto& m : summary.modules)
    if (m.site == "TokenEmbedding")
      for (const auto& tensor : tensors)
        if (tensor.name == "base_model.model." + m.path + ".weight") {
          auto head = tensor;
          head.name = "base_model.model.lm_head.weight";
          tensors.push_back(std::move(head));
          return;
        }
}
#endif

}  // namespace graft
