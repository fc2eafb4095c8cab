/// \file
/// One optimizer step: gradients are added up, then over ranks; their norm is cut, and the optimizer updates what is
/// trained.
#pragma once

#include <graft/autodiff/tape.hpp>
#include <graft/core/function_ref.hpp>
#include <graft/layers/attention_context.hpp>
#include <graft/models/parts/admitted.hpp>
#include <graft/peft/contract/offers.hpp>
#include <graft/train/batch_loss.hpp>
#include <graft/train/communicator.hpp>
#include <graft/train/kept_losses.hpp>
#include <graft/train/optimizers/adamw.hpp>
#include <graft/train/penalties.hpp>
#include <graft/train/rank_budget.hpp>
#include <graft/train/schedule.hpp>
#include <graft/train/step_scales.hpp>
#include <graft/train/trainee.hpp>
#include <graft/train/trunk_cache.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <concepts>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace graft {

/// How a trainer takes steps, whatever the optimizer.
struct TrainerOptions {
  Schedule schedule{};
  float clip_norm = 1.0F;       ///< the gradient's norm over all parameters is cut to this; 0 leaves it
  std::uint64_t seed = 0;       ///< what dropout draws from
  Index trunk_cache_bytes = 0;  ///< memory for what frozen blocks below everything trained yield, kept between epochs
};

/// What one step did, on all ranks together.
struct StepReport {
  Index step = 0, tokens = 0, targets = 0;
  double loss = 0;  ///< mean over all supervised tokens of the step, and what the method adds to it
  /// the norm before it was cut; what the schedule made of the learning rate
  float gradient_norm = 0, learning_rate_factor = 0;
};

/// Trains the parameters that the method of a model or of a lone layer made trainable, and holds nothing for the
/// others. Their gradients lie end to end. What is trained must outlive the trainer and must not move, and one trainer
/// at a time trains it. C: the other ranks, if there are any (docs/communicators.md); a trainer of each, of the same
/// parameters, does the same steps on other examples.
template <class M, class O = AdamW, class C = Alone>
class Trainer {
  static constexpr bool optimizes = Optimizer<O>, communicates = Communicator<C>;
  static_assert(optimizes,
                "graft: an optimizer has suit(rate), state_floats(size), settings_for(path), each_setting(f), "
                "precondition(model, on) and update(Update<B>, settings), all six; see docs/optimizers.md");
  static_assert(communicates,
                "graft: a communicator has rank(), ranks(), sum(floats, count, B{}) and sum(numbers), all four; see "
                "docs/communicators.md");
  using Learner = Trainee<M>;
  static constexpr Index members = Learner::members;
  /// Every adapter of a bank has a mean loss of its own, a norm of its own, a step of its own; and so has what all of
  /// them train.
  static constexpr Index groups = members == 1 ? 1 : members + 1;

 public:
  using backend = typename M::backend;
  /// The optimizer's settings of one parameter.
  using Settings = decltype(std::declval<const O&>().settings_for(std::string()));

  /// A trained parameter and what is kept beside it.
  struct Slot {
    std::string path;  ///< its name in the model
    Pointer<backend> value, gradient;
    Index size, group;      ///< group: what is clipped and stepped together
    Buffer<backend> state;  ///< the optimizer's, zero before the first step
    Settings settings;
  };

  /// What a rank's gradients were added up over: `share` of each was 1 / (all targets).
  struct Accumulated {
    std::array<Index, members> targets{};  ///< of each member of a bank
    Index tokens = 0;
    double loss = 0;  ///< mean over all targets of this rank

    /// Targets of all members.
    [[nodiscard]] Index all_targets() const {
      Index sum = 0;
      for (const Index n : targets) sum += n;
      return sum;
    }
  };

