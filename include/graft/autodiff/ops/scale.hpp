/// \file
/// y = c x     dx = c dy     for a number c
#pragma once

#include <graft/autodiff/tape.hpp>

namespace graft {

template <class T, Index N, Gradient G>
constexpr auto scale(T& tape, Var<typename T::backend, N, G> x, float factor) {
  const auto y = tape.template value<N>(x.rows);
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

}  // namespace graft
