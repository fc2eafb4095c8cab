/// \file
/// A model of any family with any method behind an interface that is no template: what the command line, graft.h and
/// servers hold. One is compiled for each type (runtime/engine_of.hpp): into a library (runtime/compiled.hpp), or as a
/// program that is kept (runtime/program.hpp).
#pragma once

#include <graft/checkpoints/base/load.hpp>
#include <graft/core/function_ref.hpp>
#include <graft/eval/perplexity.hpp>
#include <graft/plan/explain.hpp>
#include <graft/plan/plan.hpp>
#include <graft/plan/site_map.hpp>
#include <graft/runtime/run_options.hpp>
#include <graft/serve/generate.hpp>

#include <memory>

namespace graft {

/// What a run did, and what it took on the way.
struct FitRecord {
  FitHistory history;
  Plan plan;  ///< of its longest pass
  std::optional<Index>
      measured_bytes{};  ///< parameters, gradients, optimizer state, values and adjoints at their highest
  std::vector<Profile::Entry> profile{};  ///< of the training steps
};

/// The optimizer of an engine's model. The engine must outlive it, and loads nothing meanwhile but adapters.
class Training {
 public:
  Training() = default;
  virtual ~Training() = default;
  Training(const Training&) = delete;
  Training& operator=(const Training&) = delete;

  /// The learning rate that steps are taken with, before the schedule.
  [[nodiscard]] virtual float learning_rate() const = 0;
  /// One step over examples. \return the mean loss before it over supervised tokens
  virtual double step(std::span<const Example> examples) = 0;
  /// A whole run. `held_loss`, if there is one, judges the parameters.
  virtual FitRecord fit(std::span<const Example> examples, const std::function<double()>& held_loss) = 0;
};

/// A model and its optimizer, of a type that callers do not know.
class Engine {
 public:
  /// Tokens of a text.
  using Ids = std::vector<Id>;
  /// Called with each token as it is drawn.
  using Each = std::function<void(Id)>;

  Engine() = default;
  virtual ~Engine() = default;
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  [[nodiscard]] virtual const char* method() const = 0;  ///< as C++ spells it
  [[nodiscard]] virtual ExampleKind kind() const = 0;
  [[nodiscard]] virtual Index parameters() const = 0;
  [[nodiscard]] virtual Index trainable_parameters() const = 0;
  [[nodiscard]] virtual Index classes() const = 0;  ///< that a head tells apart
  [[nodiscard]] virtual const char* memory_policy() const = 0;

  /// Reads the base; what the method adds is drawn from `seed`. To be called first, and again to begin anew.
  virtual void load(const std::filesystem::path& model, std::uint64_t seed, const LoadOptions& options) = 0;
  virtual void load_adapter(const std::filesystem::path& adapter) = 0;
  /// Starts a prompt's rows from these tokens' embeddings.
  /// \throws Error where the method has no such rows
  virtual void start_prompt_from(const Ids& tokens) = 0;

  /// \throws Error where the method trains nothing
  virtual std::unique_ptr<Training> train(const RunOptions& options) = 0;
  virtual HeldOutLoss loss(std::span<const Example> examples, Index pass_tokens) = 0;
  /// What a head yields: of every text its logits, or number, or row by row those of its tokens.
  virtual std::vector<std::vector<float>> logits(const std::vector<Example>& examples) = 0;
  /// What is written behind prompts, or in answer to sources. `each` is called for tokens as they come, if there is one
  /// prompt.
  virtual std::vector<Ids> write(const std::vector<Ids>& prompts, const GenerateOptions& options, const Each& each) = 0;
  /// What the model writes behind each prompt: tokens, without the prompt's.
  std::vector<Ids> write(const std::vector<Ids>& prompts, const GenerateOptions& options) {
    return write(prompts, options, nullptr);
  }
  /// What each text looks like: `width` numbers.
  virtual std::vector<std::vector<float>> embed(const std::vector<Ids>& texts) = 0;

  /// Which kernels its products run on here, in words: instruction set and tile.
  [[nodiscard]] virtual std::string kernels() const = 0;
  virtual Plan plan(Index tokens, Index sequences, Index targets) = 0;
  /// What stands at the model's sites.
  virtual Explanation explain() = 0;
  virtual std::vector<SiteEntry> sites() = 0;

  /// \throws Error where what is trained could not be saved: to be asked before training
  virtual void check_saving() const = 0;
  virtual void save_adapter(const std::filesystem::path& folder, const std::string& base_name) const = 0;
  virtual void save_merged(const std::filesystem::path& base, const std::filesystem::path& folder,
                           const std::vector<std::string>& classes) = 0;
  virtual void save_gguf(const std::filesystem::path& base, const std::filesystem::path& file) = 0;
};

}  // namespace graft