  /// For this model, which must outlive the trainer and must not move.
  /// \param model what is trained \param optimizer how steps follow from gradients \param options schedule, clipping,
  /// seed
  /// \param ranks the other ranks, if any \throws Error where nothing of the model is trained
  Trainer(M& model, O optimizer = {}, TrainerOptions options = {}, C ranks = {})
      : model_(&model),
        optimizer_(std::move(optimizer)),
        options_(options),
        communicator_(std::move(ranks)),
        schedule_(options.schedule.over(0)) {
    resume_at(0, {options.seed, 0});
    optimizer_.suit(default_learning_rate<M>());
    if constexpr (Learner::has_trunk)
      if (options.trunk_cache_bytes > 0) trunk_.emplace(model, options.trunk_cache_bytes);
    lay_gradients();
    each_trained([this]<class P>(const Path& path, P& p) {
      constexpr Index size = P::size / P::members;  // members lie one behind the other
      for (Index m = 0; m < P::members; ++m) {
        const std::string name = P::members == 1 ? path.str() : "member." + std::to_string(m) + "." + path.str();
        Slot slot{name,
                  p.value() + m * size,
                  p.gradient() + m * size,
                  size,
                  P::members == 1 ? groups - 1 : m,
                  Buffer<backend>(O::state_floats(size) * sizeof(float)),
                  optimizer_.settings_for(name)};
        launch<backend>(
            [state = slot.state.template as<float>()](auto on) { fill(state, O::state_floats(size), 0.0F, on); });
        slots_.push_back(std::move(slot));
      }
    });
    if (slots_.empty()) fail("Trainer: nothing of this layer is trained");
  }

  StepReport step(const Batch& batch) { return step(std::span<const Batch>(&batch, 1)); }

  /// One optimizer step over micro-batches whose gradients are added up. The loss is one mean over the supervised
  /// tokens of all of them, however they are spread, and on however many ranks.
  StepReport step(std::span<const Batch> micro_batches) {
    return step_over(micro_batches, [this](const Batch& batch) { return loss_of(batch); });
  }

  /// The same under a loss of your own: `loss(tape, model, placed)` is a Var<B, 1>, the sum over the targets of a
  /// placed batch.
  template <BatchLoss<M> Loss>
  StepReport step(std::span<const Batch> micro_batches, const Loss& loss) {
    return step_over(micro_batches, [&](const Batch& batch) { return loss_of(batch, loss); });
  }
  template <BatchLoss<M> Loss>
  StepReport step(const Batch& batch, const Loss& loss) {
    return step(std::span<const Batch>(&batch, 1), loss);
  }

  /// The same for what reads no batch: `loss(tape)` is the sum over so many targets, or none on this rank. What a
  /// method adds to the loss of a model's batches (AdaLoRA) is not added here.
  template <std::invocable<Tape<backend>&> Loss>
  StepReport step(const Loss& loss, Index targets = 1) {
    if (targets == 0) return apply(0, 0.0);
    const auto count = static_cast<double>(targets);
    return apply(targets, accumulate(loss, 1.0F / static_cast<float>(targets)) / count);
  }

  /// Keeps what the trunk yields for these batches as a step over them would have kept it: a resumed run does so for
  /// the steps that it does not repeat.
  void remember(std::span<const Batch> micro_batches) {
    if constexpr (Learner::has_trunk)
      with_prepared(micro_batches, [this](std::span<const Batch> prepared) {
        Workspace<backend> workspace;
        for (const Batch& batch : prepared) {
          if (!trunk_ || batch.targets.empty()) continue;
          workspace.reset();
          Inference<backend> tape(workspace);
          trunk_->remember(tape, batch, place(tape, batch));
        }
        if (trunk_) trunk_->settle(workspace.on);
      });
  }

  /// Adds share · d(loss)/dp to every gradient and returns the loss, `loss(tape)`: the first half of a step, for hosts
  /// that do the rest themselves or by `apply`.
  template <std::invocable<Tape<backend>&> Loss>
  double accumulate(const Loss& loss, float share = 1.0F) {
    losses_.clear();
    pass(loss, share);
    settle_trunk();
    return static_cast<double>(losses_.take(workspace_.on)[0]);
  }
  /// The same of the model's own loss of a batch, or of another.
  /// requires: the batch is `Model::prepared`, if the model has a soft prompt
  double gradient(const Batch& batch, float share) { return accumulate(loss_of(batch), share); }
  template <BatchLoss<M> Loss>
  double gradient(const Batch& batch, float share, const Loss& loss) {
    return accumulate(loss_of(batch, loss), share);
  }
  /// The same of what the method adds to the mean loss (AdaLoRA's orthogonality). `step` does so by itself.
  double regularize() {
    losses_.clear();
    const Penalties penalties = pass_penalties();
    return penalties.mean(losses_.take(workspace_.on));
  }

