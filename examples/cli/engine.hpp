// What needs the type of a model. A program is an Engine for one type (engine_of.hpp), compiled when it is first asked for (program.hpp); everything else is in
// commands.cpp and compiled once.
#pragma once

#include <graft/checkpoints/load.hpp>
#include <graft/eval/perplexity.hpp>
#include <graft/report/explain.hpp>
#include <graft/report/run_report.hpp>
#include <graft/serve/generate.hpp>
#include <graft/text/example.hpp>

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace cli {

/// How a run is done.
struct FitRequest {
  graft::FitOptions fit;
  graft::Schedule schedule;
  std::size_t trunk_cache_bytes = 0;
  float learning_rate = 5e-4F, weight_decay = 0, clip = 1, lora_plus = 1;
  std::filesystem::path trunk_cache;
};

class Engine {
 public:
  using Ids = std::vector<graft::Id>;

  Engine() = default;
  virtual ~Engine() = default;
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  [[nodiscard]] virtual const char* method() const = 0;  ///< as C++ spells it
  [[nodiscard]] virtual graft::ExampleKind kind() const = 0;
  [[nodiscard]] virtual std::size_t parameters() const = 0;
  [[nodiscard]] virtual std::size_t trainable_parameters() const = 0;
  [[nodiscard]] virtual std::size_t classes() const = 0;  ///< that a head tells apart

  virtual void load(const std::filesystem::path& model, std::uint64_t seed, const graft::LoadOptions& options) = 0;
  virtual void load_adapter(const std::filesystem::path& adapter) = 0;
  virtual void start_prompt_from(const Ids& tokens) = 0;
  /// Trains, and tells the report what was done. `held_loss`, if there is one, judges the parameters.
  virtual void fit(const std::vector<graft::Example>& examples, const FitRequest& request, const std::function<double()>& held_loss, graft::RunReport& report) = 0;
  virtual graft::HeldOutLoss loss(const std::vector<graft::Example>& examples, std::size_t pass_tokens) = 0;
  /// What a head yields: of every text its logits, or number, or row by row those of its tokens.
  virtual std::vector<std::vector<float>> logits(const std::vector<graft::Example>& examples) = 0;
  /// What is written behind prompts, or in answer to sources. `each` is called for tokens as they come, if there is one prompt.
  virtual std::vector<Ids> write(const std::vector<Ids>& prompts, const graft::GenerateOptions& options, const std::function<void(graft::Id)>& each) = 0;
  virtual std::vector<std::vector<float>> embed(const std::vector<Ids>& texts) = 0;
  virtual graft::Plan plan(std::size_t tokens, std::size_t sequences, std::size_t targets) = 0;
  [[nodiscard]] virtual const char* memory_policy() const = 0;
  virtual graft::Explanation explain() = 0;
  virtual std::vector<graft::SiteEntry> sites() = 0;
  /// Throws where what is trained could not be saved: to be asked before training.
  virtual void check_saving() const = 0;
  virtual void save_adapter(const std::filesystem::path& folder, const std::string& base_name) = 0;
  virtual void save_merged(const std::filesystem::path& base, const std::filesystem::path& folder, const std::vector<std::string>& classes) = 0;
  virtual void save_gguf(const std::filesystem::path& base, const std::filesystem::path& file) = 0;
};

}  // namespace cli
