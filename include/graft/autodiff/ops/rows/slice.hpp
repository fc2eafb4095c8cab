/// \file
/// y(S,N) = rows b … b+S−1 of x(T,N), a view     dx[b+t] += dy[t]
#pragma once

#include <graft/autodiff/tape.hpp>

namespace graft {

/// Rows `begin` to `begin` + `count` − 1 of x(T,N), a view.
template <class T, Index N, Gradient G, class E>
constexpr auto slice(T& tape, Var<typename T::backend, N, G, E> x, Index begin, Index count) {
  const Var<typename T::backend, N, Gradient::none, E> y{count, x.data + begin * N};
  if constexpr (T::recording && G == Gradient::tracked) {
    const auto z = tape.track(y);
    tape.record(z, [=](auto& back, auto dy) {
      const auto dx = back.contribute_zeroed(x);
      back.run(y.size(), [=](auto on) { scale(dx + begin * N, dy, 1.0F, y.size(), true, on); });
    });
    return z;
  } else {
    return y;
  }
}

}  // namespace graft