  /// The last half of a step: adds up over ranks what was accumulated, cuts the norm, updates, and clears the
  /// gradients. `step` calls it; a host that seeds the backward pass itself (`Tape::backward(y, dy)`) does: gradients
  /// are then those of a mean over `targets` on this rank.
  /// \throws Error on every rank where there are no targets at all, or the loss or the gradient is not finite;
  /// parameters are then as they were
  StepReport apply(Index targets = 1,
                   double loss = 0)
    requires(members == 1)  // of a bank: apply(Accumulated), which says whose targets they are
  {
    Accumulated own{.loss = loss};
    own.targets[0] = targets;
    return apply(own);
  }
  /// The same of several members' targets.
  StepReport apply(const Accumulated& own) {
    launch(workspace_.on, [healthy = scales_.healthy(),
                           judged = std::isfinite(own.loss) ? 1.0F : std::numeric_limits<float>::quiet_NaN()](auto on) {
      fill(healthy, 1, judged, on);
    });
    return finish(own, [&own] { return own.loss; });
  }

  /// Forgets the gradients that were added up.
  void clear_gradients() {
    launch(workspace_.on, [this](auto on) { fill(gradients_.data(), gradient_floats_, 0.0F, on); });
  }

  /// Lets the ranks of AdaLoRA fall as steps are taken from now on; nothing: they stay. `fit` calls it.
  void share_ranks(const std::optional<RankBudgetOptions>& options) {
    rank_budget_.reset();
    if (options) rank_budget_.emplace(slots_, *options);
  }
  /// The budget of ranks, if there is one.
  [[nodiscard]] std::optional<RankBudget<backend>>& rank_budget() { return rank_budget_; }

  [[nodiscard]] Index steps() const { return steps_; }
  [[nodiscard]] const Schedule& schedule() const { return schedule_; }
  /// Tells a schedule that does not state it how many steps the run has. `fit` calls it.
  void schedule_over(Index steps) { schedule_ = options_.schedule.over(steps); }
  /// So many steps are done, and the streams of random numbers stand at `random` (`random()`), wherever they stood.
  void resume_at(Index steps, RandomKey random) {
    steps_ = steps;
    stream_ = random.stream;
    workspace_.random = {random.seed, stream_ + lane()};
  }
  /// Between steps: where the streams of random numbers stand, the same on every rank.
  [[nodiscard]] RandomKey random() const { return {workspace_.random.seed, workspace_.random.stream - lane()}; }

  [[nodiscard]] std::vector<Slot>& slots() { return slots_; }
  [[nodiscard]] Workspace<backend>& workspace() { return workspace_; }
  [[nodiscard]] const O& optimizer() const { return optimizer_; }
  [[nodiscard]] C& communicator() { return communicator_; }
  [[nodiscard]] const TrainerOptions& options() const { return options_; }
  [[nodiscard]] M& model() { return *model_; }

  /// The outputs of the trunk that are kept, if any are.
  [[nodiscard]] auto& trunk_cache() { return trunk_; }

 private:
  struct NoTrunk {};
  template <class Model>
  struct TrunkOf {
    using type = std::optional<NoTrunk>;
  };
  template <WholeModel Model>
  struct TrunkOf<Model> {
    using type = std::optional<TrunkCache<Model>>;
  };

  /// f(path, parameter) for every trained one.
  template <class F>
  void each_trained(const F& f) {
    Learner::visit(*model_, IfTrained{f});
  }

  /// Into one range, unless they lie in one already, which another trainer of the same made.
  void lay_gradients() {
    std::vector<PlacedGradient<backend>> all;
    each_trained(PlacedGradients<backend>{all});
    for (const auto& [range, size] : all) gradient_floats_ += size;
    if (!all.empty()) gradients_ = *all[0].range;
    Index at = 0;
    if (std::all_of(all.begin(), all.end(),
                    [&](const auto& one) { return one.range->lies_at(gradients_, std::exchange(at, at + one.size)); }))
      return;
    gradients_ = {};
    for (auto& one : all) *one.range = {};  // so that they are never there twice
    gradients_ = GradientRange<backend>(gradient_floats_);
    at = 0;
    for (auto& one : all) *one.range = gradients_.from(std::exchange(at, at + one.size));
  }

