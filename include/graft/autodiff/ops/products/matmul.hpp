/// \file
/// y(T,O) = x(T,I) wᵀ     dx = dy w     dw = dyᵀ x     for w(O,I), trained or frozen
#pragma once

#include <graft/autodiff/ops/products/project.hpp>

namespace graft {

/// y = x wᵀ, in elements Y (those of x, if none are named). A frozen w keeps nothing; a trained w keeps x.
template <class Y = void, class T, Index In, Gradient G, class E, class Role, Index Out>
constexpr auto matmul(T& tape, Var<typename T::backend, In, G, E> x,
                      const Parameter<typename T::backend, Role, Out, In>& w) {
  using Wanted = std::conditional_t<std::is_void_v<Y>, E, Y>;
  return std::get<0>(project<Wanted>(tape, Given{x}, false, Nothing{}, projection_of(w)));
}

/// y += scale · x wᵀ for a trained w, in place; y's old value must not be needed by its own backward (a product's is
/// not).
template <class T, Index Out, Gradient Gy, Index In, Gradient Gx, class E>
constexpr auto add_matmul(T& tape, Var<typename T::backend, Out, Gy, E> y, Var<typename T::backend, In, Gx, E> x,
                          const Parameter<typename T::backend, Trainable, Out, In>& w, float factor) {
  const Index flops = 2 * x.rows * In * Out;
  tape.run(flops, [=, &w](auto on) { matmul(y.data, x.data, w.value(), x.rows, In, Out, factor, true, on); });
  if constexpr (T::recording) {
    const auto z = tape.track(y.constant());
    tape.record(z, [=, &w](auto& back, auto dz) {
      back.run(flops, [=, dw = w.gradient()](auto on) { matmul_weight(dw, dz, x.data, x.rows, In, Out, factor, on); });
      if constexpr (Gx == Gradient::tracked) {
        const auto dx = back.contribute(x);
        back.run(flops, [=, &w](auto on) {
          matmul_input(dx.data, dz, w.value(), x.rows, In, Out, factor, dx.accumulate, on);
        });
      }
      back.pass_adjoint(z, y);
    });
    return z;
  } else {
    return y;
  }
}

}  // namespace graft
