/// \file
/// x(T,H,D) ← R(position) x, in place     dx = R(−position) dy     (Su et al. 2021); Width is D
#pragma once

#include <graft/autodiff/tape.hpp>

namespace graft {

/// requires: x's own backward does not need x's value (a product's does not).
template <Index Width, class T, Index N, Gradient G>
constexpr auto rotary(T& tape, Var<typename T::backend, N, G> x, Pointer<typename T::backend, Id> positions, float base) {
  tape.run(3 * x.size(), [=](auto on) { rotary(x.data, positions, x.rows, N / Width, Width, base, 1.0F, on); });
  if constexpr (T::recording && G == Gradient::tracked) {
    const auto y = tape.track(x.constant());
    tape.record(y, [=](auto& back, auto dy) {
      back.run(3 * x.size(), [=](auto on) { rotary(dy, positions, x.rows, N / Width, Width, base, -1.0F, on); });
      back.pass_adjoint(y, x);
    });
    return y;
  } else {
    return x;
  }
}

}  // namespace graft
