/// \file
/// skew:      Q(n·B,B), antisymmetric blocks of numbers v(n, B(B−1)/2):   Q = V − Vᵀ, V strictly upper
///     dv = dQ above − dQ below
/// skew_part: Q = (R − Rᵀ)/2 for the blocks of R(n·B,B)     dR = (dQ − dQᵀ)/2
#pragma once

#include <graft/autodiff/tape.hpp>
#include <graft/backend/host/blocks.hpp>

namespace graft {

/// Antisymmetric blocks Q(n·B,B) of their numbers above the diagonal, v(n, B(B−1)/2).
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

/// The antisymmetric part (R − Rᵀ)/2 of each block of r(n·B,B).
template <class T, Index Size, Gradient G>
constexpr auto skew_part(T& tape, Var<typename T::backend, Size, G> r) {
  const auto q = tape.template value<Size>(r.rows);
  tape.run(r.size(), [=](auto on) { skew_part(q.data, r.data, r.rows / Size, Size, false, on); });
  if constexpr (T::recording && G == Gradient::tracked) {
    const auto z = tape.track(q);
    tape.record(z, [=](auto& back, auto dq) {
      const auto dr = back.contribute(r);
      back.run(r.size(), [=](auto on) { skew_part(dr.data, dq, r.rows / Size, Size, dr.accumulate, on); });
    });
    return z;
  } else {
    return q;
  }
}

}  // namespace graft
