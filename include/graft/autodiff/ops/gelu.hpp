/// \file
/// y = x Φ(x)     dx = dy (Φ(x) + x φ(x)),  Φ and φ of the normal distribution (Hendrycks and Gimpel 2016)
/// gelu_tanh has tanh(√(2/π)(x + 0.044715 x³)) in place of the error function 2Φ(x) − 1, as GPT-2 was trained.
#pragma once

#include <graft/autodiff/tape.hpp>

namespace graft {

template <class T, Index N, Gradient G, class E>
constexpr auto gelu(T& tape, Var<typename T::backend, N, G, E> x) {
  const auto y = tape.template value<N, E>(x.rows);
  tape.run(4 * x.size(), [=](auto on) { gelu(y.data, x.data, x.size(), on); });
  if constexpr (T::recording && G == Gradient::tracked) {
    const auto z = tape.track(y);
    tape.record(z, [=](auto& back, auto dy) {
      const auto dx = back.contribute(x);
      back.run(8 * x.size(), [=](auto on) { gelu_input(dx.data, dy, x.data, x.size(), dx.accumulate, on); });
    });
    return z;
  } else {
    return y;
  }
}

template <class T, Index N, Gradient G, class E>
constexpr auto gelu_tanh(T& tape, Var<typename T::backend, N, G, E> x) {
  const auto y = tape.template value<N, E>(x.rows);
  tape.run(4 * x.size(), [=](auto on) { gelu_tanh(y.data, x.data, x.size(), on); });
  if constexpr (T::recording && G == Gradient::tracked) {
    const auto z = tape.track(y);
    tape.record(z, [=](auto& back, auto dy) {
      const auto dx = back.contribute(x);
      back.run(8 * x.size(), [=](auto on) { gelu_tanh_input(dx.data, dy, x.data, x.size(), dx.accumulate, on); });
    });
    return z;
  } else {
    return y;
  }
}

}  // namespace graft
