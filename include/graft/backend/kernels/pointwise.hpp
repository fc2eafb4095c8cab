/// \file
/// The kernels on single numbers.
#pragma once

#include <graft/core/buffer.hpp>
#include <graft/core/random.hpp>
#include <graft/core/storage.hpp>

#include <cmath>

namespace graft::backend {

/// 1 / (1 + exp(−x)).
inline float sigmoid(float x) { return 1.0F / (1.0F + std::exp(-x)); }

/// Functions whose slope is known from their value.
struct Relu {
  static float value(float x) { return x > 0.0F ? x : 0.0F; }
  /// The slope where the value is y.
  static float slope(float y) { return y > 0.0F ? 1.0F : 0.0F; }
};
/// The hyperbolic tangent.
struct Tanh {
  static float value(float x) { return std::tanh(x); }
  /// The slope where the value is y.
  static float slope(float y) { return 1.0F - y * y; }
};
/// 1 / (1 + exp(−x)).
struct Sigmoid {
  static float value(float x) { return sigmoid(x); }
  /// The slope where the value is y.
  static float slope(float y) { return y * (1.0F - y); }
};

/// For E float and Bfloat16.
template <class B, class E>
concept PointwiseKernels =
    requires(const B& on, Pointer<B, E> y, Pointer<B, const E> x, Pointer<B> f, Pointer<B, const float> c, Index n,
             float s, bool more, RandomKey key, const Relu& relu, const Tanh& tanh, const Sigmoid& sigmoid) {
      fill(y, n, s, on);
      copy(y, x, n, on);
      scale(y, x, s, n, more, on);
      scale(f, x, s, n, more, on);
      scale(y, c, s, n, more, on);
      scale_by(y, x, c, n, more, on);
      multiply(y, x, x, n, more, on);
      pointwise(y, x, n, relu, on);
      pointwise_input(y, x, x, n, more, relu, on);
      pointwise(y, x, n, tanh, on);
      pointwise_input(y, x, x, n, more, tanh, on);
      pointwise(y, x, n, sigmoid, on);
      pointwise_input(y, x, x, n, more, sigmoid, on);
      silu(y, x, n, on);
      silu_input(y, x, x, n, more, on);
      gelu(y, x, n, on);
      gelu_input(y, x, x, n, more, on);
      gelu_tanh(y, x, n, on);
      gelu_tanh_input(y, x, x, n, more, on);
      swiglu(y, x, x, n, on);
      swiglu_inputs(y, more, y, more, x, x, x, n, on);
      dropout(y, x, n, s, key, more, on);
    };

}  // namespace graft::backend
