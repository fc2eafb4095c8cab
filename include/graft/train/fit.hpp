/// \file
/// A whole run: epochs over examples in a shuffled order, evaluation on the way, the best parameters kept, checkpoints.
#pragma once

#include <graft/core/fingerprint.hpp>
#include <graft/core/type_name.hpp>
#include <graft/text/dataset.hpp>
#include <graft/train/checkpoint_file.hpp>
#include <graft/train/progress.hpp>

#include <cmath>
#include <deque>
#include <functional>

namespace graft {

/// How a run goes over its examples.
struct FitOptions {
  Index epochs = 1;                    ///< how often each example is seen
  Index batch = 8;                     ///< examples of an optimizer step
  Index micro_tokens = 512;            ///< tokens of one forward and backward pass: what bounds the memory
  std::uint64_t seed = 0;              ///< order of the examples
  Index evaluate_every = 0;            ///< steps between evaluations; 0: only at the end of the run
  bool keep_best = true;               ///< end with the parameters of the best evaluation
  std::filesystem::path checkpoint{};  ///< file to save the run to, and to resume it from
  Index checkpoint_every = 0;          ///< steps between checkpoints; 0: none
  bool resume = false;                 ///< go on from the checkpoint, if there is one yet
  bool progress = true;                ///< whether a bar is shown on a terminal
  /// what an example is at an epoch (Formatter::anew); none: always the same
  std::function<Example(const Example&, Index number, Index epoch)> anew{};
  std::optional<RankBudgetOptions> rank_budget = RankBudgetOptions{};  ///< of AdaLoRA, as in PEFT; nothing: ranks stay
  /// by name, what a run follows from and `fit` does not see (the base; as "evaluation" what is evaluated): it is
  /// resumed under the same alone
  Notes settings{};

  [[nodiscard]] Index steps(Index examples) const { return epochs * ((examples + batch - 1) / batch); }
};

/// How many examples there are, and what tells them from others.
inline std::string in_few_words(std::span<const Example> examples) {
  Fingerprint contents;
  for (const Example& e : examples) {
    for (const auto* ids : {&e.ids, &e.labels, &e.source}) contents.add(*ids);
    contents.add_word(e.second);
  }
  return noted(examples.size()) + " of fingerprint " + contents.text();
}

/// The loss of held-out examples after a step.
struct Evaluation {
  Index step = 0;
  double loss = 0;
};

/// What a run did.
struct FitHistory {
  std::vector<double> losses;           ///< per step, mean over its supervised tokens
  std::vector<Evaluation> evaluations;  ///< in order
  /// of the first evaluation of the lowest loss, with a rank budget of those that keep it; 0: there was none
  Index best_step = 0;
  Index kept_step = 0;                     ///< whose parameters the run ended with
  bool changed = false;                    ///< whether any of them is another than when the run began
  std::optional<Index> kept_ranks{};       ///< singular values that a rank budget left
  Index tokens = 0, most_pass_tokens = 0;  ///< tokens of all steps; of the largest pass
  // Of this process alone, where a run had several:
  Index resumed_at = 0;    ///< the step of the checkpoint that it went on from
  Index timed_tokens = 0;  ///< tokens of the steps that were timed
  double seconds = 0;      ///< of training steps, without evaluations

  /// The loss evaluated after this step. Nothing where there was none.
  [[nodiscard]] std::optional<double> loss_at(Index step) const {
    for (const auto& e : evaluations)
      if (e.step == step) return e.loss;
    return std::nullopt;
  }
  /// Of the parameters that the run ended with, if they were evaluated.
  [[nodiscard]] std::optional<double> kept_loss() const { return loss_at(kept_step); }
};

/// A run under way: what `fit` does, step by step. All that its end depends on is in its checkpoint, or follows from
/// the settings there.
template <class T>
class FitRun;

template <class Model, class O, class C>
class FitRun<Trainer<Model, O, C>> {
  using B = typename Model::backend;
  using Members = std::vector<std::span<const Example>>;