  /// f(batches), as the model wants to read them.
  template <class F>
  static auto with_prepared(std::span<const Batch> batches, const F& f) {
    if constexpr (M::prepares) {
      std::vector<Batch> prepared;
      for (const Batch& batch : batches) prepared.push_back(admitted<M>(batch));
      return f(prepared);
    } else {
      for (const Batch& batch : batches) static_cast<void>(admitted<M>(batch));
      return f(batches);
    }
  }

  /// f(), and no gradients where it throws between passes: they would be part of the next step.
  template <class F>
  auto undone_if_thrown(const F& f) {
    try {
      return f();
    } catch (...) {
      clear_gradients();
      throw;
    }
  }

  /// loss_of_batch(batch): a loss of a tape.
  template <class F>
  StepReport step_over(std::span<const Batch> micro_batches, const F& loss_of_batch) {
    return with_prepared(micro_batches, [&](std::span<const Batch> prepared) {
      Accumulated own;
      for (const Batch& batch : prepared) {
        own.tokens += batch.logical_tokens;
        count_targets(batch, own.targets);
      }
      const Index targets = own.all_targets();
      losses_.clear();
      Index passes = 0;
      const Penalties penalties = undone_if_thrown([&] {
        for (const Batch& batch : prepared) {
          if (batch.targets.empty()) continue;
          pass(loss_of_batch(batch), 1.0F / static_cast<float>(targets));
          ++passes;
        }
        return passes > 0 ? pass_penalties() : Penalties{};
      });
      losses_.judge(scales_.healthy(), workspace_.on);
      return finish(own, [&] {
        const auto losses = losses_.take(workspace_.on);
        double mean = penalties.mean(losses.subspan(passes));
        for (const float loss : losses.first(passes)) mean += static_cast<double>(loss) / static_cast<double>(targets);
        return mean;
      });
    });
  }

  /// The last half of a step. Nothing waits for a number of the backend's before all kernels are under way: whether the
  /// step is taken is in the scale of the gradients, which is not finite where it is not. `loss()`, of this rank, is
  /// asked for last, as is the norm.
  StepReport finish(const Accumulated& own, FunctionRef<double()> loss) {
    Accumulated all = reduced(own);
    StepReport report{.step = steps_ + 1, .tokens = all.tokens, .targets = all.all_targets()};
    typename StepScales<backend, groups>::Numbers weights{};
    for (Index g = 0; g < groups; ++g)
      if (const Index targets = g < members ? all.targets[g] : report.targets; targets != 0)
        weights[g] = static_cast<float>(report.targets) / static_cast<float>(targets);
    scales_.set(slots_, weights, options_.clip_norm, workspace_.on);
    report.learning_rate_factor = schedule_.factor(steps_);
    optimizer_.precondition(*model_, workspace_.on);
    for (auto& slot : slots_) {
      if (weights[slot.group] == 0) continue;
      const Update<backend> update{.value = slot.value,
                                   .gradient = slot.gradient,
                                   .state = slot.state.template as<float>(),
                                   .size = slot.size,
                                   .step = report.step,
                                   .rate_factor = report.learning_rate_factor,
                                   .gradient_scale = scales_.of(slot.group),
                                   .on = workspace_.on};
      optimizer_.update(update, slot.settings);
    }
    report.gradient_norm = scales_.norm(weights, workspace_.on);
    report.loss = mean_over_ranks(loss(), own, all);
    if (!std::isfinite(report.loss) || !std::isfinite(report.gradient_norm)) {
      clear_gradients();
      fail("step ", report.step, ": the loss is ", report.loss, " and the gradient's norm ", report.gradient_norm,
           "; the parameters are left as they were. A lower learning rate or a longer warm-up usually helps");
    }
    ++steps_;
    settle_trunk();
    if (rank_budget_) (*rank_budget_)(steps_);
    clear_gradients();
    return report;
  }

  /// The model's own loss of a batch, on a tape, or one of the user's.
  [[nodiscard]] auto loss_of(const Batch& batch) {
    return [this, &batch](Tape<backend>& tape) {
      const auto placed = place(tape, batch);
      if constexpr (Learner::has_trunk)
        if (trunk_.has_value()) return model_->loss(tape, placed, (*trunk_)(tape, batch, placed));
      return model_->loss(tape, placed);
    };
  }
  template <class Loss>
  [[nodiscard]] auto loss_of(const Batch& batch, const Loss& loss) {
    return [this, &batch, &loss](Tape<backend>& tape) {
      const auto placed = place(tape, batch);
      return loss(tape, *model_, placed);
    };
  }

