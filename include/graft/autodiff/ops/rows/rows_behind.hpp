/// \file
/// y(P+T,N) = [p[:, b … b+N−1]; x],   p(P,M), x(T,N)     dp[:, b …] += dy[:P]     dx = dy[P:]
/// What attention sees where keys that no token made stand before all others (prefix tuning).
#pragma once

#include <graft/autodiff/tape.hpp>
#include <graft/backend/host/rows.hpp>

namespace graft {

/// x(T,N) behind N columns of p(P,M), from column `begin` on: y(P+T, N).
template <class T, Index M, Gradient Gp, Index N, Gradient G, class E>
constexpr auto rows_behind(T& tape, Var<typename T::backend, M, Gp> p, Index begin,
                           Var<typename T::backend, N, G, E> x) {
  const auto y = tape.template value<N, E>(p.rows + x.rows);
  tape.run(0, [=](auto on) { rows_behind(y.data, p.data, p.rows, M, begin, x.data, x.rows, N, on); });
  if constexpr (T::recording && (Gp | G) == Gradient::tracked) {
    const auto z = tape.track(y);
    tape.record(z, [=](auto& back, auto dy) {
      if constexpr (Gp == Gradient::tracked) {
        const auto dp = back.contribute_zeroed(p);
        back.run(p.rows * N, [=](auto on) { rows_behind_prefix(dp, dy, p.rows, M, begin, N, on); });
      }
      if constexpr (G == Gradient::tracked) {
        const auto dx = back.contribute(x);
        back.run(0, [=](auto on) { scale(dx.data, dy + p.rows * N, 1.0F, x.size(), dx.accumulate, on); });
      }
    });
    return z;
  } else {
    return y;
  }
}

}  // namespace graft
