/// \file
/// y(T,N) = x(T,N) ∘ v(1,N), every row     dx = dy ∘ v     dv = Σ_t dy ∘ x
#pragma once

#include <graft/autodiff/tape.hpp>
#include <graft/backend/host/columns.hpp>

namespace graft {

/// Every row of x(T,N) times v(1,N), element by element.
template <class T, Index N, Gradient G, class E, Gradient Gv>
constexpr auto scale_columns(T& tape, Var<typename T::backend, N, G, E> x, Var<typename T::backend, N, Gv> v) {
  const auto y = tape.template value<N, E>(x.rows);
  tape.run(x.size(), [=](auto on) { scale_columns(y.data, x.data, v.data, x.rows, N, false, on); });
  if constexpr (T::recording && (G | Gv) == Gradient::tracked) {
    const auto z = tape.track(y);
    tape.record(z, [=](auto& back, auto dy) {
      if constexpr (Gv == Gradient::tracked) {
        const auto dv = back.contribute_zeroed(v);
        back.run(2 * x.size(), [=](auto on) { scale_columns_weight(dv, dy, x.data, x.rows, N, on); });
      }
      if constexpr (G == Gradient::tracked) {
        const auto dx = back.contribute(x);
        back.run(x.size(), [=](auto on) { scale_columns(dx.data, dy, v.data, x.rows, N, dx.accumulate, on); });
      }
    });
    return z;
  } else {
    return y;
  }
}

}  // namespace graft
