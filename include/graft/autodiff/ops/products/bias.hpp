/// \file
/// z(T,N) = y(T,N) + b(N), every row     dy = dz     db = Σ_t dz
#pragma once

#include <graft/autodiff/parameter.hpp>
#include <graft/autodiff/tape.hpp>

namespace graft {

/// In place: z takes y's memory. requires: y's own backward does not need y's value.
template <class T, Index N, Gradient G, class E, class Role>
constexpr auto add_bias(T& tape, Var<typename T::backend, N, G, E> y,
                        const Parameter<typename T::backend, Role, 1, N>& b) {
  using P = Parameter<typename T::backend, Role, 1, N>;
  tape.run(y.size(), [=, &b](auto on) { add_bias(y.data, b.value(), y.rows, N, on); });
  if constexpr (T::recording && (G | P::gradient_kind) == Gradient::tracked) {
    const auto z = tape.track(y.constant());
    const auto* const bias = &b;
    tape.record(z, [=](auto& back, auto dz) {
      if constexpr (P::trainable)
        back.run(y.size(), [=, db = bias->gradient()](auto on) { add_bias_weight(db, dz, y.rows, N, on); });
      if constexpr (G == Gradient::tracked) back.pass_adjoint(z, y);
    });
    return z;
  } else {
    return y;
  }
}

/// The same for a bias that was computed, b(1,N).
template <class T, Index N, Gradient G, class E, Gradient Gb>
constexpr auto add_bias(T& tape, Var<typename T::backend, N, G, E> y, Var<typename T::backend, N, Gb> b) {
  tape.run(y.size(), [=](auto on) { add_bias(y.data, b.data, y.rows, N, on); });
  if constexpr (T::recording && (G | Gb) == Gradient::tracked) {
    const auto z = tape.track(y.constant());
    tape.record(z, [=](auto& back, auto dz) {
      if constexpr (Gb == Gradient::tracked) {
        const auto db = back.contribute_zeroed(b);
        back.run(y.size(), [=](auto on) { add_bias_weight(db, dz, y.rows, N, on); });
      }
      back.pass_adjoint(z, y);
    });
    return z;
  } else {
    return y;
  }
}

}  // namespace graft
