/// \file
/// Householder's reflection of every row, times f:   y = x − 2 f (x·u) u / (u·u)     x(T,N), u a column of U(N,R)
///   dx = dy − 2 f (dy·u) u / (u·u)     du = f Σ_t [4 (x·u)(dy·u) u / (u·u) − 2 (dy·u) x − 2 (x·u) dy] / (u·u)
#pragma once

#include <graft/autodiff/tape.hpp>
#include <graft/backend/host/columns.hpp>

namespace graft {

/// Householder's reflection of every row of x(T,N) by column `column` of u(N,R), its change times `factor`.
template <class T, Index N, Gradient G, class E, Index R, Gradient Gu>
constexpr auto reflect(T& tape, Var<typename T::backend, N, G, E> x, Var<typename T::backend, R, Gu> u, Index column,
                       float factor = 1.0F) {
  const auto y = tape.template value<N, E>(x.rows);
  tape.run(4 * x.size(), [=](auto on) { reflect(y.data, x.data, u.data + column, R, x.rows, N, factor, false, on); });
  if constexpr (T::recording && (G | Gu) == Gradient::tracked) {
    const auto z = tape.track(y);
    tape.record(z, [=](auto& back, auto dy) {
      if constexpr (Gu == Gradient::tracked) {
        const auto du = back.contribute_zeroed(u);
        back.run(8 * x.size(),
                 [=](auto on) { reflect_weight(du + column, dy, x.data, u.data + column, R, x.rows, N, factor, on); });
      }
      if constexpr (G == Gradient::tracked) {
        const auto dx = back.contribute(x);
        back.run(4 * x.size(),
                 [=](auto on) { reflect(dx.data, dy, u.data + column, R, x.rows, N, factor, dx.accumulate, on); });
      }
    });
    return z;
  } else {
    return y;
  }
}

}  // namespace graft
