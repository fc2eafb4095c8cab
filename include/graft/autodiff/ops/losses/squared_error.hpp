/// \file
/// loss(1) = Σ_t (z[t] − y[t])²     dz = 2 dloss (z − y)
/// A sum, as cross entropy is one: the mean is formed by the trainer.
#pragma once

#include <graft/autodiff/tape.hpp>
#include <graft/backend/host/squared_error.hpp>

namespace graft {

/// The sum of squared differences of z(T,1) from `values`, one a row.
template <class T, Gradient G>
constexpr auto squared_error(T& tape, Var<typename T::backend, 1, G> z, Pointer<typename T::backend> values) {
  const auto loss = tape.template value<1>(1);
  tape.run(3 * z.rows, [=](auto on) { squared_error(loss.data, z.data, values, z.rows, on); });
  if constexpr (T::recording && G == Gradient::tracked) {
    const auto tracked = tape.track(loss);
    tape.record(tracked, [=](auto& back, auto dloss) {
      const auto dz = back.contribute(z);
      back.run(3 * z.rows,
               [=](auto on) { squared_error_input(dz.data, dloss, z.data, values, z.rows, dz.accumulate, on); });
    });
    return tracked;
  } else {
    return loss;
  }
}

}  // namespace graft
