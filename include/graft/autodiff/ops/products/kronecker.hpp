/// \file
/// y(L·K, M·N) = a(L,M) ⊗ b(K,N)     da[l,m] = Σ dy[block l,m] ∘ b     db = Σ a[l,m] dy[block l,m]
#pragma once

#include <graft/autodiff/tape.hpp>
#include <graft/backend/host/columns.hpp>

namespace graft {

/// The Kronecker product a ⊗ b of a(L,M) and b(K,N): y(L·K, M·N).
template <class T, Index M, Index N, Gradient Ga, Gradient Gb>
constexpr auto kronecker(T& tape, Var<typename T::backend, M, Ga> a, Var<typename T::backend, N, Gb> b) {
  const auto y = tape.template value<M * N>(a.rows * b.rows);
  tape.run(y.size(), [=](auto on) { kronecker(y.data, a.data, b.data, a.rows, M, b.rows, N, on); });
  if constexpr (T::recording && (Ga | Gb) == Gradient::tracked) {
    const auto z = tape.track(y);
    tape.record(z, [=](auto& back, auto dy) {
      if constexpr (Ga == Gradient::tracked) {
        const auto da = back.contribute_zeroed(a);
        back.run(2 * y.size(), [=](auto on) { kronecker_left(da, dy, b.data, a.rows, M, b.rows, N, on); });
      }
      if constexpr (Gb == Gradient::tracked) {
        const auto db = back.contribute_zeroed(b);
        back.run(2 * y.size(), [=](auto on) { kronecker_right(db, dy, a.data, a.rows, M, b.rows, N, on); });
      }
    });
    return z;
  } else {
    return y;
  }
}

}  // namespace graft