 public:
  /// A run by this trainer.
  /// \param trainer takes the steps \param members the examples of each adapter of a bank, of others one list \param
  /// options how the run goes
  /// \param evaluate the loss of held-out examples \throws Error where there is no example
  FitRun(Trainer<Model, O, C>& trainer, Members members, const FitOptions& options,
         const std::function<double()>& evaluate)
      : trainer_(trainer),
        members_(std::move(members)),
        options_(options),
        evaluate_(evaluate),
        bar_(options.progress && is_first()),
        orders_(members_.size()) {
    if (members_.size() != Model::members)
      fail("fit: ", members_.size(), " lists of examples for ", Model::members, " adapters");
    for (const auto& list : members_) {
      if (list.empty()) fail("fit: there is no example to train on");
      examples_ = std::max(examples_, list.size());
    }
    if (options.batch == 0) fail("fit: a batch of 0 examples");
    if ((options.resume || options.checkpoint_every != 0) && options.checkpoint.empty())
      fail("fit: FitOptions::checkpoint names no file to save the run to or to resume it from");
    total_ = options.steps(examples_);
    trainer.schedule_over(total_);
    auto ranks = options.rank_budget;
    if (ranks == RankBudgetOptions{} && !shares_ranks(trainer.slots())) ranks.reset();
    if (ranks && ranks->steps == 0) ranks->steps = total_;
    trainer.share_ranks(ranks);
    started_ = fingerprint();
    settings_ = settings();
  }

  /// Does it all, or goes on from the checkpoint.
  /// \return what the run did \throws Error where the checkpoint is another run's
  FitHistory run() {
    if (options_.resume) resume();
    if (!agree())
      fail("fit: rank ", trainer_.communicator().rank(),
           " has other parameters, examples or settings than another rank");
    while (trainer_.steps() < total_) {
      step();
      if (due()) judge();
      if (options_.checkpoint_every != 0 &&
          (trainer_.steps() % options_.checkpoint_every == 0 || trainer_.steps() == total_) && is_first())
        save();
    }
    if (evaluate_ && !history_.loss_at(total_)) judge();
    history_.kept_step = best_.empty() ? total_ : history_.best_step;
    if (history_.kept_step != total_)
      for (Index i = 0; i < best_.size(); ++i) upload<B>(trainer_.slots()[i].value, std::span<const float>(best_[i]));
    history_.changed = fingerprint() != started_;
    if (trainer_.rank_budget()) history_.kept_ranks = trainer_.rank_budget()->kept();
    return std::move(history_);
  }

 private:
  /// Whether this rank is the one that says and writes what is the same on all.
  [[nodiscard]] bool is_first() const { return trainer_.communicator().rank() == 0; }

  /// This rank's batches of the step that `done` steps came before. The examples of all are the same on however many
  /// ranks; they are dealt out one by one.
  std::vector<Batch> passes_of(Index done) {
    const Index per_epoch = total_ / options_.epochs, epoch = done / per_epoch, within = done % per_epoch;
    std::vector<std::vector<const Example*>> chosen(members_.size());
    std::deque<Example> made;
    for (Index m = 0; m < members_.size(); ++m) {
      if (orders_[m].empty() || within == 0) orders_[m] = shuffled(members_[m].size(), options_.seed, epoch);
      for (Index i = within * options_.batch; i < std::min(examples_, (within + 1) * options_.batch); ++i) {
        if ((i + m) % trainer_.communicator().ranks() != trainer_.communicator().rank()) continue;
        const Index number = orders_[m][i % members_[m].size()];
        chosen[m].push_back(options_.anew ? &made.emplace_back(options_.anew(members_[m][number], number, epoch))
                                          : &members_[m][number]);
      }
    }
    return pack_members(chosen, options_.micro_tokens);
  }

  void step() {
    const auto passes = passes_of(trainer_.steps());
    for (const Batch& pass : passes)
      history_.most_pass_tokens = std::max(history_.most_pass_tokens, pass.tokens.size());
    const auto began = std::chrono::steady_clock::now();
    const StepReport report = trainer_.step(passes);
    history_.seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    history_.timed_tokens += report.tokens;
    history_.tokens += report.tokens;
    history_.losses.push_back(report.loss);
    bar_.update(report.step, total_, report.loss, report.tokens);
  }

  /// Whether parameters are evaluated on the way, and not at the end alone.
  [[nodiscard]] bool judges() const { return evaluate_ && options_.evaluate_every != 0; }
  [[nodiscard]] bool due() const {
    const Index at = trainer_.steps();
    return judges() && at != 0 && at != total_ && at % options_.evaluate_every == 0 && !history_.loss_at(at);
  }
  void judge() {
    const Evaluation now{trainer_.steps(), evaluate_()};
    const auto best = history_.loss_at(history_.best_step);
    history_.evaluations.push_back(now);
    // of more ranks than the run is to end with
    if (trainer_.rank_budget() && !trainer_.rank_budget()->is_at_target(now.step)) return;
    if (best && !(now.loss < *best) && !std::isnan(*best)) return;
    history_.best_step = now.step;
    if (!options_.keep_best || !judges()) return;
    best_.clear();
    for (const auto& slot : trainer_.slots()) best_.push_back(download<B>(slot.value, slot.size));
  }