  /// Forward and backward. The loss stays on the backend: nothing waits for it.
  template <class Loss>
  void pass(const Loss& loss, float share) {
    static_assert(LossValue<std::invoke_result_t<const Loss&, Tape<backend>&>, backend>,
                  "graft: a loss is one number that depends on what is trained: Var<B, 1, Gradient::tracked>");
    workspace_.reset();
    Tape<backend> tape(workspace_);
    const auto value = loss(tape);
    losses_.add(value.data, workspace_.on);
    tape.backward(value, share);
  }

  Penalties pass_penalties() {
    const Penalties all = penalties_of(*model_);
    each_penalized(*model_, [&]<class L>(const L& layer) {
      if constexpr (!L::of_weights.nothing)  // a layer of rank 0 has no penalty, and counts
        pass([&](Tape<backend>& tape) { return layer.weights.penalty(tape); },
             all.weight / static_cast<float>(all.terms));
    });
    return all;
  }

  void settle_trunk() {
    if constexpr (Learner::has_trunk)
      if (trunk_) trunk_->settle(workspace_.on);
  }

  static void count_targets(const Batch& batch, std::array<Index, members>& counts) {
    if (batch.target_owners.empty() || Learner::activates) {
      counts[0] += batch.targets.size();
      return;
    }
    for (const Id member : batch.target_owners) ++counts[static_cast<Index>(member)];
  }

  /// The sums over ranks, gradients included: each rank's mean counts as much as it has targets.
  Accumulated reduced(const Accumulated& own) {
    Accumulated all = own;
    if (communicator_.ranks() > 1) {
      const auto targets = static_cast<double>(own.all_targets());
      std::array<double, members + 2> numbers{};
      for (Index m = 0; m < members; ++m) numbers[m] = static_cast<double>(own.targets[m]);
      auto* const others = numbers.data() + members;
      others[0] = static_cast<double>(own.tokens);
      others[1] = static_cast<double>(workspace_.random.stream - lane() - stream_);
      communicator_.sum(std::span<double>(numbers));
      for (Index m = 0; m < members; ++m) all.targets[m] = static_cast<Index>(numbers[m]);
      all.tokens = static_cast<Index>(others[0]);
      const auto share = static_cast<float>(targets / static_cast<double>(all.all_targets()));
      launch(workspace_.on, [&, at = gradients_.data()](auto on) {
        // A loss that is not finite on one rank is a gradient that is not on all.
        scale_by(at, at, scales_.healthy(), gradient_floats_, false, on);
        scale(at, at, share, gradient_floats_, false, on);
      });
      communicator_.sum(gradients_.data(), gradient_floats_, workspace_.on);
      resume_at(steps_, {workspace_.random.seed, stream_ + static_cast<std::uint64_t>(others[1])});
    }
    if (all.all_targets() == 0) {
      clear_gradients();
      fail("step ", steps_ + 1,
           ": no token of this batch is supervised, so there is no loss; are the completions empty, or cut off by the "
           "length limit?");
    }
    return all;
  }

  /// Where a rank's streams of random numbers begin, behind where all stand: no two ranks draw the same.
  [[nodiscard]] std::uint64_t lane() const { return static_cast<std::uint64_t>(communicator_.rank()) << 40U; }

  /// The mean loss over the targets of all ranks.
  double mean_over_ranks(double loss, const Accumulated& own, const Accumulated& all) {
    if (communicator_.ranks() == 1) return loss;
    double sum = loss * static_cast<double>(own.all_targets());
    communicator_.sum(std::span<double>(&sum, 1));
    return sum / static_cast<double>(all.all_targets());
  }

  M* model_;
  O optimizer_;
  TrainerOptions options_;
  [[no_unique_address]] C communicator_;
  Schedule schedule_;
  Workspace<backend> workspace_;
  GradientRange<backend> gradients_;
  Index gradient_floats_ = 0;
  std::vector<Slot> slots_;
  KeptLosses<backend> losses_;
  StepScales<backend, groups> scales_;
  typename TrunkOf<M>::type trunk_;
  std::optional<RankBudget<backend>> rank_budget_;
  Index steps_ = 0;
  std::uint64_t stream_ = 0;
};

}  // namespace graft
