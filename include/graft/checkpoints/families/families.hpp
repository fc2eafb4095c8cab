/// \file
/// All families that graft reads: a new one is a header beside this one, and a line in the list.
#pragma once

#include <graft/checkpoints/families/family.hpp>
#if defined(GRAFT_TEXT_INLINE)
#include <graft/checkpoints/families/gemma.hpp>
#include <graft/checkpoints/families/gpt2.hpp>
#include <graft/checkpoints/families/llama.hpp>
#include <graft/checkpoints/families/phi3.hpp>
#include <graft/checkpoints/families/roberta.hpp>
#include <graft/checkpoints/families/t5.hpp>

#include <charconv>

namespace graft {

inline constexpr FamilyDescription family_list[] = {
    families::llama,  families::mistral, families::qwen2, families::qwen3, families::smollm3, families::phi3,
    families::gemma2, families::gemma3,  families::gpt2,  families::bert,  families::roberta, families::t5};

GRAFT_TEXT_INLINE std::span<const FamilyDescription> model_families() { return family_list; }

GRAFT_TEXT_INLINE const FamilyDescription& model_family(std::string_view name, const std::string& source) {
  std::string known;
  for (const auto& family : family_list) {
    if (family.name == name) return family;
    known += (known.empty() ? "" : ", ") + std::string(family.name);
  }
  fail(source, ": model_type is \"", name, "\"; graft knows ", known);
}

GRAFT_TEXT_INLINE Task task_of(const StatedConfig& c) {
  for (const auto& [task, ending] : task_endings)
    if (c.architecture.ends_with(ending)) return task;
  switch (family_of(c).kind) {
    case FamilyKind::encoder:
      return Task::text_class;
    case FamilyKind::pair:
      return Task::pair;
    case FamilyKind::decoder:
      break;
  }
  return Task::next_token;
}

GRAFT_TEXT_INLINE std::string class_in_python(const StatedConfig& c) {
  const auto& family = family_of(c);
  const Task task = task_of(c);
  if (const auto& [apart, name] = family.class_apart; apart == task && !name.empty()) return std::string(name);
  std::string name(family.in_python);
  if (task == Task::embedding) return name + "Model";
  for (const auto& [known, ending] : task_endings)
    if (known == task) return name + std::string(ending);
  return name;
}

GRAFT_TEXT_INLINE StatedConfig ConfigJson::read() {
  stated_.family = required<std::string>(json_, "model_type", source_);
  const auto& family = model_family(stated_.family, source_);
  if (json_.contains("architectures") && json_.at("architectures").is_array() && !json_.at("architectures").empty())
    stated_.architecture = json_.at("architectures")[0].get<std::string>();
  family.read(*this);
  if (stated_.heads == 0) fail(source_, ": the number of attention heads is 0");
  read_task(family);
  if (stated_.head_width == 0) stated_.head_width = stated_.width / stated_.heads;
  return stated_;
}

GRAFT_TEXT_INLINE void ConfigJson::read_task(const FamilyDescription& family) {
  StatedConfig& c = stated_;
  read_labels();
  if (json_.contains("pad_token_id") && json_.at("pad_token_id").is_number_integer())
    c.pad = json_.at("pad_token_id").get<std::ptrdiff_t>();
  const auto problem = option<std::string>("problem_type", "");
  const Task task = task_of(c);
  if (task == Task::text_class &&
      (problem == "multi_label_classification" || (problem == "regression" && c.classes > 1) ||
       (problem == "single_label_classification" && c.classes == 1)))
    fail(source_, ": problem_type is \"", problem, "\" with ", c.classes,
         " outputs; graft's classifiers say one class of several, or with one output a number");
  if (task == Task::answer && family.lacks_answers)
    fail(source_, ": architectures is ", c.architecture, ", which Transformers does not have either");
  if (family.kind == FamilyKind::pair && task != Task::pair)
    fail(source_, ": architectures is ", c.architecture, "; graft's ", family.name, " is ", family.in_python,
         "ForConditionalGeneration");
}

GRAFT_TEXT_INLINE void ConfigJson::read_labels() {
  stated_.classes = option<Index>("num_labels", 2);
  if (json_.contains("id2label") && json_.at("id2label").is_object()) {
    const Json& names = json_.at("id2label");
    stated_.classes = names.size();
    stated_.labels.resize(names.size());
    for (const auto& [number, name] : names.items()) {
      Index i = 0;
      const auto read = std::from_chars(number.data(), number.data() + number.size(), i);
      if (read.ec != std::errc() || read.ptr != number.data() + number.size() || i >= names.size() ||
          !name.is_string() || !stated_.labels[i].empty())
        fail(source_, ": id2label has \"", number.substr(0, 40), "\": ", name.dump().substr(0, 60), "; its ",
             names.size(), " classes are numbered from 0 on, and have texts for names");
      stated_.labels[i] = name.get<std::string>();
    }
  }
  if (stated_.classes == 0) fail(source_, ": the model tells apart no classes (id2label, num_labels)");
}

}  // namespace graft
#endif