  /// Of all trained parameters.
  [[nodiscard]] std::uint64_t fingerprint() const {
    Fingerprint all;
    for (const auto& slot : trainer_.slots()) all.add(download<B>(slot.value, slot.size));
    return all.value();
  }

  [[nodiscard]] Notes settings() const {
    Notes all = options_.settings;
    const auto set = [&all](const std::string& name, auto value) { all[name] = noted(value); };
    all["model"] = type_name<Model>();
    all["optimizer"] = type_name<O>();
    for (Index m = 0; m < members_.size(); ++m)
      all[m == 0 ? "examples" : "examples of adapter " + noted(m)] = in_few_words(members_[m]);
    set("batch", options_.batch);
    set("tokens of a pass", options_.micro_tokens);
    set("seed", options_.seed);
    set("seed of dropout", trainer_.options().seed);
    set("largest norm of the gradient", trainer_.options().clip_norm);
    trainer_.optimizer().each_setting(set);
    if (Model::trunk_blocks > 0) set("bytes for the trunk's outputs", trainer_.options().trunk_cache_bytes);
    if (auto& evaluation = all["evaluation"]; judges())
      evaluation = "every " + noted(options_.evaluate_every) + " steps" +
                   (options_.keep_best ? ", keeping the best" : "") + (evaluation.empty() ? "" : ", of ") + evaluation;
    else all.erase("evaluation");
    if (trainer_.rank_budget()) all["rank budget"] = trainer_.rank_budget()->text();
    return all;
  }

  /// Whether all ranks begin with the same parameters, and train them in the same way.
  bool agree() {
    Fingerprint all;
    all.add_word(fingerprint());
    for (const auto& [name, value] : settings_) {
      all.add(name.data(), name.size());
      all.add(value.data(), value.size());
    }
    return same_on_all(trainer_.communicator(), all.value());
  }

  void save() {
    Notes notes{{"losses", noted(history_.losses)},
                {"tokens", noted(history_.tokens)},
                {"most_pass_tokens", noted(history_.most_pass_tokens)},
                {"best_step", noted(history_.best_step)},
                {"started", noted(started_)}};
    std::vector<double> evaluations;
    for (const auto& e : history_.evaluations)
      evaluations.insert(evaluations.end(), {static_cast<double>(e.step), e.loss});
    notes["evaluations"] = noted(evaluations);
    const Schedule& schedule = trainer_.schedule();
    notes["schedule"] = schedule_name(schedule);
    notes["schedule.warmup"] = noted(schedule.warmup_steps());
    notes["schedule.total"] = noted(schedule.total);
    for (const auto& [name, value] : settings_) notes["with." + name] = value;
    std::vector<NamedTensor> more;
    for (Index i = 0; i < best_.size(); ++i)
      more.push_back({"best." + trainer_.slots()[i].path, {best_[i].size()}, best_[i]});
    save_checkpoint(trainer_, options_.checkpoint, std::move(notes), std::move(more));
  }

  void resume() {
    const auto path = options_.checkpoint.string();
    if (!std::filesystem::exists(options_.checkpoint))
      return bar_.say("there is no " + path + " yet: the run starts at its beginning");
    const CheckpointFile file(options_.checkpoint);
    refuse_another(file);
    file.restore(trainer_);
    history_.losses = file.numbers("losses");
    history_.tokens = file.number("tokens");
    history_.most_pass_tokens = file.number("most_pass_tokens");
    history_.resumed_at = trainer_.steps();
    started_ = file.number("started");
    if (judges()) {
      history_.best_step = file.number("best_step");
      const auto evaluations = file.numbers("evaluations");
      for (Index i = 0; i + 1 < evaluations.size(); i += 2)
        history_.evaluations.push_back({static_cast<Index>(evaluations[i]), evaluations[i + 1]});
      for (const auto& slot : trainer_.slots())
        if (file.has("best." + slot.path)) best_.push_back(file.floats("best." + slot.path, slot.size));
    }
    bar_.say("resumed at step " + noted(trainer_.steps()) + " of " + noted(total_));
    if constexpr (Model::trunk_blocks > 0)
      for (Index done = 0; trainer_.trunk_cache() && done < trainer_.steps(); ++done)
        trainer_.remember(passes_of(done));
    if (due()) judge();  // where what is now on the way was the end
  }

