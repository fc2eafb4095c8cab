/// \file
/// y(T,N) = z w + b,  z = (x − mean(x)) r,  r(T) = 1/√(var(x) + ε)
/// dx = r (g − mean(g) − z mean(g z)),  g = dy w     dw = Σ_t dy z     db = Σ_t dy     (Ba et al. 2016)
#pragma once

#include <graft/autodiff/parameter.hpp>
#include <graft/autodiff/tape.hpp>

namespace graft {

/// Layer normalisation of every row of x(T,N) with gain w and bias b, epsilon under the root (Ba et al. 2016).
template <class T, Index N, Gradient G, class E, class RoleW, class RoleB>
constexpr auto layer_norm(T& tape, Var<typename T::backend, N, G, E> x,
                          const Parameter<typename T::backend, RoleW, 1, N>& w,
                          const Parameter<typename T::backend, RoleB, 1, N>& b, float epsilon) {
  using B = typename T::backend;
  using W = Parameter<B, RoleW, 1, N>;
  using Bias = Parameter<B, RoleB, 1, N>;
  const auto y = tape.template value<N, E>(x.rows);
  const auto mean = tape.template scratch<float>(x.rows), r = tape.template scratch<float>(x.rows);
  tape.run(6 * x.size(),
           [=, &w, &b](auto on) { layer_norm(y.data, mean, r, x.data, w.value(), b.value(), x.rows, N, epsilon, on); });
  if constexpr (T::recording && (G | W::gradient_kind | Bias::gradient_kind) == Gradient::tracked) {
    const auto z = tape.track(y);
    const auto* const bias = &b;
    tape.record(z, [=, &w](auto& back, auto dy) {
      if constexpr (W::trainable)
        back.run(3 * x.size(),
                 [=, dw = w.gradient()](auto on) { layer_norm_weight(dw, dy, x.data, mean, r, x.rows, N, on); });
      if constexpr (Bias::trainable)
        back.run(x.size(), [=, db = bias->gradient()](auto on) { add_bias_weight(db, dy, x.rows, N, on); });
      if constexpr (G == Gradient::tracked) {
        const auto dx = back.contribute(x);
        back.run(10 * x.size(), [=, &w](auto on) {
          layer_norm_input(dx.data, dy, x.data, w.value(), mean, r, x.rows, N, dx.accumulate, on);
        });
      }
    });
    return z;
  } else {
    return y;
  }
}

}  // namespace graft
