/// \file
/// AdaLoRA's budget (Zhang et al. 2023): how many singular values all layers keep together, falling from what they
/// start with to what they end with; the least important are set to zero. Importance of a parameter p with gradient g,
/// smoothed over steps t:
///   I = |p g|,   Ī ← β₁ Ī + (1−β₁) I,   U ← β₂ U + (1−β₂) |I − Ī|,   s = Ī U
/// and of the triplet r:   s(e[r]) + mean s(A[r,:]) + mean s(B[:,r])
#pragma once

#include <graft/core/buffer.hpp>
#include <graft/core/error.hpp>
#include <graft/core/function_ref.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <string>
#include <vector>

namespace graft {

/// Where and when ranks are dropped; by default as in PEFT, whose names these are in brackets.
struct RankBudgetOptions {
  Index target_rank = 8;  ///< [target_r] of a layer on average, at the end; one that begins with less keeps it
  Index warm_up = 0;      ///< [tinit] steps before the budget falls
  Index final_steps = 0;  ///< [tfinal] steps at the end in which it no longer does
  Index interval = 1;     ///< [deltaT] the least important are dropped every so many steps
  Index steps = 0;        ///< [total_step] of the whole training; 0: what `fit` runs
  float beta_1 = 0.85F, beta_2 = 0.85F;  ///< how much of the means of importance and of its spread is kept in a step

  bool operator==(const RankBudgetOptions&) const = default;
};

/// Whether there are ranks to share out among what is trained.
template <class Slots>
bool shares_ranks(const Slots& slots) {
  return std::any_of(slots.begin(), slots.end(), [](const auto& slot) { return slot.path.ends_with(".lora_E"); });
}

/// `trainer.share_ranks({.target_rank = 4, .steps = 100})`, or `FitOptions::rank_budget`: a part of every step of a
/// trainer, and of its checkpoints.
template <class B>
class RankBudget {
  /// A, B or E of a layer.
  struct Factor {
    std::string path;  ///< its name in the model
    Pointer<B> value, gradient;
    Index size;
    std::vector<float> importance, uncertainty;
    [[nodiscard]] float score(Index i) const { return importance[i] * uncertainty[i]; }
  };
  struct Layer {
    std::array<Factor, 3> factors;
    [[nodiscard]] const Factor& e() const { return factors[2]; }
  };

 public:
  /// \throws Error where no steps are left to drop ranks in, or nothing is there to drop
  template <class Slots>
  RankBudget(const Slots& slots, const RankBudgetOptions& options)
      : options_(options), falls_until_(options.steps - options.final_steps) {
    if (options.final_steps > options.steps || falls_until_ <= options.warm_up)
      fail("RankBudget: ", options.steps, " steps leave none between ", options.warm_up, " of warm-up and ",
           options.final_steps, " at the end");
    if (options.interval == 0) fail("RankBudget: an interval of 0 steps");
    if (!shares_ranks(slots))
      fail("RankBudget: nothing that is trained has ranks to share out; the model has no AdaLoRA<N>");
    const auto factor = [&slots](Index i) {
      const auto& s = slots[i];
      return Factor{
          s.path, s.value, s.gradient, s.size, std::vector<float>(s.size, 0.0F), std::vector<float>(s.size, 0.0F)};
    };
    for (Index i = 0; i < slots.size(); ++i) {
      // behind A and B, in the order of the layer's visit
      if (!slots[i].path.ends_with(".lora_E") || slots[i].size == 0) continue;
      layers_.push_back({{factor(i - 2), factor(i - 1), factor(i)}});
      initial_ += slots[i].size;
    }
    target_ = std::min(initial_, options.target_rank * layers_.size());
  }

  /// Singular values kept after a step.
  [[nodiscard]] Index budget(Index step) const {
    if (step <= options_.warm_up) return initial_;
    if (step > falls_until_) return target_;
    const double left =
        1.0 - static_cast<double>(step - options_.warm_up) / static_cast<double>(falls_until_ - options_.warm_up);
    return static_cast<Index>(static_cast<double>(initial_ - target_) * left * left * left +
                              static_cast<double>(target_));
  }
  /// Whether a step leaves as many as the last does.
  [[nodiscard]] bool is_at_target(Index step) const { return budget(step) == target_; }
  /// The whole of it in words.
  [[nodiscard]] std::string text() const {
    return "from " + std::to_string(initial_) + " to " + std::to_string(target_) + " singular values in steps " +
           std::to_string(options_.warm_up + 1) + " to " + std::to_string(falls_until_) + " of " +
           std::to_string(options_.steps) +
           (options_.interval == 1 ? "" : ", at every " + std::to_string(options_.interval));
  }

  /// After the update of a step, while its gradients are there.
  void operator()(Index step) {
    if (step < falls_until_) gather();
    const Index keep = budget(step);
    if (keep < initial_ && (step >= falls_until_ || step % options_.interval == 0)) drop(keep);
  }

  /// Singular values that are not zero, all layers together.
  [[nodiscard]] Index kept() const {
    Index count = 0;
    for (const Layer& layer : layers_)
      for (const float e : download<B>(layer.e().value, layer.e().size)) count += e != 0.0F ? 1 : 0;
    return count;
  }

  /// What it has gathered, for a checkpoint and back: calls f(name, values).
  void each_gathered(FunctionRef<void(const std::string&, std::vector<float>&)> f) {
    for (Layer& layer : layers_)
      for (Factor& factor : layer.factors) {
        f("importance." + factor.path, factor.importance);
        f("uncertainty." + factor.path, factor.uncertainty);
      }
  }

 private:
  void gather() {
    for (Layer& layer : layers_)
      for (Factor& factor : layer.factors) {
        const auto p = download<B>(factor.value, factor.size), g = download<B>(factor.gradient, factor.size);
        auto &importance = factor.importance, &uncertainty = factor.uncertainty;
        for (Index i = 0; i < p.size(); ++i) {
          const float now = std::abs(p[i] * g[i]);
          importance[i] = options_.beta_1 * importance[i] + (1.0F - options_.beta_1) * now;
          uncertainty[i] = options_.beta_2 * uncertainty[i] + (1.0F - options_.beta_2) * std::abs(now - importance[i]);
        }
      }
  }

  void drop(Index keep) {
    std::vector<std::vector<float>> scores;
    std::vector<float> all;
    for (const Layer& layer : layers_) {
      const auto& [a, b, e] = layer.factors;
      const Index rank = e.size, in = a.size / rank, out = b.size / rank;
      auto& of_layer = scores.emplace_back(rank);
      for (Index r = 0; r < rank; ++r) {
        float of_a = 0, of_b = 0;
        for (Index i = 0; i < in; ++i) of_a += a.score(r * in + i);
        for (Index o = 0; o < out; ++o) of_b += b.score(o * rank + r);
        of_layer[r] = e.score(r) + of_a / static_cast<float>(in) + of_b / static_cast<float>(out);
        all.push_back(of_layer[r]);
      }
    }
    const auto threshold = all.begin() + static_cast<std::ptrdiff_t>(initial_ - keep - 1);
    std::nth_element(all.begin(), threshold, all.end());
    for (Index l = 0; l < layers_.size(); ++l) {
      const Factor& factor = layers_[l].e();
      auto e = download<B>(factor.value, factor.size);
      for (Index r = 0; r < e.size(); ++r)
        if (scores[l][r] <= *threshold) e[r] = 0.0F;
      upload<B>(factor.value, std::span<const float>(e));
    }
  }

  RankBudgetOptions options_;
  Index falls_until_, initial_ = 0, target_ = 0;
  std::vector<Layer> layers_;
};

}  // namespace graft
