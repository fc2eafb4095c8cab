/// \file
/// loss(1) = Σ_t (log Σ_v exp z[t,v] − z[t, target_t]),  z = x wᵀ,  x(T,C), w(V,C) frozen
///     dx = dloss (softmax(z) − onehot) w
/// z is never whole. As softmax(z) w is attention over the vocabulary with w as keys and values, a backend can compute
/// dx in the forward pass over w (Dao et al. 2022; for losses: Wijmans et al. 2024); the backward step only multiplies
/// by dloss.
#pragma once

#include <graft/autodiff/parameter.hpp>
#include <graft/autodiff/tape.hpp>
#include <graft/backend/composed/vocabulary.hpp>
#include <graft/backend/host/cross_entropy.hpp>
#include <graft/backend/host/elementwise.hpp>
#include <graft/backend/host/frozen.hpp>

namespace graft {

/// requires: every target is a token, none negative.
template <class T, Index C, Gradient G, class E, class S, Index V>
constexpr auto vocabulary_loss(T& tape, Var<typename T::backend, C, G, E> x,
                               const Parameter<typename T::backend, Constant<S>, V, C>& w,
                               Pointer<typename T::backend, Id> targets) {
  using B = typename T::backend;
  const Index rows = x.rows;
  constexpr bool undoes = T::recording && G == Gradient::tracked;
  const auto loss = tape.template value<1>(1);
  const auto share = [&] {
    if constexpr (undoes) return tape.template value<C, E>(rows);
    else return Var<B, C, Gradient::none, E>{};
  }();
  const auto l = tape.template scratch<float>(rows);
  tape.template borrow<float>(backend::best_vocabulary_workspace<E>(rows, V, C, S{}, B{}), [&](Pointer<B> work) {
    tape.run(2 * rows * V * C * (undoes ? 2 : 1), [=, &w](auto on) {
      best_vocabulary_loss(loss.data, l, share.data, x.data, w.packed(), targets, rows, C, V, work, S{}, on);
    });
  });
  if constexpr (undoes) {
    const auto z = tape.track(loss);
    tape.record(z, [=](auto& back, auto dloss) {
      const auto dx = back.contribute(x);
      back.run(x.size(), [=](auto on) { scale_by(dx.data, share.data, dloss, x.size(), dx.accumulate, on); });
    });
    return z;
  } else {
    return loss;
  }
}

}  // namespace graft
