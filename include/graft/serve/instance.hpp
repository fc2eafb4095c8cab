/// \file
/// A model behind an interface that is no template: for engines that do not want to compile one. The library graft::instances has
/// presets with common methods compiled in; graft.h is the same for C.
#pragma once

#include <graft/core/function_ref.hpp>
#include <graft/core/types.hpp>

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace graft {

class ModelFiles;

class Instance {
 public:
  struct Options {
    float learning_rate = 5e-4F;  ///< AdamW's, constant
    std::uint64_t seed = 0;       ///< of first values and dropout
    Index longest = 2048;         ///< tokens of a text, generated ones included
  };
  struct Example {
    std::string prompt, completion;
  };

  Instance() = default;
  virtual ~Instance() = default;
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;

  /// One optimizer step on examples. Returns the mean loss before it over supervised tokens. Throws Error where an example is too long or empty.
  virtual double train_step(std::span<const Example> examples) = 0;
  /// Answers a prompt, by the model's chat template where it has one. `each`: called with the text that became certain. Temperature 0 takes the likeliest token.
  virtual std::string generate(const std::string& prompt, Index max_new_tokens, float temperature, std::uint64_t seed, FunctionRef<void(const std::string&)> each) = 0;
  /// Writes what was trained, as a folder that HF PEFT opens; reads one, in place of what was trained.
  virtual void save_adapter(const std::filesystem::path& folder) const = 0;
  virtual void load_adapter(const std::filesystem::path& folder) = 0;
  [[nodiscard]] virtual Index parameters() const = 0;
  [[nodiscard]] virtual Index trainable_parameters() const = 0;
};

/// What was compiled in: a preset's struct and a method under its short name.
struct CompiledInstance {
  const char *preset, *method, *type;
  /// Makes one of a model's files, or null where they are of another architecture.
  std::unique_ptr<Instance> (*open)(const ModelFiles& files, const Instance::Options& options);
};
/// All of them: defined by graft::instances.
std::span<const CompiledInstance> compiled_instances();

/// The instance that fits a model's files and a method's short name. Throws Error that names those there are.
std::unique_ptr<Instance> open_instance(const std::filesystem::path& model, const std::string& method, const Instance::Options& options = {});

}  // namespace graft
