/// \file
/// z = y + x     dy = dz     dx = dz
#pragma once

#include <graft/autodiff/tape.hpp>

namespace graft {

/// y += x, in place: z takes y's memory. requires: y's own backward does not need y's value (a product's does not).
template <class T, Index N, Gradient Gy, Gradient Gx, class Ey, class Ex>
constexpr auto add_into(T& tape, Var<typename T::backend, N, Gy, Ey> y, Var<typename T::backend, N, Gx, Ex> x) {
  tape.run(y.size(), [=](auto on) { scale(y.data, x.data, 1.0F, x.size(), true, on); });
  if constexpr (T::recording && (Gx | Gy) == Gradient::tracked) {
    const auto z = tape.track(y.constant());
    tape.record(z, [=](auto& back, auto dz) {
      if constexpr (Gy == Gradient::none) {
        back.pass_adjoint(z, x);
      } else {
        if constexpr (Gx == Gradient::tracked) {
          const auto dx = back.contribute(x);
          back.run(0, [=](auto on) { scale(dx.data, dz, 1.0F, x.size(), dx.accumulate, on); });
        }
        back.pass_adjoint(z, y);
      }
    });
    return z;
  } else {
    return y;
  }
}

/// z = y + x, in new memory, in y's elements.
template <class T, Index N, Gradient Gy, Gradient Gx, class Ey, class Ex>
constexpr auto add(T& tape, Var<typename T::backend, N, Gy, Ey> y, Var<typename T::backend, N, Gx, Ex> x) {
  const auto z = tape.template value<N, Ey>(y.rows);
  tape.run(0, [=](auto on) { copy(z.data, y.data, y.size(), on); });
  if constexpr (T::recording && Gy == Gradient::tracked) {
    const auto tracked = tape.track(z);
    tape.record(tracked, [=](auto& back, auto) { back.pass_adjoint(tracked, y); });
    return add_into(tape, tracked, x);
  } else {
    return add_into(tape, z, x);
  }
}

}  // namespace graft
