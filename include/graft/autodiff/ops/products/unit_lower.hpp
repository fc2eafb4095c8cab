/// \file
/// u(N,R): column j is row j of p(R,N) below its diagonal, 1 on it, 0 above     dp[j,i] += du[i,j] where i > j
/// The vectors of Householder's reflections as LAPACK keeps them.
#pragma once

#include <graft/autodiff/tape.hpp>
#include <graft/backend/host/blocks.hpp>

namespace graft {

/// Columns with 1 on the diagonal, the rows of p(R,N) below it and 0 above: u(N,R).
template <Index R, class T, Index N, Gradient G>
constexpr auto unit_lower(T& tape, Var<typename T::backend, N, G> p) {
  const auto u = tape.template value<R>(N);
  tape.run(0, [=](auto on) { unit_lower(u.data, p.data, R, N, on); });
  if constexpr (T::recording && G == Gradient::tracked) {
    const auto z = tape.track(u);
    tape.record(z, [=](auto& back, auto du) {
      const auto dp = back.contribute_zeroed(p);
      back.run(0, [=](auto on) { unit_lower_input(dp, du, R, N, on); });
    });
    return z;
  } else {
    return u;
  }
}

}  // namespace graft
