/// \file
/// y = f(x) for f of backend::Relu, Tanh, Sigmoid     dx = dy f′(x), known from y
/// pointwise_of_input: the same where f′(x) is known from x     for ops/pointwise/gelu.hpp and ops/pointwise/silu.hpp
#pragma once

#include <graft/autodiff/tape.hpp>
#include <graft/backend/host/elementwise.hpp>

namespace graft {

/// f(x), element by element, for an f whose slope is known from its value.
/// \tparam F backend::Relu, backend::Tanh or backend::Sigmoid
template <class F, class T, Index N, Gradient G, class E>
constexpr auto pointwise(T& tape, Var<typename T::backend, N, G, E> x) {
  const auto y = tape.template value<N, E>(x.rows);
  tape.run(x.size(), [=](auto on) { pointwise(y.data, x.data, x.size(), F{}, on); });
  if constexpr (T::recording && G == Gradient::tracked) {
    const auto z = tape.track(y);
    tape.record(z, [=](auto& back, auto dy) {
      const auto dx = back.contribute(x);
      back.run(2 * x.size(), [=](auto on) { pointwise_input(dx.data, dy, y.data, x.size(), dx.accumulate, F{}, on); });
    });
    return z;
  } else {
    return y;
  }
}
/// forward(y, x, n, on) and backward(dx, dy, x, n, accumulate, on) are kernels.
template <class T, Index N, Gradient G, class E, class Forward, class Backward>
constexpr auto pointwise_of_input(T& tape, Var<typename T::backend, N, G, E> x, Forward forward, Backward backward) {
  const auto y = tape.template value<N, E>(x.rows);
  tape.run(4 * x.size(), [=](auto on) { forward(y.data, x.data, x.size(), on); });
  if constexpr (T::recording && G == Gradient::tracked) {
    const auto z = tape.track(y);
    tape.record(z, [=](auto& back, auto dy) {
      const auto dx = back.contribute(x);
      back.run(8 * x.size(), [=](auto on) { backward(dx.data, dy, x.data, x.size(), dx.accumulate, on); });
    });
    return z;
  } else {
    return y;
  }
}
/// max(x, 0), element by element.
template <class T, class X>
constexpr auto relu(T& tape, X x) {
  return pointwise<backend::Relu>(tape, x);
}
/// tanh(x), element by element.
template <class T, class X>
constexpr auto tanh(T& tape, X x) {
  return pointwise<backend::Tanh>(tape, x);
}
/// 1 / (1 + exp(−x)), element by element.
template <class T, class X>
constexpr auto sigmoid(T& tape, X x) {
  return pointwise<backend::Sigmoid>(tape, x);
}

}  // namespace graft
