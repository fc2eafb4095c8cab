// An engine without a model, for what holds engines.
#pragma once

#include <graft/runtime/engine.hpp>

namespace made {

using namespace graft;

/// An engine of nothing, whose loss depends on the learning rate alone.
class Pretended : public Engine {
 public:
  std::function<double(float)> loss_at = [](float) { return 1.0; };
  float rate = 0;
  Index begun = 0, steps = 0, learned = 0;

  struct Trains : Training {
    Trains(Pretended& of, const RunOptions& how) : engine(of), options(how) {}
    [[nodiscard]] float learning_rate() const override { return options.optimizer.learning_rate.value_or(0.5F); }
    double step(std::span<const Example>) override { return 0; }
    FitRecord fit(std::span<const Example> examples, const std::function<double()>&) override {
      engine.rate = learning_rate();
      engine.learned = examples.size();
      engine.steps = options.fit.steps(examples.size());
      if (engine.loss_at(engine.rate) < 0) fail("step 1: the loss is nan");
      return {};
    }
    Pretended& engine;
    RunOptions options;
  };

  [[nodiscard]] const char* method() const override { return "Nothing"; }
  [[nodiscard]] ExampleKind kind() const override { return ExampleKind::next_token; }
  [[nodiscard]] Index parameters() const override { return 1; }
  [[nodiscard]] Index trainable_parameters() const override { return 1; }
  [[nodiscard]] Index classes() const override { return 0; }
  [[nodiscard]] const char* memory_policy() const override { return ""; }
  void load(const std::filesystem::path&, std::uint64_t, const LoadOptions&) override { ++begun; }
  void load_adapter(const std::filesystem::path&) override {}
  void start_prompt_from(const Ids&) override {}
  std::unique_ptr<Training> train(const RunOptions& options) override {
    return std::make_unique<Trains>(*this, options);
  }
  HeldOutLoss loss(std::span<const Example> examples, Index) override {
    return {.sum = loss_at(rate) * static_cast<double>(examples.size()), .targets = examples.size()};
  }
  std::vector<std::vector<float>> logits(const std::vector<Example>&) override { return {}; }
  std::vector<Ids> write(const std::vector<Ids>&, const GenerateOptions&, const Each&) override { return {}; }
  std::vector<std::vector<float>> embed(const std::vector<Ids>&) override { return {}; }
  [[nodiscard]] std::string kernels() const override { return "none"; }
  Plan plan(Index, Index, Index) override { return {}; }
  Explanation explain() override { return {}; }
  std::vector<SiteEntry> sites() override { return {}; }
  void check_saving() const override {}
  void save_adapter(const std::filesystem::path&, const std::string&) const override {}
  void save_merged(const std::filesystem::path&, const std::filesystem::path&,
                   const std::vector<std::string>&) override {}
  void save_gguf(const std::filesystem::path&, const std::filesystem::path&) override {}
};

}  // namespace made
