/// \file
/// y = c x     dx = c dy     for a number c
#pragma once

#include <graft/autodiff/tape.hpp>

namespace graft {

/// factor · x, element by element.
template <class T, Index N, Gradient G, class E>
constexpr auto scale(T& tape, Var<typename T::backend, N, G, E> x, float factor) {
  const auto y = tape.template value<N, E>(x.rows);
  tape.run(x.size(), [=](auto on) { scale(y.data, x.data, factor, x.size(), false, on); });
  if constexpr (T::recording && G == Gradient::tracked) {
    const auto z = tape.track(y);
    tape.record(z, [=](auto& back, auto dy) {
      const auto dx = back.contribute(x);
      back.run(x.size(), [=](auto on) { scale(dx.data, dy, factor, x.size(), dx.accumulate, on); });
    });
    return z;
  } else {
    return y;
  }
}

/// x in elements E: itself, or rounded or widened to them.
template <class E, class T, Index N, Gradient G, class X>
constexpr auto as_elements(T& tape, Var<typename T::backend, N, G, X> x) {
  if constexpr (std::is_same_v<E, X>) {
    return x;
  } else {
    const auto y = tape.template value<N, E>(x.rows);
    tape.run(0, [=](auto on) { scale(y.data, x.data, 1.0F, x.size(), false, on); });
    if constexpr (T::recording && G == Gradient::tracked) {
      const auto z = tape.track(y);
      tape.record(z, [=](auto& back, auto) { back.pass_adjoint(z, x); });
      return z;
    } else {
      return y;
    }
  }
}

}  // namespace graft
