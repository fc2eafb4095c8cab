/// \file
/// AdaLoRA's budget (Zhang et al. 2023): how many singular values all layers keep together, falling from what they start with to what they
/// end with; the least important are set to zero. Importance of a parameter p with gradient g, smoothed over steps t:
///   I = |p g|,   Ī ← β₁ Ī + (1−β₁) I,   U ← β₂ U + (1−β₂) |I − Ī|,   s = Ī U
/// and of the triplet r:   s(e[r]) + mean s(A[r,:]) + mean s(B[:,r])
#pragma once

#include <graft/core/error.hpp>
#include <graft/train/trainer.hpp>

#include <algorithm>

namespace graft {

struct RankBudgetOptions {
  Index target_rank = 8;      ///< on average, at the end
  Index warm_up = 0;          ///< steps before the budget falls
  Index final_steps = 0;      ///< steps at the end in which it no longer does
  Index interval = 1;         ///< the least important are dropped every so many steps
  Index steps = 0;            ///< of the whole training
  float beta_1 = 0.85F, beta_2 = 0.85F;
};

/// `RankBudget budget(trainer, {.target_rank = 4, .steps = 100}); trainer.step(batch, [&] { budget(); });`
template <class Trainer>
class RankBudget {
  using B = typename Trainer::backend;

 public:
  RankBudget(Trainer& trainer, RankBudgetOptions options) : trainer_(&trainer), options_(options) {
    if (options.steps <= options.warm_up + options.final_steps) fail("RankBudget: ", options.steps, " steps leave none between ", options.warm_up, " of warm-up and ", options.final_steps, " at the end");
    auto& slots = trainer.slots();
    for (Index i = 0; i < slots.size(); ++i) {
      if (!slots[i].path.ends_with(".lora_A")) continue;  // then B and E, in the order of the layer's visit
      const Index rank = slots[i + 2].size;
      triplets_.push_back({i, rank});
      initial_ += rank;
    }
    if (triplets_.empty()) fail("RankBudget: the model has no AdaLoRA");
    for (auto& slot : slots) smoothed_.push_back({std::vector<float>(slot.size, 0.0F), std::vector<float>(slot.size, 0.0F)});
  }

  /// Singular values kept after a step, and whether it drops any.
  [[nodiscard]] Index budget(Index step) const {
    const Index target = options_.target_rank * triplets_.size();
    if (step <= options_.warm_up || target >= initial_) return initial_;
    if (step > options_.steps - options_.final_steps) return target;
    const double left = 1.0 - static_cast<double>(step - options_.warm_up) / static_cast<double>(options_.steps - options_.final_steps - options_.warm_up);
    return static_cast<Index>(static_cast<double>(initial_ - target) * left * left * left + static_cast<double>(target));
  }

  /// After the update of a step, while its gradients are there.
  void operator()() {
    const Index step = trainer_->steps();
    const bool final = step > options_.steps - options_.final_steps;
    if (step < options_.steps - options_.final_steps) gather();
    const Index keep = budget(step);
    if (keep < initial_ && (final || step % options_.interval == 0)) drop(keep);
  }

  /// Singular values that are not zero, all layers together.
  [[nodiscard]] Index kept() const {
    Index count = 0;
    for (const auto& [slot, rank] : triplets_)
      for (const float e : values(slot + 2)) count += e != 0.0F ? 1 : 0;
    return count;
  }

 private:
  struct Smoothed {
    std::vector<float> importance, uncertainty;
    [[nodiscard]] float score(Index i) const { return importance[i] * uncertainty[i]; }
  };
  [[nodiscard]] std::vector<float> values(Index slot) const { return download<B>(trainer_->slots()[slot].value, trainer_->slots()[slot].size); }

  void gather() {
    for (const auto& [first, rank] : triplets_)
      for (Index s = first; s < first + 3; ++s) {
        const auto p = values(s), g = download<B>(trainer_->slots()[s].gradient, trainer_->slots()[s].size);
        auto& [importance, uncertainty] = smoothed_[s];
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
    for (const auto& [first, rank] : triplets_) {
      const auto &a = smoothed_[first], &b = smoothed_[first + 1], &e = smoothed_[first + 2];
      const Index in = a.importance.size() / rank, out = b.importance.size() / rank;
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
    for (Index l = 0; l < triplets_.size(); ++l) {
      const Index slot = triplets_[l].first + 2;
      auto e = values(slot);
      for (Index r = 0; r < e.size(); ++r)
        if (scores[l][r] <= *threshold) e[r] = 0.0F;
      upload<B>(trainer_->slots()[slot].value, std::span<const float>(e));
    }
  }

  Trainer* trainer_;
  RankBudgetOptions options_;
  std::vector<std::pair<Index, Index>> triplets_;  ///< the slot of A, and the rank
  std::vector<Smoothed> smoothed_;
  Index initial_ = 0;
};

}  // namespace graft
