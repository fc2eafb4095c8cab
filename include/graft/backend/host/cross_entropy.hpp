/// \file
/// Masked cross entropy over the rows that have a label.
#pragma once

#include <graft/backend/host/reference.hpp>

#include <algorithm>
#include <cmath>

namespace graft::backend {

/// Σ_t (l_t − logits[t, target_t]), in double and in order
inline float loss_of_rows(const float* l, const float* logits, const Id* targets, Index rows, Index n) {
  double total = 0;
  for (Index t = 0; t < rows; ++t)
    if (targets[t] >= 0) total += static_cast<double>(l[t] - logits[t * n + static_cast<Index>(targets[t])]);
  return static_cast<float>(total);
}

/// loss(1) = Σ_t (l_t − logits[t, target_t]) over rows with target ≥ 0,   l(T) = log Σ exp logits, saved
/// Σ exp is summed in double: what floats lose of 50,000 numbers makes every probability larger by 1e-5, which
/// gradients of small models show at 1e-3.
inline void cross_entropy(float* loss, float* l, const float* logits, const Id* targets, Index rows, Index n,
                          reference) {
  parallel_for(rows, rows * n > parallel_threshold, [=](Index t) {
    const float* const row = logits + t * n;
    const float largest = *std::max_element(row, row + n);
    double sum = 0;
    GRAFT_SIMD for (Index i = 0; i < n; ++i) sum += static_cast<double>(std::exp(row[i] - largest));
    l[t] = static_cast<float>(static_cast<double>(largest) + std::log(sum));
  });
  *loss = loss_of_rows(l, logits, targets, rows, n);
}

/// dlogits (+)= dloss (exp(logits − l) − onehot(target)), zero for rows without a target
inline void cross_entropy_input(float* dlogits, const float* dloss, const float* logits, const float* l,
                                const Id* targets, Index rows, Index n, bool accumulate, reference) {
  parallel_for(rows, rows * n > parallel_threshold, [=](Index t) {
    const float weight = targets[t] >= 0 ? *dloss : 0.0F;
    for (Index i = 0; i < n; ++i) put(dlogits[t * n + i], weight * std::exp(logits[t * n + i] - l[t]), accumulate);
    if (targets[t] >= 0) dlogits[t * n + static_cast<Index>(targets[t])] -= weight;
  });
}

/// sum(1) = Σ x, in double and in order
inline void sum_up(float* sum, const float* x, Index n, reference) {
  double total = 0;
  for (Index i = 0; i < n; ++i) total += static_cast<double>(x[i]);
  *sum = static_cast<float>(total);
}

}  // namespace graft::backend
