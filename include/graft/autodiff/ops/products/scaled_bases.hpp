/// \file
/// Scaled copies of a matrix, one below the other:   y(K·N, J)[k N + n, j] = l[k,n] a[k,j] g[n,j]
///     a(K,J) constant, l(K,N), g(N,J)
///   dl[k,n] = Σ_j dy a g     dg[n,j] = Σ_k dy l a
#pragma once

#include <graft/autodiff/tape.hpp>
#include <graft/backend/host/columns.hpp>

namespace graft {

/// Copies of a(K,J), one for each row n of g(N,J), scaled by l[k,n] and g[n,j], one below the other: y(K·N, J).
template <class T, Index J, Index N, Gradient Gl, Gradient Gg>
constexpr auto scaled_bases(T& tape, Var<typename T::backend, J> a, Var<typename T::backend, N, Gl> l,
                            Var<typename T::backend, J, Gg> g) {
  const auto y = tape.template value<J>(a.rows * N);
  tape.run(2 * y.size(), [=](auto on) { scaled_bases(y.data, a.data, l.data, g.data, a.rows, N, J, on); });
  if constexpr (T::recording && (Gl | Gg) == Gradient::tracked) {
    const auto z = tape.track(y);
    tape.record(z, [=](auto& back, auto dy) {
      const auto dl = back.contribute_zeroed(l);
      const auto dg = back.contribute_zeroed(g);
      back.run(6 * y.size(),
               [=](auto on) { scaled_bases_inputs(dl, dg, dy, a.data, l.data, g.data, a.rows, N, J, on); });
    });
    return z;
  } else {
    return y;
  }
}

}  // namespace graft
