/// \file
/// y(T,N) = x r w,  r(T) = 1/√(mean(x²) + ε)     dx = r (g − x r² mean(g x)),  g = dy w     dw = Σ_t dy x r
/// (Zhang and Sennrich 2019)
#pragma once

#include <graft/autodiff/parameter.hpp>
#include <graft/autodiff/tape.hpp>

namespace graft {

template <class T, Index N, Gradient G, class Role>
constexpr auto rms_norm(T& tape, Var<typename T::backend, N, G> x, const Parameter<typename T::backend, Role, 1, N>& w, float epsilon) {
  using P = Parameter<typename T::backend, Role, 1, N>;
  const auto y = tape.template value<N>(x.rows);
  const auto r = tape.template scratch<float>(x.rows);
  tape.run(4 * x.size(), [=, &w](auto on) { rms_norm(y.data, r, x.data, w.value(), x.rows, N, epsilon, on); });
  if constexpr (T::recording && (G | P::gradient_kind) == Gradient::tracked) {
    const auto z = tape.track(y);
    tape.record(z, [=, &w](auto& back, auto dy) {
      if constexpr (P::trainable)
        back.run(3 * x.size(), [=, &w](auto on) { rms_norm_weight(w.gradient(), dy, x.data, r, x.rows, N, on); });
      if constexpr (G == Gradient::tracked) {
        const auto dx = back.contribute(x);
        back.run(8 * x.size(), [=, &w](auto on) {
          rms_norm_input(dx.data, dy, x.data, w.value(), r, x.rows, N, dx.accumulate, on);
        });
      }
    });
    return z;
  } else {
    return y;
  }
}

}  // namespace graft
