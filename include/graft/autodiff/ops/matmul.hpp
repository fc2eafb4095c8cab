/// \file
/// y(T,O) = x(T,I) wᵀ     dx = dy w     dw = dyᵀ x     for w(O,I), trained or frozen
#pragma once

#include <graft/autodiff/parameter.hpp>
#include <graft/autodiff/tape.hpp>

namespace graft {

/// y += scale · x wᵀ, in place; y's old value must not be needed by its own backward (a product's is not).
/// A frozen w keeps nothing; a trained w keeps x.
template <class T, Index Out, Gradient Gy, Index In, Gradient Gx, class Role>
constexpr auto add_matmul(T& tape, Var<typename T::backend, Out, Gy> y, Var<typename T::backend, In, Gx> x,
                          const Parameter<typename T::backend, Role, Out, In>& w, float scale, bool accumulate) {
  using P = Parameter<typename T::backend, Role, Out, In>;
  const Index flops = 2 * x.rows * In * Out;
  tape.run(flops, [=, &w](auto on) {
    if constexpr (P::trainable) matmul(y.data, x.data, w.value(), x.rows, In, Out, scale, accumulate, on);
    else matmul_frozen(y.data, x.data, w.packed(), x.rows, In, Out, accumulate, typename P::storage{}, on);
  });
  if constexpr (T::recording && (Gx | Gy | P::gradient_kind) == Gradient::tracked) {
    const auto z = tape.track(y.constant());
    tape.record(z, [=, &w](auto& back, auto dz) {
      if constexpr (P::trainable)
        back.run(flops, [=, &w](auto on) { matmul_weight(w.gradient(), dz, x.data, x.rows, In, Out, scale, on); });
      if constexpr (Gx == Gradient::tracked) {
        const auto dx = back.contribute(x);
        back.run(flops, [=, &w](auto on) {
          if constexpr (P::trainable) matmul_input(dx.data, dz, w.value(), x.rows, In, Out, scale, dx.accumulate, on);
          else matmul_frozen_input(dx.data, dz, w.packed(), x.rows, In, Out, dx.accumulate, typename P::storage{}, on);
        });
      }
      if constexpr (Gy == Gradient::tracked) back.pass_adjoint(z, y);
    });
    return z;
  } else {
    return y;
  }
}

/// y = x wᵀ
template <class T, Index In, Gradient G, class Role, Index Out>
constexpr auto matmul(T& tape, Var<typename T::backend, In, G> x, const Parameter<typename T::backend, Role, Out, In>& w) {
  return add_matmul(tape, tape.template value<Out>(x.rows), x, w, 1.0F, false);
}

}  // namespace graft
