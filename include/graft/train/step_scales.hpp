/// \file
/// By what the gradients of a step are multiplied, on the backend: nobody waits for it.
#pragma once

#include <graft/backend/backend.hpp>
#include <graft/backend/host/optimizer.hpp>

#include <array>
#include <cmath>

namespace graft {

/// Of groups of parameters, each clipped by its own norm.
template <class B, Index Groups>
class StepScales {
 public:
  using Numbers = std::array<float, Groups>;
  /// Of memory, which no plan counts.
  static constexpr Index bytes = (3 * Groups + 1) * sizeof(float);

  /// The factor of one group; not finite where the step is not to be taken.
  [[nodiscard]] Pointer<B> of(Index group) const { return numbers_.template as<float>() + group; }
  /// One number that is finite if every loss of the step is.
  [[nodiscard]] Pointer<B> healthy() const { return of(Groups); }

  /// From the gradients of all slots: `weights`, which the host knows, make each group's gradient one of a mean over
  /// its own targets, 0 where it has none; and no norm is larger than `clip`, unless that is 0.
  template <class Slots>
  void set(const Slots& slots, const Numbers& weights, float clip, const B& on) {
    const auto given = of(2 * Groups + 1);
    on.upload(given, weights.data(), sizeof weights);
    launch(on, [&, all = of(0), fine = healthy(), sums = squares()](auto queue) {
      fill(sums, Groups, 0.0F, queue);
      for (const auto& slot : slots) add_squares(sums + slot.group, slot.gradient, slot.size, queue);
      clip_scales(all, sums, given, fine, Groups, clip, queue);
    });
  }
  /// The largest norm of a group, before it was cut. Waits for it.
  [[nodiscard]] float norm(const Numbers& weights, const B& on) const {
    Numbers sums;
    on.download(sums.data(), squares(), sizeof sums);
    float largest = 0;
    for (Index g = 0; g < Groups; ++g) {
      const float norm = weights[g] > 0 ? weights[g] * std::sqrt(sums[g]) : 0.0F;
      if (!(norm <= largest) && !std::isnan(largest)) largest = norm;
    }
    return largest;
  }

 private:
  [[nodiscard]] Pointer<B> squares() const { return of(Groups + 1); }

  Buffer<B> numbers_{bytes};
};

}  // namespace graft
