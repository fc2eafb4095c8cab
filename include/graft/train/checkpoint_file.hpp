/// \file
/// A run on disk: everything that the next step depends on, so that a resumed run goes on bit by bit as it would have.
#pragma once

#include <graft/io/safetensors.hpp>
#include <graft/train/trainer.hpp>

namespace graft {

/// Writes parameters, optimizer state, step number and the state of the random streams, atomically. `notes` are the
/// caller's (where in the data the run is, its history).
template <class Model, class O>
void save_checkpoint(Trainer<Model, O>& trainer, const std::filesystem::path& path, const Json& notes = Json::object()) {
  using B = typename Model::backend;
  std::vector<NamedTensor> tensors;
  for (const auto& slot : trainer.slots()) {
    tensors.push_back({"parameter." + slot.path, {slot.size}, download<B>(slot.value, slot.size)});
    tensors.push_back({"state." + slot.path, {O::state_floats * slot.size}, download<B>(slot.state.template as<float>(), O::state_floats * slot.size)});
  }
  const RandomKey random = trainer.workspace().random;
  write_safetensors(path, std::move(tensors),
                    {{"format", "graft"}, {"step", std::to_string(trainer.steps())}, {"seed", std::to_string(random.seed)},
                     {"stream", std::to_string(random.stream)}, {"notes", notes.dump()}});
}

/// Puts a trainer where `save_checkpoint` left another of the same model and method, and returns the notes.
template <class Model, class O>
Json load_checkpoint(Trainer<Model, O>& trainer, const std::filesystem::path& path) {
  using B = typename Model::backend;
  const SafetensorsFile file(path);
  const auto source = path.string();
  std::string complaints;
  Index used = 0;
  for (const auto& slot : trainer.slots())
    for (const auto& [name, size] : {std::pair("parameter." + slot.path, slot.size), std::pair("state." + slot.path, O::state_floats * slot.size)}) {
      const auto found = file.tensors.find(name);
      if (found == file.tensors.end()) complaints += "\n  missing: " + name;
      else if (found->second.size() != size || found->second.type != ElementType::F32) complaints += "\n  another size or type: " + name;
      else ++used;
    }
  if (used != file.tensors.size()) complaints += "\n  " + std::to_string(file.tensors.size() - used) + " tensors that this method does not train";
  if (!complaints.empty()) fail(source, " is a checkpoint of another model or method:", complaints.substr(0, 2000));
  const auto number = [&](const char* key) -> std::uint64_t {
    const auto text = required<std::string>(file.metadata, key, source);
    if (text.empty() || text.size() > 19 || text.find_first_not_of("0123456789") != text.npos) fail(source, ": \"", key, "\" is no number");
    return std::stoull(text);
  };
  const Index step = number("step");
  const RandomKey random{number("seed"), number("stream")};
  const Json notes = parse_json(required<std::string>(file.metadata, "notes", source), source);
  for (auto& slot : trainer.slots()) {
    upload<B>(slot.value, std::span<const float>(to_floats(file.tensors.at("parameter." + slot.path), slot.path)));
    upload<B>(slot.state.template as<float>(), std::span<const float>(to_floats(file.tensors.at("state." + slot.path), slot.path)));
  }
  trainer.set_steps(step);
  trainer.workspace().random = random;
  return notes;
}

}  // namespace graft
