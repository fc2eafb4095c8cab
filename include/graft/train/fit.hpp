/// \file
/// A whole run: epochs over examples in a shuffled order, evaluation on the way, the best parameters kept, checkpoints.
#pragma once

#include <graft/text/dataset.hpp>
#include <graft/train/checkpoint_file.hpp>
#include <graft/train/progress.hpp>

#include <deque>
#include <functional>

namespace graft {

struct FitOptions {
  Index epochs = 1;
  Index batch = 8;             ///< examples of an optimizer step
  Index micro_tokens = 512;    ///< tokens of one forward and backward pass: what bounds the memory
  std::uint64_t seed = 0;      ///< order of the examples
  Index evaluate_every = 0;    ///< steps between evaluations; 0: only at the end of the run
  bool keep_best = true;       ///< end with the parameters of the best evaluation
  std::filesystem::path checkpoint{};  ///< file to save the run to, and to resume it from
  Index checkpoint_every = 0;  ///< steps between checkpoints; 0: none
  bool resume = false;
  bool progress = true;
  std::function<Example(const Example&, Index number, Index epoch)> anew{};  ///< what an example is at an epoch (Formatter::anew); none: always the same

  [[nodiscard]] Index steps(Index examples) const { return epochs * ((examples + batch - 1) / batch); }
};

struct Evaluation {
  Index step = 0;
  double loss = 0;
};

/// What a run did.
struct FitHistory {
  std::vector<double> losses;  ///< per step, mean over its supervised tokens
  std::vector<Evaluation> evaluations;
  Index best_step = 0;
  double kept_loss = 0;  ///< of the evaluation of the parameters that the run ended with
  Index tokens = 0, most_pass_tokens = 0;
  double seconds = 0;  ///< of training steps, without evaluations
};

/// Trains every adapter of a bank on examples of its own, `batch` of each at a step. Epochs are those of the longest list; a shorter
/// one begins again within them.
template <class Model, class O>
FitHistory fit(Trainer<Model, O>& trainer, std::span<const std::span<const Example>> members, const FitOptions& options, const std::function<double()>& evaluate = nullptr) {
  using B = typename Model::backend;
  if (members.size() != Model::members) fail("fit: ", members.size(), " lists of examples for ", Model::members, " adapters");
  for (const auto& list : members)
    if (list.empty()) fail("fit: there is no example to train on");
  const auto examples = *std::max_element(members.begin(), members.end(), [](auto a, auto b) { return a.size() < b.size(); });
  if (options.batch == 0) fail("fit: a batch of 0 examples");
  const Index total = options.steps(examples.size()), per_epoch = total / options.epochs;
  FitHistory history;
  std::vector<std::vector<float>> best;

  if (options.resume) {
    const Notes notes = load_checkpoint(trainer, options.checkpoint);
    const auto number = [&](const char* key) { return noted_number(notes, key, options.checkpoint.string()); };
    if (number("fit.seed") != options.seed || number("fit.batch") != options.batch || number("fit.examples") != examples.size())
      fail(options.checkpoint.string(), ": the run was started with another seed, batch or number of examples");
    history.losses = noted_numbers(notes, "fit.losses");
    history.tokens = number("fit.tokens");
    const auto evaluations = noted_numbers(notes, "fit.evaluations");
    for (Index i = 0; i + 1 < evaluations.size(); i += 2) history.evaluations.push_back({static_cast<Index>(evaluations[i]), evaluations[i + 1]});
  }
  const auto parameters = [&trainer] {
    std::vector<std::vector<float>> values;
    for (const auto& slot : trainer.slots()) values.push_back(download<B>(slot.value, slot.size));
    return values;
  };
  const auto judge = [&](Index step) {
    if (!evaluate) return;
    history.evaluations.push_back({step, evaluate()});
    const auto worse = [&](const Evaluation& e) { return e.step != step && e.loss <= history.evaluations.back().loss; };
    if (std::any_of(history.evaluations.begin(), history.evaluations.end(), worse)) return;
    history.best_step = step;
    if (options.keep_best && options.evaluate_every != 0) best = parameters();
  };

  ProgressBar bar(options.progress);
  std::vector<std::vector<Index>> orders(members.size());
  std::vector<std::vector<const Example*>> chosen(members.size());
  std::deque<Example> made;
  while (trainer.steps() < total) {
    const Index done = trainer.steps(), epoch = done / per_epoch, within = done % per_epoch;
    made.clear();
    for (Index m = 0; m < members.size(); ++m) {
      if (orders[m].empty() || within == 0) orders[m] = shuffled(members[m].size(), options.seed, epoch);
      chosen[m].clear();
      for (Index i = within * options.batch; i < std::min(examples.size(), (within + 1) * options.batch); ++i) {
        const Index number = orders[m][i % members[m].size()];
        chosen[m].push_back(options.anew ? &made.emplace_back(options.anew(members[m][number], number, epoch)) : &members[m][number]);
      }
    }
    const auto passes = pack_members(chosen, options.micro_tokens);
    for (const Batch& pass : passes) history.most_pass_tokens = std::max(history.most_pass_tokens, pass.tokens.size());
    const auto began = std::chrono::steady_clock::now();
    const StepReport report = trainer.step(passes);
    history.seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    history.losses.push_back(report.loss);
    history.tokens += report.tokens;
    bar.update(report.step, total, report.loss, report.tokens);
    if (options.evaluate_every != 0 && report.step % options.evaluate_every == 0 && report.step != total) judge(report.step);
    if (options.checkpoint_every != 0 && (report.step % options.checkpoint_every == 0 || report.step == total)) {
      std::vector<double> evaluations;
      for (const auto& e : history.evaluations) evaluations.insert(evaluations.end(), {static_cast<double>(e.step), e.loss});
      save_checkpoint(trainer, options.checkpoint, {{"fit.losses", noted(history.losses)}, {"fit.evaluations", noted(evaluations)}, {"fit.tokens", std::to_string(history.tokens)},
                                                    {"fit.seed", std::to_string(options.seed)}, {"fit.batch", std::to_string(options.batch)},
                                                    {"fit.examples", std::to_string(examples.size())}});
    }
  }
  judge(total);
  const bool restore = !best.empty() && history.best_step != total;
  if (restore)
    for (Index i = 0; i < best.size(); ++i) upload<B>(trainer.slots()[i].value, std::span<const float>(best[i]));
  for (const auto& e : history.evaluations)
    if (e.step == (restore ? history.best_step : total)) history.kept_loss = e.loss;
  return history;
}

/// Trains on `examples`. `evaluate`, if given, returns the loss by which parameters are judged.
template <class Model, class O>
FitHistory fit(Trainer<Model, O>& trainer, std::span<const Example> examples, const FitOptions& options, const std::function<double()>& evaluate = nullptr) {
  return fit(trainer, std::span<const std::span<const Example>>(&examples, 1), options, evaluate);
}

}  // namespace graft
