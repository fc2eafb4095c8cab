/// \file
/// How far the rows of p(M,N), or its columns, are from orthonormal:   y(1) = ‖G − I‖_F,   G = p pᵀ or pᵀ p
///   dp = 2 dy (G − I) p / y, or 2 dy p (G − I) / y
#pragma once

#include <graft/autodiff/tape.hpp>
#include <graft/backend/host/orthogonality.hpp>

namespace graft {

/// How far p's rows, or columns, are from orthonormal: one number, the Frobenius norm of p pᵀ − I or pᵀ p − I.
template <bool OfColumns, class T, Index N, Gradient G>
constexpr auto orthogonality(T& tape, Var<typename T::backend, N, G> p) {
  const Index size = OfColumns ? N : p.rows;
  const auto y = tape.template value<1>(1);
  const auto gram = tape.template scratch<float>(size * size);
  tape.run(2 * p.size() * size, [=](auto on) { gram_error(y.data, gram, p.data, p.rows, N, OfColumns, on); });
  if constexpr (T::recording && G == Gradient::tracked) {
    const auto z = tape.track(y);
    tape.record(z, [=](auto& back, auto dy) {
      const auto dp = back.contribute_zeroed(p);
      back.run(2 * p.size() * size,
               [=](auto on) { gram_error_input(dp, dy, y.data, gram, p.data, p.rows, N, OfColumns, on); });
    });
    return z;
  } else {
    return y;
  }
}

}  // namespace graft
