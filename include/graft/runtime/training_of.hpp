/// \file
/// The half of an engine that trains, for one type of model: compiled beside the other half (runtime/engine_of.hpp).
#pragma once

#include <graft/plan/plan.hpp>
#include <graft/runtime/engine.hpp>

#include <cstdio>

namespace graft {

/// A shape of a pass whose loss is the model's.
template <class Model>
BatchShape pass_shape(Index tokens, Index sequences, Index targets) {
  using enum ExampleKind;
  constexpr auto kind = example_kind<Model>();
  BatchShape shape{.tokens = tokens,
                   .sequences = sequences,
                   .targets = targets,
                   .keys_ahead = 0,
                   .source = kind == pair ? tokens : 0};
  if (kind == text_class || kind == text_number) shape.targets = sequences;
  if (kind == text_number) shape.values = sequences;
  if (kind == answer) shape.targets = shape.spans = 2 * sequences;
  return shape;
}

/// Examples in passes of so many tokens.
inline std::vector<Batch> passes_of(std::span<const Example> examples, Index tokens) {
  std::vector<const Example*> all;
  for (const auto& example : examples) all.push_back(&example);
  return pack(all, tokens);
}

template <class Model>
class TrainingOf final : public Training {
 public:
  TrainingOf(Model& model, const RunOptions& options)
      : options_(options), trainer_(model, options.optimizer, options.trainer) {
    auto& trunk = trainer_.trunk_cache();
    if (options.trunk_cache.empty()) return;
    if (!trunk)
      fail("--trunk-cache: ", type_name<typename Model::method>(),
           " trains in the first block already (or --trunk-cache-memory is 0): there is nothing to keep");
    if (std::filesystem::exists(options.trunk_cache)) trunk->load(options.trunk_cache);
  }

  [[nodiscard]] float learning_rate() const override { return *trainer_.optimizer().learning_rate; }

  double step(std::span<const Example> examples) override {
    return trainer_.step(std::span<const Batch>(passes_of(examples, options_.fit.micro_tokens))).loss;
  }

  FitRecord fit(std::span<const Example> examples, const std::function<double()>& held_loss) override {
    FitRecord record;
    Profile profile;
    trainer_.workspace().profile = &profile;
    record.history = graft::fit(trainer_, examples, options_.fit, held_loss);
    trainer_.workspace().profile = nullptr;
    record.profile = profile.entries();
    keep_trunk();
    const Index longest = record.history.most_pass_tokens;
    record.plan = graft::plan<Model>(pass_shape<Model>(longest, 1, longest / 6));
    const Plan& p = record.plan;
    if (record.history.timed_tokens != 0)
      record.measured_bytes = p.frozen + p.trainable + p.gradients + p.optimizer + trainer_.workspace().value_peak() +
                              trainer_.workspace().adjoint_peak();
    return record;
  }

 private:
  void keep_trunk() {
    auto& trunk = trainer_.trunk_cache();
    if (trunk && options_.fit.progress)
      std::fprintf(stderr, "%zu of %zu passes took what the frozen blocks yield from %.1f MB kept\n", trunk->hits(),
                   trunk->hits() + trunk->misses(), static_cast<double>(trunk->bytes()) / 1e6);
    if (!options_.trunk_cache.empty()) trunk->save(options_.trunk_cache);
  }

  RunOptions options_;
  Trainer<Model> trainer_;
};

/// How an engine comes by its training half.
template <class Model>
using StartTraining = std::unique_ptr<Training>(Model& model, const RunOptions& options);

template <class Model>
std::unique_ptr<Training> start_training(Model& model, const RunOptions& options) {
  if constexpr (Model::trainable_parameters == 0) fail(type_name<typename Model::method>(), " trains nothing");
  else return std::make_unique<TrainingOf<Model>>(model, options);
}

}  // namespace graft
