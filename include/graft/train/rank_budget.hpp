/// \file
/// AdaLoRA's budget (Zhang et al. 2023): how many singular values all layers keep together, falling from what they start with to what they
/// end with; the least important are set to zero. Importance of a parameter p with gradient g, smoothed over steps t:
///   I = |p g|,   Ī ← β₁ Ī + (1−β₁) I,   U ← β₂ U + (1−β₂) |I − Ī|,   s = Ī U
/// and of the triplet r:   s(e[r]) + mean s(A[r,:]) + mean s(B[:,r])
#pragma once

#include <graft/core/error.hpp>
#include <graft/train/checkpoint_file.hpp>
#include <graft/train/trainer.hpp>

#include <algorithm>
#include <optional>

namespace graft {

struct RankBudgetOptions {
  std::optional<Index> target_rank{};  ///< on average, at the end; unless said two thirds of what layers start with
  std::optional<Index> warm_up{};      ///< steps before the budget falls; unless said a tenth of all
  std::optional<Index> final_steps{};  ///< steps at the end in which it no longer does; unless said three tenths of all
  Index interval = 1;                  ///< the least important are dropped every so many steps
  Index steps = 0;                     ///< of the whole training
  float beta_1 = 0.85F, beta_2 = 0.85F;
};

/// Whether a trainer's method has ranks to share out.
template <class Trainer>
bool shares_ranks(Trainer& trainer) {
  return std::any_of(trainer.slots().begin(), trainer.slots().end(), [](const auto& slot) { return slot.path.ends_with(".lora_E"); });
}

/// `RankBudget budget(trainer, {.target_rank = 4, .steps = 100}); trainer.step(batch, [&] { budget(); });`, or `FitOptions::rank_budget`.
template <class Trainer>
class RankBudget {
  using B = typename Trainer::backend;

 public:
  RankBudget(Trainer& trainer, RankBudgetOptions options)
      : trainer_(&trainer), options_(options), warm_up_(options.warm_up.value_or(options.steps / 10)), falls_until_(options.steps - options.final_steps.value_or(3 * options.steps / 10)) {
    if (falls_until_ <= warm_up_ || falls_until_ > options.steps) fail("RankBudget: ", options.steps, " steps leave none between ", warm_up_, " of warm-up and ", options.steps - falls_until_, " at the end");
    if (!shares_ranks(trainer)) fail("RankBudget: the model has no AdaLoRA");
    auto& slots = trainer.slots();
    smoothed_.resize(slots.size());
    for (Index i = 0; i < slots.size(); ++i) {
      if (!slots[i].path.ends_with(".lora_A")) continue;  // then B and E, in the order of the layer's visit
      const Index rank = slots[i + 2].size;
      triplets_.push_back({i, rank});
      initial_ += rank;
      for (Index s = i; s < i + 3; ++s) smoothed_[s] = {std::vector<float>(slots[s].size, 0.0F), std::vector<float>(slots[s].size, 0.0F)};
    }
    target_ = std::min(initial_, options.target_rank ? *options.target_rank * triplets_.size() : 2 * initial_ / 3);
  }

  /// Singular values kept after a step.
  [[nodiscard]] Index budget(Index step) const {
    if (step <= warm_up_) return initial_;
    if (step > falls_until_) return target_;
    const double left = 1.0 - static_cast<double>(step - warm_up_) / static_cast<double>(falls_until_ - warm_up_);
    return static_cast<Index>(static_cast<double>(initial_ - target_) * left * left * left + static_cast<double>(target_));
  }
  /// The whole of it in words.
  [[nodiscard]] std::string text() const {
    return "from " + std::to_string(initial_) + " to " + std::to_string(target_) + " singular values in steps " + std::to_string(warm_up_ + 1) + " to " + std::to_string(falls_until_) + " of " + std::to_string(options_.steps) +
           (options_.interval == 1 ? "" : ", at every " + std::to_string(options_.interval));
  }

  /// After the update of a step, while its gradients are there.
  void operator()() {
    const Index step = trainer_->steps();
    if (step < falls_until_) gather();
    const Index keep = budget(step);
    if (keep < initial_ && (step >= falls_until_ || step % options_.interval == 0)) drop(keep);
  }

  /// Singular values that are not zero, all layers together.
  [[nodiscard]] Index kept() const {
    Index count = 0;
    for (const auto& [slot, rank] : triplets_)
      for (const float e : values(slot + 2)) count += e != 0.0F ? 1 : 0;
    return count;
  }

  /// What it has gathered, for a checkpoint, and back.
  [[nodiscard]] std::vector<NamedTensor> tensors() {
    std::vector<NamedTensor> all;
    each_gathered([&all](const std::string& name, const std::vector<float>& values) { all.push_back({name, {values.size()}, values}); });
    return all;
  }
  void restore(const CheckpointFile& file) {
    each_gathered([&file](const std::string& name, std::vector<float>& values) { values = file.floats(name, values.size()); });
  }

 private:
  struct Smoothed {
    std::vector<float> importance, uncertainty;
    [[nodiscard]] float score(Index i) const { return importance[i] * uncertainty[i]; }
  };
  template <class F>
  void each_gathered(const F& f) {
    for (const auto& [first, rank] : triplets_)
      for (Index s = first; s < first + 3; ++s) {
        f("importance." + trainer_->slots()[s].path, smoothed_[s].importance);
        f("uncertainty." + trainer_->slots()[s].path, smoothed_[s].uncertainty);
      }
  }
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
  Index warm_up_, falls_until_, initial_ = 0, target_ = 0;
  std::vector<std::pair<Index, Index>> triplets_;  ///< the slot of A, and the rank
  std::vector<Smoothed> smoothed_;                 ///< by slot; nothing where it is of no triplet
};

}  // namespace graft
