/// \file
/// h(T,N) of a long short-term memory (Hochreiter and Schmidhuber 1997) over the rows of x(T,4N), what its gates read,
/// with w(4N,N) for what they read of h; from the last row on if `reverse`. Equations and gradient (through time):
/// backend/host/lstm.hpp.
#pragma once

#include <graft/autodiff/tape.hpp>
#include <graft/backend/host/lstm.hpp>

namespace graft {

/// The states h(T,N) of a long short-term memory over the rows of x(T,4N) (Hochreiter and Schmidhuber 1997).
/// \param tape where the op is recorded \param x what the four gates read of the input \param w what they read of h,
/// (4N,N)
/// \param reverse whether it goes from the last row to the first \return h(T,N)
template <class T, Index M, Gradient Gx, Index N, Gradient Gw>
constexpr auto lstm(T& tape, Var<typename T::backend, M, Gx> x, Var<typename T::backend, N, Gw> w, bool reverse) {
  static_assert(M == 4 * N);
  const auto h = tape.template value<N>(x.rows);
  const auto gates = tape.template scratch<float>(x.rows * M), cells = tape.template scratch<float>(x.rows * N);
  const Index flops = 2 * x.rows * M * N;
  tape.run(flops, [=](auto on) { lstm(h.data, gates, cells, x.data, w.data, x.rows, N, reverse, on); });
  if constexpr (T::recording && (Gx | Gw) == Gradient::tracked) {
    const auto z = tape.track(h);
    tape.record(z, [=](auto& back, auto dh) {
      const auto dx = back.contribute_zeroed(x);
      const auto dw = back.contribute_zeroed(w);
      back.run(2 * flops,
               [=](auto on) { lstm_inputs(dx, dw, dh, h.data, gates, cells, w.data, x.rows, N, reverse, on); });
    });
    return z;
  } else {
    return h;
  }
}

}  // namespace graft
