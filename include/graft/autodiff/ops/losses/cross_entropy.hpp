/// \file
/// loss(1) = Σ_t (log Σ_v exp z[t,v] − z[t, target_t])     dz = dloss (softmax(z) − onehot(target))
/// A sum, not a mean: the mean over all supervised tokens of a step is formed once, by the trainer.
#pragma once

#include <graft/autodiff/tape.hpp>

namespace graft {

/// Rows whose target is negative do not count.
template <class T, Index V, Gradient G>
constexpr auto cross_entropy(T& tape, Var<typename T::backend, V, G> logits, Pointer<typename T::backend, Id> targets) {
  const auto loss = tape.template value<1>(1);
  const auto l = tape.template scratch<float>(logits.rows);
  tape.run(4 * logits.size(), [=](auto on) { cross_entropy(loss.data, l, logits.data, targets, logits.rows, V, on); });
  if constexpr (T::recording && G == Gradient::tracked) {
    const auto z = tape.track(loss);
    tape.record(z, [=](auto& back, auto dloss) {
      const auto dlogits = back.contribute(logits);
      back.run(3 * logits.size(), [=](auto on) {
        cross_entropy_input(dlogits.data, dloss, logits.data, l, targets, logits.rows, V, dlogits.accumulate, on);
      });
    });
    return z;
  } else {
    return loss;
  }
}

}  // namespace graft
