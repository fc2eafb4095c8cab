/// \file
/// From what a user names (a model's files, a method's text, an adapter, data) to the type of model that is meant.
#pragma once

#include <graft/checkpoints/adapter_folder.hpp>
#include <graft/models/families/llama/llama_config.hpp>
#include <graft/runtime/head_choice.hpp>
#include <graft/runtime/program_source.hpp>

namespace graft {

/// What a user names.
struct ModelChoice {
  std::filesystem::path model{};  ///< empty: SmolLM2-135M's sizes, without files
  std::string method{};           ///< a type's text or a short name; empty: the adapter's, or the first short name's
  std::string storage{};          ///< how frozen weights are kept; empty: the toolchain's
  std::vector<std::filesystem::path> headers{};  ///< of methods of the user's own
  std::string task{};  ///< a name of `task_names`; empty: what the model's files and the data say

  [[nodiscard]] OwnMethods own() const { return headers.empty() ? OwnMethods::refused : OwnMethods::allowed; }
};

/// What a model is wanted for: to train its method, or to open it with what was trained.
enum class Purpose { train, open };

/// The type that is meant, and what people should know.
struct ChosenModel {
  ProgramRequest program;
  HeadChoice head{};
  std::vector<std::string> notes{};
};

/// Of a name that stands for a type, or of a type's text. \throws Error that points at the place in the text
[[nodiscard, gnu::cold]] inline MethodDescription method_named(const ModelChoice& choice, const Toolchain& by) {
  const std::string text = choice.method.empty() ? by.methods.front().first : choice.method;
  for (const auto& [name, type] : by.methods)
    if (name == text) return read_method(type);
  try {
    return read_method(text, choice.own());
  } catch (const Error& error) { fail("--method: ", error.what()); }
}

/// What a model's files state, or SmolLM2-135M's sizes where none are named.
[[nodiscard, gnu::cold]] inline StatedConfig config_named(const ModelChoice& choice) {
  if (!choice.model.empty()) return stated_config(choice.model);
  using C = SmolLM2_135M;
  return {.family = std::string(first_family(FamilyKind::decoder).name),
          .architecture = {},
          .vocabulary = C::vocabulary,
          .width = C::width,
          .blocks = C::blocks,
          .heads = C::heads,
          .groups = C::groups,
          .head_width = C::head_width,
          .feed_forward = C::feed_forward,
          .rope_base = C::rope_base,
          .norm_epsilon = static_cast<double>(C::norm_epsilon),
          .tied_head = C::tied_head};
}

/// The type for a model, an adapter that stands for the method where none is named, and data that say what the model is
/// for.
[[nodiscard, gnu::cold]] inline ChosenModel choose_model(const ModelChoice& choice, Purpose purpose,
                                                         const std::filesystem::path& adapter = {},
                                                         const std::filesystem::path& data = {},
                                                         const Toolchain& by = Toolchain::here()) {
  ChosenModel made{.program = {.config = config_named(choice),
                               .method = {},
                               .storage = choice.storage.empty() ? by.storage : choice.storage,
                               .headers = choice.headers}};
  auto& r = made.program;
  const auto note = [&made](const std::filesystem::path& of, const std::vector<std::string>& notes) {
    for (const auto& one : notes) made.notes.push_back(of.string() + ": " + one);
  };
  note(choice.model, r.config.notes);
  for (const auto& [name, ending] : task_names)
    if (name == choice.task) r.config.architecture = ending;
  if (choice.task == "number") r.config.classes = 1;
  if (!adapter.empty()) {
    const AdapterFolder folder(adapter, choice.own());
    static_cast<void>(folder.tensors());  // without any nothing is compiled
    r.config = folder.model(r.config);
    auto reading =
        choice.method.empty() ? folder.reading(r.config) : AdapterReading{.method = method_named(choice, by)};
    note(adapter, reading.notes);
    r.method = as_opened(std::move(reading.method));
    const bool base_names = r.config.labels.size() == r.config.classes;
    const auto names = !folder.classes().empty() ? folder.classes()
                       : base_names              ? r.config.labels
                                                 : std::vector<std::string>{};
    made.head.classes = named_classes(names, r.config.classes);
    return made;
  }
  r.method = method_named(choice, by);
  if (data.empty()) made.head.classes = r.config.labels;
  else made.head = head_for(r.config, choice.model, choice.task, read_jsonl(data));
  const auto task = task_of(r.config);
  const bool has_classes = task == Task::text_class || task == Task::token_class || task == Task::answer;
  if (purpose == Purpose::train && has_classes) r.method = with_head(std::move(r.method), r.config);
  if (purpose == Purpose::open && made.head.is_new)
    fail(choice.model.string(), ": the base has no head that tells apart the labels of ", data.string(),
         "; train one, and name the adapter with --adapter");
  return made;
}

}  // namespace graft
