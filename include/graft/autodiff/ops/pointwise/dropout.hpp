/// \file
/// y = x ∘ mask / (1 − p)     dx = dy ∘ mask / (1 − p)     the mask is drawn again in the backward step, never stored
/// (Srivastava et al. 2014)
#pragma once

#include <graft/autodiff/tape.hpp>

namespace graft {

/// Outside training the value passes through untouched.
template <class T, Index N, Gradient G, class E>
constexpr auto dropout(T& tape, Var<typename T::backend, N, G, E> x, float probability) {
  if constexpr (!T::training) {
    return x;
  } else {
    const RandomKey key = tape.draw();
    const auto y = tape.template value<N, E>(x.rows);
    tape.run(x.size(), [=](auto on) { dropout(y.data, x.data, x.size(), probability, key, false, on); });
    if constexpr (T::recording && G == Gradient::tracked) {
      const auto z = tape.track(y);
      tape.record(z, [=](auto& back, auto dy) {
        const auto dx = back.contribute(x);
        back.run(x.size(), [=](auto on) { dropout(dx.data, dy, x.size(), probability, key, dx.accumulate, on); });
      });
      return z;
    } else {
      return y;
    }
  }
}

}  // namespace graft
