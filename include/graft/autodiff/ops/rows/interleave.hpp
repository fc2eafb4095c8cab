/// \file
/// y(T·N, C) = rows of N values in turn: y[t N + a] = xₐ[t]     dxₐ[t] = dy[t N + a]
#pragma once

#include <graft/autodiff/tape.hpp>
#include <graft/backend/host/rows.hpp>

namespace graft {

/// Rows of several values in turn: y(T·N, C).
template <class T, Index C, Gradient... G, class E>
constexpr auto interleave(T& tape, Var<typename T::backend, C, G, E>... xs) {
  constexpr Index count = sizeof...(xs);
  const Index rows = std::get<0>(std::tuple{xs...}).rows;
  const auto y = tape.template value<C, E>(rows * count);
  Index number = 0;
  (tape.run(0, [=, a = number++](auto on) { spread_rows(y.data, xs.data, rows, C, count, a, on); }), ...);
  if constexpr (T::recording && ((G == Gradient::tracked) || ...)) {
    const auto z = tape.track(y);
    tape.record(z, [=](auto& back, auto dy) {
      Index a = 0;
      const auto into = [&](auto x) {
        const Index at = a++;
        if constexpr (decltype(x)::tracked) {
          const auto dx = back.contribute(x);
          back.run(x.size(), [=](auto on) { gather_spread(dx.data, dy, rows, C, count, at, dx.accumulate, on); });
        }
      };
      (into(xs), ...);
    });
    return z;
  } else {
    return y;
  }
}

/// The same numbers as rows of M columns.
template <Index M, class B, Index N, class E>
constexpr Var<B, M, Gradient::none, E> reshaped(Var<B, N, Gradient::none, E> x) {
  return {x.size() / M, x.data};
}
/// The same numbers as rows of M columns, a view.
template <Index M, class B, Index N, class E>
constexpr Var<B, M, Gradient::tracked, E> reshaped(Var<B, N, Gradient::tracked, E> x) {
  return {x.size() / M, x.data, x.adjoint};
}

}  // namespace graft
