/// \file
/// What a model's head tells apart, as its files and the rows say it.
#pragma once

#include <graft/checkpoints/base/files.hpp>
#include <graft/checkpoints/base/modules.hpp>
#include <graft/checkpoints/description/method_description.hpp>
#include <graft/text/formatter.hpp>

#include <charconv>
#include <cmath>

namespace graft {

/// What a head tells apart.
struct HeadChoice {
  std::vector<std::string> classes{};  ///< names by number; a number stands for one that has none
  bool is_new = false;                 ///< and not the base's
};

/// Names for what a model may be for, with the class that Transformers has for each.
inline constexpr std::pair<std::string_view, std::string_view> task_names[] = {{"text", "ForCausalLM"},
                                                                               {"masked", "ForMaskedLM"},
                                                                               {"class", "ForSequenceClassification"},
                                                                               {"number", "ForSequenceClassification"},
                                                                               {"tokens", "ForTokenClassification"},
                                                                               {"answers", "ForQuestionAnswering"},
                                                                               {"rows", "Encoder"}};

/// The name of a class, or its number where it has none.
[[nodiscard, gnu::cold]] inline std::string class_name(const std::vector<std::string>& classes, Index number) {
  return number < classes.size() ? classes[number] : std::to_string(number);
}
/// The same names with numbers for the rest of so many classes.
[[nodiscard, gnu::cold]] inline std::vector<std::string> named_classes(std::vector<std::string> names, Index classes) {
  for (Index i = names.size(); i < classes; ++i) names.push_back(std::to_string(i));
  return names;
}

/// The labels of a data set, of texts or of tokens, in the order of their names (numbers by size).
[[nodiscard, gnu::cold]] inline std::vector<std::string> distinct_labels(const std::vector<Row>& rows,
                                                                         ExampleKind kind) {
  std::vector<std::string> names;
  for (const auto& row : rows)
    for (const auto& name : kind == ExampleKind::token_class ? tags_of(row) : std::vector{label_of(row)})
      if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  const auto is_number = [](const std::string& text) { return text.find_first_not_of("0123456789") == text.npos; };
  std::sort(names.begin(), names.end(), [&](const std::string& a, const std::string& b) {
    return is_number(a) && is_number(b) && a.size() != b.size() ? a.size() < b.size() : a < b;
  });
  return names;
}

/// Whether a file has the head of the task that its config names.
[[nodiscard, gnu::cold]] inline bool has_head(const StatedConfig& config, const std::filesystem::path& model) {
  if (model.empty() || model.extension() == ".gguf" || !std::filesystem::is_directory(model)) return false;
  const ModelFiles files(model);
  for (const auto& m : modules_of(config))
    if (m.site == "Head")
      if (const auto* const head = files.find(m.path + ".weight"))
        return head->shape.size() == 2 && head->shape[0] == m.out;
  return false;
}

/// The class of Transformers that a row's keys ask for.
[[nodiscard, gnu::cold]] inline std::string architecture_for(const Row& row, const StatedConfig& c) {
  if (row.has("tokens") && row.has("tags")) return "ForTokenClassification";
  if (row.has("question") && row.has("context")) return "ForQuestionAnswering";
  if (row.has("text") && row.json.contains("label")) return "ForSequenceClassification";
  return family_of(c).kind == FamilyKind::encoder ? "ForMaskedLM" : "ForCausalLM";
}

/// What rows ask for: the task, by the keys that they have, and the classes. `config` becomes that of the model which
/// learns them. \param model the base's files \param task a name of `task_names`; empty: what the rows say \throws
/// Error
[[nodiscard, gnu::cold]] inline HeadChoice head_for(StatedConfig& config, const std::filesystem::path& model,
                                                    const std::string& task, const std::vector<Row>& rows) {
  if (family_of(config).kind == FamilyKind::pair) return {};
  const auto stated = config;
  if (task.empty()) config.architecture = architecture_for(rows.front(), config);
  const auto wanted = task_of(config);
  if (wanted != Task::text_class && wanted != Task::token_class) return {};
  const bool base_has_it = task_of(stated) == wanted && has_head(config, model);
  const auto is_fraction = [](const Row& row) {
    if (!row.json.contains("label") || !row.json.at("label").is_number_float()) return false;
    const auto label = row.json.at("label").get<double>();
    return label != std::round(label);
  };
  const bool said_numbers =
      task.empty() && ((base_has_it && config.classes == 1) || std::any_of(rows.begin(), rows.end(), is_fraction));
  if (wanted == Task::text_class && (task == "number" || said_numbers)) {
    const bool is_new = !(base_has_it && config.classes == 1);
    config.classes = 1;
    return {.is_new = is_new};
  }
  const auto names =
      distinct_labels(rows, wanted == Task::token_class ? ExampleKind::token_class : ExampleKind::text_class);
  const auto known = [&](const std::string& name) {
    Index number = 0;
    const auto read = std::from_chars(name.data(), name.data() + name.size(), number);
    const bool is_number = read.ec == std::errc() && read.ptr == name.data() + name.size();
    return std::find(config.labels.begin(), config.labels.end(), name) != config.labels.end() ||
           (is_number && number < config.classes);
  };
  if (base_has_it && config.classes > 1 && std::all_of(names.begin(), names.end(), known))
    return {.classes = named_classes(config.labels, config.classes)};
  if (names.size() < 2)
    fail(rows.front().where, " and the rows behind it have one label, \"", names.front(),
         "\"; a classifier tells apart two at least (--task number learns numbers)");
  config.classes = names.size();
  return {names, true};
}

/// The method, with the head trained beside it: that of a classifier is new, whatever the method says of the rest.
[[nodiscard, gnu::cold]] inline MethodDescription with_head(MethodDescription method, const StatedConfig& config) {
  const auto trains_head = [](const MethodDescription& m) {
    const auto* const on = m.option("On");
    return m.kind == "FullFineTuning" ||
           (m.kind == "Unfreeze" && std::find(on->sites.begin(), on->sites.end(), "Head") != on->sites.end());
  };
  if (method.any(trains_head)) return method;
  std::vector<std::string> sites{"Head"};
  if (family_of(config).pools_in_head && task_of(config) == Task::text_class) sites.insert(sites.begin(), "Pooler");
  return united({std::move(method), {.kind = "Unfreeze", .options = {{.name = "On", .sites = std::move(sites)}}}});
}

}  // namespace graft