  /// A run goes on under the settings that its steps were taken under. Epochs may be others, where no step would have
  /// been, and evaluation may end.
  void refuse_another(const CheckpointFile& file) const {
    if (file.note("schedule").empty()) fail(file.source(), " is no checkpoint of a run of fit()");
    std::string differ;
    const auto compare = [&differ](const std::string& name, const std::string& then, const std::string& now) {
      if (then != now)
        differ += (differ.empty() ? "" : ", ") + name + " " + (then.empty() ? "none" : then) + " (now " +
                  (now.empty() ? "none" : now) + ")";
    };
    for (const auto& [name, now] : settings_) compare(name, file.note("with." + name), now);
    for (const auto& [key, then] : file.notes())
      if (key.starts_with("with.") && key != "with.evaluation" && !settings_.contains(key.substr(5)))
        compare(key.substr(5), then, "");
    const Schedule then{schedule_kind(file.note("schedule")), file.number("schedule.warmup"),
                        file.number("schedule.total")};
    const Schedule& now = trainer_.schedule();
    const Index done = file.number("step");
    Index same = 0;
    while (same < done && then.factor(same) == now.factor(same)) ++same;
    if (same < done) {
      compare("schedule", std::string(schedule_name(then)), std::string(schedule_name(now)));
      compare("steps of warm-up", noted(then.warmup_steps()), noted(now.warmup_steps()));
      if (then.kind != Schedule::Kind::constant || now.kind != Schedule::Kind::constant)
        compare("steps of the run", noted(then.total), noted(now.total));
    }
    if (!differ.empty())
      fail(file.source(), ": the steps of this run were taken under other settings: ", differ,
           "; resume it under those, or start another run in a folder of its own");
    if (done > total_)
      fail(file.source(), ": this run is at step ", done, " already, and ", total_,
           " are asked for: give it as many epochs as it had, or more");
  }

  Trainer<Model, O, C>& trainer_;
  Members members_;
  const FitOptions& options_;
  const std::function<double()>& evaluate_;
  ProgressBar bar_;
  Index examples_ = 0, total_ = 0;
  std::uint64_t started_ = 0;  ///< fingerprint of the parameters before the first step
  Notes settings_;
  FitHistory history_;
  std::vector<std::vector<float>> best_;  ///< parameters of the best evaluation so far
  std::vector<std::vector<Index>> orders_;
};

/// Trains every adapter of a bank on examples of its own, `batch` of each at a step. Epochs are those of the longest
/// list; a shorter one begins again within them.
/// \param trainer  takes the steps
/// \param members  a list of examples for each adapter
/// \param options  epochs, batches, checkpoints, evaluation
/// \param evaluate the loss of held-out examples, in nats; none: the last parameters stay
/// \return losses step by step, evaluations, and what the run took
/// \throws Error where there is no example, one does not fit the model, or the checkpoint is another run's
template <class Model, class O, class C>
FitHistory fit(Trainer<Model, O, C>& trainer, std::span<const std::span<const Example>> members,
               const FitOptions& options, const std::function<double()>& evaluate = nullptr) {
  return FitRun<Trainer<Model, O, C>>(trainer, {members.begin(), members.end()}, options, evaluate).run();
}

/// Trains on `examples`. `evaluate`, if given, returns the loss by which parameters are judged.
/// \param trainer  takes the steps
/// \param examples in any order; it is drawn anew in each epoch
/// \param options  epochs, batches, checkpoints, evaluation
/// \param evaluate the loss of held-out examples, in nats; none: the last parameters stay
/// \return losses step by step, evaluations, and what the run took
/// \throws Error where there is no example, one does not fit the model, or the checkpoint is another run's
template <class Model, class O, class C>
FitHistory fit(Trainer<Model, O, C>& trainer, std::span<const Example> examples, const FitOptions& options,
               const std::function<double()>& evaluate = nullptr) {
  return fit(trainer, std::span<const std::span<const Example>>(&examples, 1), options, evaluate);
}

}  // namespace graft
