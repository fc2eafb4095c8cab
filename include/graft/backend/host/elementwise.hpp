/// \file
/// Kernels that treat values as one long row: fill, copy, sums, products, activations, dropout, random fills.
#pragma once

#include <graft/backend/host/reference.hpp>
#include <graft/backend/kernels/pointwise.hpp>
#include <graft/core/random.hpp>

#include <algorithm>
#include <cmath>

namespace graft::backend {

/// y[n] = value
template <class E>
void fill(E* y, Index n, float value, reference) {
  std::fill_n(y, n, E(value));
}

/// y[n] = x[n]
template <class E>
void copy(E* y, const E* x, Index n, reference) {
  parallel_pieces(n, parallel_threshold, [=](Index begin, Index end) { std::copy(x + begin, x + end, y + begin); });
}

/// y[n] (+)= scale · x[n]; also what turns elements of one type into those of another
template <class Y, class X>
void scale(Y* y, const X* x, float factor, Index n, bool accumulate, reference) {
  parallel_pieces(n, parallel_threshold, [=](Index begin, Index end) {
    for (Index i = begin; i < end; ++i) put(y[i], factor * at(x, i), accumulate);
  });
}

/// y[n] (+)= factor(1) · x[n], the factor read where it lies
template <class E>
void scale_by(E* y, const E* x, const float* factor, Index n, bool accumulate, reference) {
  parallel_pieces(n, parallel_threshold, [=](Index begin, Index end) {
    for (Index i = begin; i < end; ++i) put(y[i], *factor * at(x, i), accumulate);
  });
}

/// y[n] (+)= a[n] · b[n]
template <class E>
void multiply(E* y, const E* a, const E* b, Index n, bool accumulate, reference) {
  parallel_pieces(n, parallel_threshold, [=](Index begin, Index end) {
    for (Index i = begin; i < end; ++i) put(y[i], at(a, i) * at(b, i), accumulate);
  });
}

/// y = f(x)
template <class E, class F>
void pointwise(E* y, const E* x, Index n, F, reference) {
  parallel_pieces(n, parallel_threshold, [=](Index begin, Index end) {
    for (Index i = begin; i < end; ++i) y[i] = E(F::value(at(x, i)));
  });
}
/// dx (+)= dy f′, of y
template <class E, class F>
void pointwise_input(E* dx, const E* dy, const E* y, Index n, bool accumulate, F, reference) {
  parallel_pieces(n, parallel_threshold, [=](Index begin, Index end) {
    for (Index i = begin; i < end; ++i) put(dx[i], at(dy, i) * F::slope(at(y, i)), accumulate);
  });
}

/// y = x σ(x)
template <class E>
void silu(E* y, const E* x, Index n, reference) {
  for (Index i = 0; i < n; ++i) y[i] = E(at(x, i) * sigmoid(at(x, i)));
}

/// dx (+)= dy σ(x) (1 + x (1 − σ(x)))
template <class E>
void silu_input(E* dx, const E* dy, const E* x, Index n, bool accumulate, reference) {
  for (Index i = 0; i < n; ++i) {
    const float s = sigmoid(at(x, i));
    put(dx[i], at(dy, i) * s * (1.0F + at(x, i) * (1.0F - s)), accumulate);
  }
}

/// y = x σ(x) u: SiLU of the gate times the value, in one pass
template <class E>
void swiglu(E* y, const E* gate, const E* up, Index n, reference) {
  for (Index i = 0; i < n; ++i) y[i] = E(at(gate, i) * sigmoid(at(gate, i)) * at(up, i));
}

/// dg (+)= dy u σ(g)(1 + g(1 − σ(g)));   du (+)= dy g σ(g);   what is null is not computed
template <class E>
void swiglu_inputs(E* dgate, bool accumulate_gate, E* dup, bool accumulate_up, const E* dy, const E* gate, const E* up,
                   Index n, reference) {
  for (Index i = 0; i < n; ++i) {
    const float g = at(gate, i), s = sigmoid(g);
    if (dgate != nullptr) put(dgate[i], at(dy, i) * at(up, i) * s * (1.0F + g * (1.0F - s)), accumulate_gate);
    if (dup != nullptr) put(dup[i], at(dy, i) * g * s, accumulate_up);
  }
}

/// y = x Φ(x), Φ the normal distribution function (Hendrycks and Gimpel 2016)
template <class E>
void gelu(E* y, const E* x, Index n, reference) {
  parallel_pieces(n, parallel_threshold, [=](Index begin, Index end) {
    for (Index i = begin; i < end; ++i) y[i] = E(0.5F * at(x, i) * (1.0F + std::erf(at(x, i) * 0.70710678118654752F)));
  });
}

/// dx (+)= dy (Φ(x) + x φ(x))
template <class E>
void gelu_input(E* dx, const E* dy, const E* x, Index n, bool accumulate, reference) {
  parallel_pieces(n, parallel_threshold, [=](Index begin, Index end) {
    for (Index i = begin; i < end; ++i) {
      const float cumulative = 0.5F * (1.0F + std::erf(at(x, i) * 0.70710678118654752F));
      const float density = 0.39894228040143268F * std::exp(-0.5F * at(x, i) * at(x, i));
      put(dx[i], at(dy, i) * (cumulative + at(x, i) * density), accumulate);
    }
  });
}

/// y = x (1 + t) / 2,   t = tanh(√(2/π) (x + 0.044715 x³))
template <class E>
void gelu_tanh(E* y, const E* x, Index n, reference) {
  parallel_pieces(n, parallel_threshold, [=](Index begin, Index end) {
    for (Index i = begin; i < end; ++i) {
      const float v = at(x, i);
      y[i] = E(0.5F * v * (1.0F + std::tanh(0.79788456080286536F * (v + 0.044715F * v * v * v))));
    }
  });
}

/// dx (+)= dy ((1 + t) / 2 + x (1 − t²) √(2/π) (1 + 3 · 0.044715 x²) / 2)
template <class E>
void gelu_tanh_input(E* dx, const E* dy, const E* x, Index n, bool accumulate, reference) {
  parallel_pieces(n, parallel_threshold, [=](Index begin, Index end) {
    for (Index i = begin; i < end; ++i) {
      const float v = at(x, i), t = std::tanh(0.79788456080286536F * (v + 0.044715F * v * v * v));
      put(dx[i],
          at(dy, i) *
              (0.5F * (1.0F + t) + 0.5F * v * (1.0F - t * t) * 0.79788456080286536F * (1.0F + 0.134145F * v * v)),
          accumulate);
    }
  });
}

/// y (+)= x · mask / (1 − p), the mask drawn anew from the key at every call: backward needs no stored mask
template <class E>
void dropout(E* y, const E* x, Index n, float probability, RandomKey key, bool accumulate, reference) {
  const float kept = 1.0F / (1.0F - probability);
  parallel_pieces((n + 3) / 4, parallel_threshold / 4, [=](Index begin, Index end) {
    for (Index block = begin; block < end; ++block) {
      const auto random = philox(key, block);
      for (Index i = 4 * block; i < std::min(n, 4 * block + 4); ++i) {
        const float draw = static_cast<float>(random[i % 4] >> 8U) * 0x1p-24F;
        put(y[i], draw < probability ? 0.0F : at(x, i) * kept, accumulate);
      }
    }
  });
}

}  // namespace graft::backend
