/// \file
/// What optimizers do to parameters.
#pragma once

#include <graft/backend/reference/reference.hpp>

#include <cmath>

namespace graft::backend {

/// One AdamW step's numbers, bias corrections included (Loshchilov and Hutter 2019, algorithm 2).
struct AdamWStep {
  float learning_rate, beta1, beta2, epsilon, weight_decay;
  float correction1, correction2;  // 1 − β₁ᵗ, 1 − β₂ᵗ
  float gradient_scale;            // what clipping multiplies every gradient by
};

/// m ← β₁ m + (1−β₁) g;  v ← β₂ v + (1−β₂) g²;  p ← p − lr (λ p + m̂ / (√v̂ + ε))
inline void adamw(float* p, float* m, float* v, const float* g, Index n, AdamWStep step, reference) {
  const float step_size = step.learning_rate / step.correction1, root = std::sqrt(step.correction2);
  parallel_pieces(n, parallel_threshold, [=](Index begin, Index end) {
    GRAFT_SIMD for (Index i = begin; i < end; ++i) {
      const float gradient = step.gradient_scale * g[i];
      m[i] = step.beta1 * m[i] + (1.0F - step.beta1) * gradient;
      v[i] = step.beta2 * v[i] + (1.0F - step.beta2) * gradient * gradient;
      p[i] = p[i] * (1.0F - step.learning_rate * step.weight_decay) - step_size * m[i] / (std::sqrt(v[i]) / root + step.epsilon);
    }
  });
}

/// sum(1) += Σ x², accumulated in double in a fixed order
inline void add_squares(float* sum, const float* x, Index n, reference) {
  double total = 0;
  for (Index i = 0; i < n; ++i) total += static_cast<double>(x[i]) * static_cast<double>(x[i]);
  *sum += static_cast<float>(total);
}

}  // namespace graft::backend
