/// \file
/// One optimizer step: the loss of a batch, its gradient, clipping, the update.
#pragma once

#include <graft/autodiff/tape.hpp>
#include <graft/core/function_ref.hpp>
#include <graft/core/path.hpp>
#include <graft/layers/attention_context.hpp>
#include <graft/models/admitted.hpp>
#include <graft/train/adamw.hpp>
#include <graft/train/schedule.hpp>
#include <graft/train/trunk_cache.hpp>

#include <array>
#include <cmath>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace graft {

struct TrainerOptions {
  Schedule schedule{};
  float clip_norm = 1.0F;   ///< the gradient's norm over all parameters is cut to this; 0 leaves it
  std::uint64_t seed = 0;   ///< what dropout draws from
  Index trunk_cache_bytes = 0;  ///< memory for what frozen blocks below everything trained yield, kept between epochs
};

/// What one step did.
struct StepReport {
  Index step = 0, tokens = 0, targets = 0;
  double loss = 0;  ///< mean over all supervised tokens of the step, and what the method adds to it
  float gradient_norm = 0, learning_rate_factor = 0;
};

/// Trains the parameters that the model's method made trainable, and holds nothing for the others.
/// The model must outlive the trainer and must not move.
template <class Model, Optimizer O = AdamW>
class Trainer {
 public:
  using backend = typename Model::backend;
  static_assert(Model::trainable_parameters > 0,
                "graft: this model's method trains nothing: check that the sites of On<...> and the range of Blocks<...> exist in the architecture");

  struct Slot {
    std::string path;
    Pointer<backend> value, gradient;
    Index size, member;  ///< member: of a bank of adapters
    Buffer<backend> state;
    decltype(std::declval<const O&>().settings_for(std::string())) settings;
  };

  Trainer(Model& model, O optimizer = {}, TrainerOptions options = {}) : model_(&model), optimizer_(std::move(optimizer)), options_(options), schedule_(options.schedule.over(0)) {
    workspace_.random.seed = options.seed;
    if (has_trunk && options.trunk_cache_bytes > 0) trunk_.emplace(model, options.trunk_cache_bytes);
    Model::visit(model, [this](const Path& path, auto& p) {
      if constexpr (std::remove_cvref_t<decltype(p)>::trainable) {
        constexpr Index size = std::remove_cvref_t<decltype(p)>::size / members;  // members lie one behind the other
        for (Index m = 0; m < members; ++m) {
          const std::string name = members == 1 ? path.str() : "member." + std::to_string(m) + "." + path.str();
          Slot slot{name, p.value() + m * size, p.gradient() + m * size, size, m, Buffer<backend>(O::state_floats(size) * sizeof(float)), optimizer_.settings_for(name)};
          launch<backend>([state = slot.state.template as<float>()](auto on) { fill(state, O::state_floats(size), 0.0F, on); });
          slots_.push_back(std::move(slot));
        }
      }
    });
  }

  /// What runs when parameters are updated and gradients are still there; see train/rank_budget.hpp.
  using AfterUpdate = FunctionRef<void()>;

  StepReport step(const Batch& batch, AfterUpdate after = nothing) { return step(std::span<const Batch>(&batch, 1), after); }

  /// One optimizer step over micro-batches whose gradients are added up. The loss is one mean over the supervised
  /// tokens of all of them, however they are spread.
  StepReport step(std::span<const Batch> micro_batches, AfterUpdate after = nothing) {
    return with_prepared(micro_batches, [&](std::span<const Batch> prepared) { return step_of_prepared(prepared, after); });
  }

  /// Keeps what the trunk yields for these batches as a step over them would have kept it: a resumed run does so for the steps that it does not repeat.
  void remember(std::span<const Batch> micro_batches) {
    if constexpr (has_trunk)
      with_prepared(micro_batches, [this](std::span<const Batch> prepared) {
        Workspace<backend> workspace;
        for (const Batch& batch : prepared) {
          if (!trunk_ || batch.targets.empty()) continue;
          workspace.reset();
          Inference<backend> tape(workspace);
          trunk_->remember(tape, batch, place(tape, batch));
        }
      });
  }

  /// Adds share · d(loss sum)/dp to every gradient and returns the loss sum. `step` calls it; tests and other
  /// optimizers may. requires: the batch is `Model::prepared`, if the model has a soft prompt
  double gradient(const Batch& batch, float share) {
    workspace_.reset();
    Tape<backend> tape(workspace_);
    const auto placed = place(tape, batch);
    const auto loss = [&] {
      if constexpr (has_trunk)
        if (trunk_.has_value()) return model_->loss(tape, placed, (*trunk_)(tape, batch, placed));
      return model_->loss(tape, placed);
    }();
    const double sum = static_cast<double>(download<backend>(loss.data));
    tape.backward(loss, share);
    return sum;
  }

  /// Adds the gradient of what the method adds to the mean loss (AdaLoRA's orthogonality), and returns its value. `step` calls it.
  double regularize() {
    Index terms = 0;
    double sum = 0;
    float weight = 0;
    const auto each = [this](const auto& f) {
      Model::each_site(*model_, [&f]<class L>(auto, const Path&, L& layer) {
        if constexpr (offers_of<L>.penalties > 0) f(layer);
      });
    };
    each([&]<class L>(const L&) {
      terms += offers_of<L>.penalties;
      weight = L::method::penalty_weight;
    });
    each([&]<class L>(const L& layer) {
      workspace_.reset();
      Tape<backend> tape(workspace_);
      if constexpr (!L::of_weights.nothing) {  // a layer of rank 0 has no penalty, and counts
        const auto penalty = layer.weights.penalty(tape);
        sum += static_cast<double>(download<backend>(penalty.data));
        tape.backward(penalty, weight / static_cast<float>(terms));
      }
    });
    return terms == 0 ? 0.0 : static_cast<double>(weight) * sum / static_cast<double>(terms);
  }

