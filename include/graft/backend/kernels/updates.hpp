/// \file
/// The kernels of the last half of a step: norms of gradients, and what optimizers do to parameters.
#pragma once

#include <graft/core/buffer.hpp>

#include <cstdint>

namespace graft::backend {

/// One AdamW step's numbers, bias corrections included (Loshchilov and Hutter 2019, algorithm 2).
struct AdamWStep {
  float learning_rate, beta1, beta2, epsilon, weight_decay;
  float correction1, correction2;  ///< 1 − β₁ᵗ, 1 − β₂ᵗ
};

/// A scale that is not finite leaves parameters and states as they are.
template <class B>
concept UpdateKernels = requires(const B& on, Pointer<B> y, Pointer<B, const float> x, Index n, float clip, double f,
                                 AdamWStep step, std::uint32_t seed) {
  add_squares(y, x, n, on);
  all_finite(y, x, n, on);
  clip_scales(y, x, x, x, n, clip, on);
  adamw(y, y, y, x, n, step, x, on);
  adamw8bit(y, y, x, n, step, x, seed, on);
  precondition_rows(y, x, n, n, n, f, f, on);
};

}  // namespace graft::backend
