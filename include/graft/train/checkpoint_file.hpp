/// \file
/// A run on disk: everything that the next step depends on, so that a resumed run goes on bit by bit as it would have.
#pragma once

#include <graft/io/safetensors.hpp>
#include <graft/train/trainer.hpp>

#include <algorithm>
#include <charconv>

namespace graft {

/// A number as the shortest text that is it and no other.
template <class Number>
std::string noted(Number number) {
  char digits[40];
  return {digits, std::to_chars(digits, digits + sizeof digits, number).ptr};
}
/// Numbers as text, exact.
inline std::string noted(const std::vector<double>& numbers) {
  std::string text;
  for (const double x : numbers) text += noted(x) + " ";
  return text;
}

/// Writes parameters, optimizer state, what a budget of ranks has gathered, step number and the state of the random
/// streams, atomically. `notes` and `more` are the caller's (where in the data the run is, its history, the best
/// parameters so far).
template <class Model, class O, class C>
void save_checkpoint(Trainer<Model, O, C>& trainer, const std::filesystem::path& path, Notes notes = {},
                     std::vector<NamedTensor> more = {}) {
  using B = typename Model::backend;
  if (trainer.rank_budget())
    trainer.rank_budget()->each_gathered([&more](const std::string& name, const std::vector<float>& values) {
      more.push_back({name, {values.size()}, values});
    });
  for (const auto& slot : trainer.slots()) {
    more.push_back({"parameter." + slot.path, {slot.size}, download<B>(slot.value, slot.size)});
    more.push_back({"state." + slot.path,
                    {O::state_floats(slot.size)},
                    download<B>(slot.state.template as<float>(), O::state_floats(slot.size))});
  }
  const RandomKey random = trainer.random();
  notes["format"] = "graft";
  notes["step"] = noted(trainer.steps());
  notes["seed"] = noted(random.seed);
  notes["stream"] = noted(random.stream);
  write_safetensors(path, more, notes);
}

/// What `save_checkpoint` wrote.
class CheckpointFile {
 public:
  /// Opens a checkpoint.
  /// \throws Error where the file cannot be read
  explicit CheckpointFile(const std::filesystem::path& path) : source_(path.string()), file_(path) {
    for (const auto& [key, text] : file_.metadata.items())
      if (text.is_string()) notes_[key] = text.get<std::string>();
  }

  [[nodiscard]] const std::string& source() const { return source_; }
  /// What the run followed from, by name.
  [[nodiscard]] const Notes& notes() const { return notes_; }
  /// A note, or nothing where there is none of this name.
  [[nodiscard]] std::string note(const std::string& key) const {
    const auto found = notes_.find(key);
    return found == notes_.end() ? "" : found->second;
  }
  /// A note that is a whole number; anything else is an error that names it.
  [[nodiscard]] std::uint64_t number(const std::string& key) const {
    const std::string text = note(key);
    std::uint64_t value = 0;
    if (const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
        text.empty() || read.ec != std::errc{} || read.ptr != text.data() + text.size())
      fail(source_, ": \"", key, "\" is missing or no number; is this a checkpoint of graft?");
    return value;
  }
  /// The numbers under this key.
  /// \throws Error where there are none
  [[nodiscard]] std::vector<double> numbers(const std::string& key) const {
    std::vector<double> all;
    const std::string text = note(key);
    for (const char *at = text.data(), *const end = at + text.size(); at != end;) {
      const auto read = std::from_chars(at, end, all.emplace_back());
      if (read.ec != std::errc{} || read.ptr == end || *read.ptr != ' ')
        fail(source_, ": \"", key, "\" is no list of numbers; is this a checkpoint of graft?");
      at = read.ptr + 1;
    }
    return all;
  }

  [[nodiscard]] bool has(const std::string& name) const { return file_.tensors.contains(name); }
  /// One of the caller's tensors, of so many floats.
  [[nodiscard]] std::vector<float> floats(const std::string& name, Index size) const {
    const auto found = file_.tensors.find(name);
    if (found == file_.tensors.end() || found->second.size() != size || found->second.type != ElementType::F32)
      fail(source_, ": ", name, " is missing, or of another size or type");
    return to_floats(found->second, name);
  }

  /// Puts a trainer where `save_checkpoint` left another of the same model and method.
  template <class Model, class O, class C>
  void restore(Trainer<Model, O, C>& trainer) const {
    using B = typename Model::backend;
    std::string complaints;
    Index unknown = static_cast<Index>(std::count_if(file_.tensors.begin(), file_.tensors.end(), [](const auto& t) {
      return t.first.starts_with("parameter.") || t.first.starts_with("state.");
    }));
    for (const auto& slot : trainer.slots())
      for (const auto& [name, size] : {std::pair("parameter." + slot.path, slot.size),
                                       std::pair("state." + slot.path, O::state_floats(slot.size))}) {
        const auto found = file_.tensors.find(name);
        if (found == file_.tensors.end()) {
          complaints += "\n  missing: " + name;
          continue;
        }
        --unknown;
        if (found->second.size() != size || found->second.type != ElementType::F32)
          complaints += "\n  another size or type: " + name;
      }
    if (trainer.rank_budget())
      trainer.rank_budget()->each_gathered([&](const std::string& name, const std::vector<float>& values) {
        const auto found = file_.tensors.find(name);
        if (found == file_.tensors.end() || found->second.size() != values.size() ||
            found->second.type != ElementType::F32)
          complaints += "\n  missing, or of another size or type: " + name;
      });
    if (unknown != 0) complaints += "\n  " + std::to_string(unknown) + " tensors that this method does not train";
    if (!complaints.empty()) fail(source_, " is a checkpoint of another model or method:", complaints.substr(0, 2000));
    const Index step = number("step");
    const RandomKey random{number("seed"), number("stream")};
    for (auto& slot : trainer.slots()) {
      upload<B>(slot.value, std::span<const float>(floats("parameter." + slot.path, slot.size)));
      upload<B>(slot.state.template as<float>(),
                std::span<const float>(floats("state." + slot.path, O::state_floats(slot.size))));
    }
    if (trainer.rank_budget())
      trainer.rank_budget()->each_gathered(
          [this](const std::string& name, std::vector<float>& values) { values = floats(name, values.size()); });
    trainer.resume_at(step, random);
  }

 private:
  std::string source_;
  SafetensorsFile file_;
  Notes notes_;
};

/// The same in one call; returns the notes.
template <class Model, class O, class C>
Notes load_checkpoint(Trainer<Model, O, C>& trainer, const std::filesystem::path& path) {
  const CheckpointFile file(path);
  file.restore(trainer);
  return file.notes();
}

}  // namespace graft
