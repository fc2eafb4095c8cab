/// \file
/// Products of two values:
///   product_nt: y(M,N) = a(M,K) bᵀ, b(N,K)     da = dy b      db = dyᵀ a
///   product_nn: y(M,N) = a(M,K) b,  b(K,N)     da = dy bᵀ     db = aᵀ dy
/// a may have any elements, which y has too; b, a weight that was computed, has floats.
#pragma once

#include <graft/autodiff/tape.hpp>

namespace graft {

/// requires: b.rows == N
template <Index N, class T, Index K, Gradient Ga, Gradient Gb, class E>
constexpr auto product_nt(T& tape, Var<typename T::backend, K, Ga, E> a, Var<typename T::backend, K, Gb> b) {
  const auto y = tape.template value<N, E>(a.rows);
  const Work work(2 * a.rows * N * K, a.rows, N, K);
  tape.run(work, [=](auto on) { matmul(y.data, a.data, b.data, a.rows, K, N, 1.0F, false, on); });
  if constexpr (T::recording && (Ga | Gb) == Gradient::tracked) {
    const auto z = tape.track(y);
    tape.record(z, [=](auto& back, auto dy) {
      if constexpr (Ga == Gradient::tracked) {
        const auto da = back.contribute(a);
        back.run(work, [=](auto on) { matmul_input(da.data, dy, b.data, a.rows, K, N, 1.0F, da.accumulate, on); });
      }
      if constexpr (Gb == Gradient::tracked) {
        const auto db = back.contribute_zeroed(b);
        back.run(work, [=](auto on) { matmul_weight(db, dy, a.data, a.rows, K, N, 1.0F, on); });
      }
    });
    return z;
  } else {
    return y;
  }
}

/// requires: b.rows == K
template <class T, Index K, Index N, Gradient Ga, Gradient Gb, class E>
constexpr auto product_nn(T& tape, Var<typename T::backend, K, Ga, E> a, Var<typename T::backend, N, Gb> b) {
  const auto y = tape.template value<N, E>(a.rows);
  const Work work(2 * a.rows * N * K, a.rows, N, K);
  tape.run(work, [=](auto on) { matmul_input(y.data, a.data, b.data, a.rows, N, K, 1.0F, false, on); });
  if constexpr (T::recording && (Ga | Gb) == Gradient::tracked) {
    const auto z = tape.track(y);
    tape.record(z, [=](auto& back, auto dy) {
      if constexpr (Ga == Gradient::tracked) {
        const auto da = back.contribute(a);
        back.run(work, [=](auto on) { matmul(da.data, dy, b.data, a.rows, N, K, 1.0F, da.accumulate, on); });
      }
      if constexpr (Gb == Gradient::tracked) {
        const auto db = back.contribute_zeroed(b);
        back.run(work, [=](auto on) { matmul_weight(db, a.data, dy, a.rows, N, K, 1.0F, on); });
      }
    });
    return z;
  } else {
    return y;
  }
}

}  // namespace graft
