/// \file
/// What a file or folder is, in graft's words, as data (checkpoints/base/inspection.hpp finds it out).
#pragma once

#include <graft/checkpoints/base/model_header.hpp>

#include <optional>

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
  std::vector<InspectedPlace> places{};
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
