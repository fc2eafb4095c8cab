/// \file
/// A learning rate found by trying: short runs from the same beginning at rates about the one that suits the method,
/// and the rate is taken that left the lowest loss on examples which were not learned from. The same settings find the
/// same rate.
#pragma once

#include <graft/runtime/engine.hpp>

#include <algorithm>
#include <cmath>
#include <exception>
#include <limits>

namespace graft {

/// One short run. The loss is infinite where it diverged.
struct RateTrial {
  float learning_rate;
  double loss;
};

/// A learning rate, and what it was chosen from.
struct RateSearch {
  std::vector<RateTrial> trials{};  ///< from the lowest rate
  Index steps = 0;                  ///< of each
  Index examples = 0;               ///< that each was judged by

  /// The rate of the lowest loss; of those within half a percent of it the lowest, as a long run wants smaller steps
  /// than a short one. \throws Error where all diverged
  [[nodiscard]] float taken() const {
    double least = std::numeric_limits<double>::infinity();
    for (const auto& trial : trials) least = std::min(least, trial.loss);
    if (!std::isfinite(least)) fail("--find-rate: the loss was no number at any learning rate that was tried");
    for (const auto& trial : trials)
      if (trial.loss <= least + 0.005 * std::abs(least)) return trial.learning_rate;
    return trials.front().learning_rate;
  }
};

/// What is tried: a rate times these.
inline constexpr double rate_factors[] = {0.1, 0.3, 1.0, 3.0, 10.0};

/// Looks for the learning rate of a run by short trials.
/// \param engine   the model and its optimizer
/// \param begin     makes the engine's model what it is before the run
/// \param examples  of the run; where `held` has none, every eighth of them is judged by and not learned from
/// \param held      held-out examples, or none
/// \param options   of the run: its rate, or the method's, is the middle one
/// \param most      steps of a trial; a run of fewer is tried whole. Two hundred in all, unless said
inline RateSearch find_learning_rate(Engine& engine, const std::function<void()>& begin,
                                     std::span<const Example> examples, std::span<const Example> held,
                                     RunOptions options, Index most = 40) {
  constexpr Index judged = 64;
  std::vector<Example> learned,
      judging(held.begin(), held.begin() + static_cast<std::ptrdiff_t>(std::min(judged, held.size())));
  const Index wanted = most * options.fit.batch;
  const auto order = shuffled(examples.size(), options.fit.seed, 0);
  for (Index i = 0; i < order.size(); ++i) {
    const auto& example = examples[order[i]];
    if (held.empty() && i % 8 == 7 && judging.size() < judged) judging.push_back(example);
    else if (learned.size() < wanted) learned.push_back(example);
  }
  if (judging.empty())
    judging.assign(learned.begin(), learned.begin() + static_cast<std::ptrdiff_t>(std::min(judged, learned.size())));
  auto& fit = options.fit;
  const Index an_epoch = (learned.size() + fit.batch - 1) / fit.batch;
  RateSearch found{.steps = std::min(most, fit.steps(examples.size())), .examples = judging.size()};
  fit.epochs = (found.steps + an_epoch - 1) / an_epoch;
  found.steps = fit.epochs * an_epoch;
  fit.evaluate_every = fit.checkpoint_every = 0;
  fit.resume = fit.progress = false;
  fit.rank_budget.reset();  // a trial is too short for one
  options.trunk_cache.clear();
  options.trainer.trunk_cache_bytes = 0;
  options.trainer.schedule = {.kind = options.trainer.schedule.kind};
  std::optional<float> middle = options.optimizer.learning_rate;
  std::exception_ptr error;
  const auto diverged = [](const RateTrial& trial) { return !std::isfinite(trial.loss); };
  for (const double factor : rate_factors) {
    begin();
    if (!middle) middle = engine.train(options)->learning_rate();
    const auto rate = static_cast<float>(factor * static_cast<double>(*middle));
    options.optimizer.learning_rate = rate;
    double loss = std::numeric_limits<double>::infinity();
    try {
      const auto training = engine.train(options);
      training->fit(learned, nullptr);
      if (const double mean = engine.loss(judging, fit.micro_tokens).mean(); std::isfinite(mean)) loss = mean;
    } catch (const Error&) {  // that the loss is no number; what is wrong with all rates is something else
      error = std::current_exception();
    }
    found.trials.push_back({rate, loss});
  }
  if (error && std::all_of(found.trials.begin(), found.trials.end(), diverged)) std::rethrow_exception(error);
  return found;
}

}  // namespace graft
