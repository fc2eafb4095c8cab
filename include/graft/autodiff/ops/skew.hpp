/// \file
/// Q(n·B,B): antisymmetric blocks of numbers v(n, B(B−1)/2):   Q = V − Vᵀ, V strictly upper     dv = dQ above − dQ below
#pragma once

#include <graft/autodiff/tape.hpp>
#include <graft/backend/reference/blocks.hpp>

namespace graft {

template <Index Size, class T, Index N, Gradient G>
constexpr auto skew(T& tape, Var<typename T::backend, N, G> v) {
  static_assert(N == Size * (Size - 1) / 2);
  const auto q = tape.template value<Size>(v.rows * Size);
  tape.run(0, [=](auto on) { skew(q.data, v.data, v.rows, Size, on); });
  if constexpr (T::recording && G == Gradient::tracked) {
    const auto z = tape.track(q);
    tape.record(z, [=](auto& back, auto dq) {
      const auto dv = back.contribute_zeroed(v);
      back.run(v.size(), [=](auto on) { skew_input(dv, dq, v.rows, Size, on); });
    });
    return z;
  } else {
    return q;
  }
}

}  // namespace graft
