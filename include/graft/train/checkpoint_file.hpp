/// \file
/// A run on disk: everything that the next step depends on, so that a resumed run goes on bit by bit as it would have.
#pragma once

#include <graft/io/safetensors.hpp>
#include <graft/train/trainer.hpp>

#include <cstdio>
#include <cstdlib>

namespace graft {

/// Writes parameters, optimizer state, step number and the state of the random streams, atomically. `notes` are the
/// caller's (where in the data the run is, its history).
template <class Model, class O>
void save_checkpoint(Trainer<Model, O>& trainer, const std::filesystem::path& path, Notes notes = {}) {
  using B = typename Model::backend;
  std::vector<NamedTensor> tensors;
  for (const auto& slot : trainer.slots()) {
    tensors.push_back({"parameter." + slot.path, {slot.size}, download<B>(slot.value, slot.size)});
    tensors.push_back({"state." + slot.path, {O::state_floats(slot.size)}, download<B>(slot.state.template as<float>(), O::state_floats(slot.size))});
  }
  const RandomKey random = trainer.workspace().random;
  notes["format"] = "graft";
  notes["step"] = std::to_string(trainer.steps());
  notes["seed"] = std::to_string(random.seed);
  notes["stream"] = std::to_string(random.stream);
  write_safetensors(path, tensors, notes);
}

/// notes[key] as a number; anything else is an error that names it.
inline std::uint64_t noted_number(const Notes& notes, const std::string& key, const std::string& source) {
  const auto found = notes.find(key);
  if (found == notes.end() || found->second.empty() || found->second.size() > 20 || found->second.find_first_not_of("0123456789") != std::string::npos)
    fail(source, ": \"", key, "\" is missing or no number; is this a checkpoint of graft?");
  return std::stoull(found->second);
}

/// Numbers as text and back, exactly.
inline std::string noted(const std::vector<double>& numbers) {
  std::string text;
  for (const double x : numbers) {
    char digits[32];
    std::snprintf(digits, sizeof digits, "%.17g ", x);
    text += digits;
  }
  return text;
}
inline std::vector<double> noted_numbers(const Notes& notes, const std::string& key) {
  std::vector<double> numbers;
  const auto found = notes.find(key);
  if (found == notes.end()) return numbers;
  const char* at = found->second.c_str();
  for (char* end = nullptr;; at = end) {
    const double x = std::strtod(at, &end);
    if (end == at) return numbers;
    numbers.push_back(x);
  }
}

/// Puts a trainer where `save_checkpoint` left another of the same model and method, and returns the notes.
template <class Model, class O>
Notes load_checkpoint(Trainer<Model, O>& trainer, const std::filesystem::path& path) {
  using B = typename Model::backend;
  const SafetensorsFile file(path);
  const auto source = path.string();
  std::string complaints;
  Index used = 0;
  for (const auto& slot : trainer.slots())
    for (const auto& [name, size] : {std::pair("parameter." + slot.path, slot.size), std::pair("state." + slot.path, O::state_floats(slot.size))}) {
      const auto found = file.tensors.find(name);
      if (found == file.tensors.end()) complaints += "\n  missing: " + name;
      else if (found->second.size() != size || found->second.type != ElementType::F32) complaints += "\n  another size or type: " + name;
      else ++used;
    }
  if (used != file.tensors.size()) complaints += "\n  " + std::to_string(file.tensors.size() - used) + " tensors that this method does not train";
  if (!complaints.empty()) fail(source, " is a checkpoint of another model or method:", complaints.substr(0, 2000));
  Notes notes;
  for (const auto& [key, text] : file.metadata.items())
    if (text.is_string()) notes[key] = text.template get<std::string>();
  const Index step = noted_number(notes, "step", source);
  const RandomKey random{noted_number(notes, "seed", source), noted_number(notes, "stream", source)};
  for (auto& slot : trainer.slots()) {
    upload<B>(slot.value, std::span<const float>(to_floats(file.tensors.at("parameter." + slot.path), slot.path)));
    upload<B>(slot.state.template as<float>(), std::span<const float>(to_floats(file.tensors.at("state." + slot.path), slot.path)));
  }
  trainer.set_steps(step);
  trainer.workspace().random = random;
  return notes;
}

}  // namespace graft