  void clear_gradients() {
    for (auto& slot : slots_) launch<backend>([&slot](auto on) { fill(slot.gradient, slot.size, 0.0F, on); });
  }

  [[nodiscard]] Index steps() const { return steps_; }
  void set_steps(Index steps) { steps_ = steps; }
  [[nodiscard]] const Schedule& schedule() const { return schedule_; }
  /// Tells a schedule that does not state it how many steps the run has. `fit` calls it.
  void schedule_over(Index steps) { schedule_ = options_.schedule.over(steps); }
  [[nodiscard]] std::vector<Slot>& slots() { return slots_; }
  [[nodiscard]] Workspace<backend>& workspace() { return workspace_; }
  [[nodiscard]] const O& optimizer() const { return optimizer_; }
  [[nodiscard]] const TrainerOptions& options() const { return options_; }
  [[nodiscard]] Model& model() { return *model_; }

  /// The outputs of the trunk that are kept, if any are.
  [[nodiscard]] auto& trunk_cache() { return trunk_; }

 private:
  static constexpr auto nothing = [] {};

  /// f(batches), as the model wants to read them.
  template <class F>
  static auto with_prepared(std::span<const Batch> batches, const F& f) {
    if constexpr (Model::prepares) {
      std::vector<Batch> prepared;
      for (const Batch& batch : batches) prepared.push_back(admitted<Model>(batch));
      return f(prepared);
    } else {
      for (const Batch& batch : batches) static_cast<void>(admitted<Model>(batch));
      return f(batches);
    }
  }

  StepReport step_of_prepared(std::span<const Batch> micro_batches, AfterUpdate after) {
    StepReport report{.step = steps_ + 1};
    std::array<Index, members> targets{};
    for (const Batch& batch : micro_batches) {
      report.tokens += batch.logical_tokens;
      report.targets += batch.targets.size();
      count_targets(batch, targets);
    }
    if (report.targets == 0) fail("step ", report.step, ": no token of this batch is supervised, so there is no loss; are the completions empty, or cut off by the length limit?");
    const float share = 1.0F / static_cast<float>(report.targets);
    for (const Batch& batch : micro_batches)
      if (!batch.targets.empty()) report.loss += gradient(batch, share) / static_cast<double>(report.targets);
    report.loss += regularize();
    // Every adapter of a bank has a mean loss of its own, a norm of its own, a step of its own.
    std::array<float, members> scales{};
    for (Index m = 0; m < members; ++m) {
      if (targets[m] == 0) continue;
      scales[m] = static_cast<float>(report.targets) / static_cast<float>(targets[m]);
      const float norm = scales[m] * gradient_norm(m);
      if (!(norm <= report.gradient_norm)) report.gradient_norm = norm;
      if (options_.clip_norm > 0 && norm > options_.clip_norm) scales[m] *= options_.clip_norm / (norm + 1e-6F);
    }
    if (!std::isfinite(report.loss) || !std::isfinite(report.gradient_norm)) {
      clear_gradients();
      fail("step ", report.step, ": the loss is ", report.loss, " and the gradient's norm ", report.gradient_norm,
           "; the parameters are left as they were. A lower learning rate or a longer warm-up usually helps");
    }
    report.learning_rate_factor = schedule_.factor(steps_);
    ++steps_;
    if constexpr (requires { optimizer_.precondition(*model_); }) optimizer_.precondition(*model_);
    for (auto& slot : slots_) {
      if (targets[slot.member] == 0) continue;
      optimizer_.template update<backend>({.value = slot.value, .gradient = slot.gradient, .state = slot.state.template as<float>(), .size = slot.size,
                                           .step = steps_, .rate_factor = report.learning_rate_factor, .gradient_scale = scales[slot.member]}, slot.settings);
    }
    after();
    clear_gradients();
    return report;
  }

  static constexpr Index members = Model::members;
  /// Whether there is anything to keep between epochs.
  static constexpr bool has_trunk = Model::trunk_blocks > 0;

  static void count_targets(const Batch& batch, std::array<Index, members>& counts) {
    if (batch.target_owners.empty() || Model::activates) {
      counts[0] += batch.targets.size();
      return;
    }
    for (const Id member : batch.target_owners) ++counts[static_cast<Index>(member)];
  }

  float gradient_norm(Index member) {
    const auto sum = scalar_.template as<float>();
    launch<backend>([&](auto on) {
      fill(sum, 1, 0.0F, on);
      for (const auto& slot : slots_)
        if (slot.member == member) add_squares(sum, slot.gradient, slot.size, on);
    });
    return std::sqrt(download<backend>(sum));
  }

  Model* model_;
  O optimizer_;
  TrainerOptions options_;
  Schedule schedule_;
  Workspace<backend> workspace_;
  std::vector<Slot> slots_;
  Buffer<backend> scalar_{sizeof(float)};
  std::optional<TrunkCache<Model>> trunk_;
  Index steps_ = 0;
};

}  // namespace graft
