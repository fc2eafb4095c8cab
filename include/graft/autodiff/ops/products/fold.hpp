/// \file
/// y(T,R) = the sum of the blocks of R columns of x(T,N): y[j] = Σ x[i], i ≡ j mod R     dx[i] = dy[i mod R]
#pragma once

#include <graft/autodiff/tape.hpp>
#include <graft/backend/host/columns.hpp>

namespace graft {

/// The sum of the blocks of R columns of x(T,N): y(T,R).
/// \tparam R columns of the result; N is a multiple
template <Index R, class T, Index N, Gradient G, class E>
constexpr auto fold(T& tape, Var<typename T::backend, N, G, E> x) {
  const auto y = tape.template value<R, E>(x.rows);
  tape.run(x.size(), [=](auto on) { fold(y.data, x.data, x.rows, N, R, on); });
  if constexpr (T::recording && G == Gradient::tracked) {
    const auto z = tape.track(y);
    tape.record(z, [=](auto& back, auto dy) {
      const auto dx = back.contribute(x);
      back.run(x.size(), [=](auto on) { unfold(dx.data, dy, x.rows, N, R, dx.accumulate, on); });
    });
    return z;
  } else {
    return y;
  }
}

}  // namespace graft
