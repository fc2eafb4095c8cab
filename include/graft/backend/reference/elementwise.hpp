/// \file
/// Kernels that treat values as one long row: fill, copy, sums, products, activations, dropout, random fills.
#pragma once

#include <graft/backend/reference/reference.hpp>
#include <graft/core/random.hpp>

#include <algorithm>
#include <cmath>

namespace graft::backend {

/// y[n] = value
inline void fill(float* y, Index n, float value, reference) { std::fill_n(y, n, value); }

/// y[n] = x[n]
inline void copy(float* y, const float* x, Index n, reference) {
  parallel_pieces(n, parallel_threshold, [=](Index begin, Index end) { std::copy(x + begin, x + end, y + begin); });
}

/// y[n] (+)= scale · x[n]
inline void scale(float* y, const float* x, float factor, Index n, bool accumulate, reference) {
  parallel_pieces(n, parallel_threshold, [=](Index begin, Index end) {
    for (Index i = begin; i < end; ++i) put(y[i], factor * x[i], accumulate);
  });
}

/// y[n] (+)= a[n] · b[n]
inline void multiply(float* y, const float* a, const float* b, Index n, bool accumulate, reference) {
  parallel_pieces(n, parallel_threshold, [=](Index begin, Index end) {
    for (Index i = begin; i < end; ++i) put(y[i], a[i] * b[i], accumulate);
  });
}

inline float sigmoid(float x) { return 1.0F / (1.0F + std::exp(-x)); }

/// y = x σ(x)
inline void silu(float* y, const float* x, Index n, reference) {
  for (Index i = 0; i < n; ++i) y[i] = x[i] * sigmoid(x[i]);
}

/// dx (+)= dy σ(x) (1 + x (1 − σ(x)))
inline void silu_input(float* dx, const float* dy, const float* x, Index n, bool accumulate, reference) {
  for (Index i = 0; i < n; ++i) {
    const float s = sigmoid(x[i]);
    put(dx[i], dy[i] * s * (1.0F + x[i] * (1.0F - s)), accumulate);
  }
}

/// y = x σ(x) u: SiLU of the gate times the value, in one pass
inline void swiglu(float* y, const float* gate, const float* up, Index n, reference) {
  for (Index i = 0; i < n; ++i) y[i] = gate[i] * sigmoid(gate[i]) * up[i];
}

/// dg (+)= dy u σ(g)(1 + g(1 − σ(g)));   du (+)= dy g σ(g)
inline void swiglu_inputs(float* dgate, bool accumulate_gate, float* dup, bool accumulate_up, const float* dy,
                          const float* gate, const float* up, Index n, reference) {
  for (Index i = 0; i < n; ++i) {
    const float s = sigmoid(gate[i]);
    put(dgate[i], dy[i] * up[i] * s * (1.0F + gate[i] * (1.0F - s)), accumulate_gate);
    put(dup[i], dy[i] * gate[i] * s, accumulate_up);
  }
}

/// y = x Φ(x), Φ the normal distribution function (Hendrycks and Gimpel 2016)
inline void gelu(float* y, const float* x, Index n, reference) {
  for (Index i = 0; i < n; ++i) y[i] = 0.5F * x[i] * (1.0F + std::erf(x[i] * 0.70710678118654752F));
}

/// dx (+)= dy (Φ(x) + x φ(x))
inline void gelu_input(float* dx, const float* dy, const float* x, Index n, bool accumulate, reference) {
  for (Index i = 0; i < n; ++i) {
    const float cumulative = 0.5F * (1.0F + std::erf(x[i] * 0.70710678118654752F));
    const float density = 0.39894228040143268F * std::exp(-0.5F * x[i] * x[i]);
    put(dx[i], dy[i] * (cumulative + x[i] * density), accumulate);
  }
}

/// y (+)= x · mask / (1 − p), the mask drawn anew from the key at every call: backward needs no stored mask
inline void dropout(float* y, const float* x, Index n, float probability, RandomKey key, bool accumulate, reference) {
  const float kept = 1.0F / (1.0F - probability);
  parallel_pieces((n + 3) / 4, parallel_threshold / 4, [=](Index begin, Index end) {
    for (Index block = begin; block < end; ++block) {
      const auto random = philox(key, block);
      for (Index i = 4 * block; i < std::min(n, 4 * block + 4); ++i) {
        const float draw = static_cast<float>(random[i % 4] >> 8U) * 0x1p-24F;
        put(y[i], draw < probability ? 0.0F : x[i] * kept, accumulate);
      }
    }
  });
}

/// x ~ U(−bound, bound)
inline void fill_uniform(float* x, Index n, float bound, RandomKey key, reference) {
  for (Index i = 0; i < n; ++i) x[i] = bound * (2.0F * uniform01(key, i) - 1.0F);
}

/// x ~ N(0, deviation²)
inline void fill_normal(float* x, Index n, float deviation, RandomKey key, reference) {
  for (Index i = 0; i < n; ++i) x[i] = deviation * standard_normal(key, i);
}

}  // namespace graft::backend
