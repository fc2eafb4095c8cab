/// \file
/// Cross entropy of places in texts. Equations: autodiff/ops/losses/span_loss.hpp.
#pragma once

#include <graft/backend/host/reference.hpp>

#include <algorithm>
#include <cmath>

namespace graft::backend {

/// loss(1) and l(places) = log Σ_t exp z[t, i mod 2] over the rows of text ⌊i/2⌋, saved
inline void span_loss(float* loss, float* l, const float* z, const Id* spans, const Id* rows, Index places, reference) {
  double total = 0;
  for (Index i = 0; i < places; ++i) {
    const Index column = i % 2;
    const auto begin = static_cast<Index>(spans[i - column]), end = static_cast<Index>(spans[i - column + 1]);
    float largest = z[2 * begin + column];
    for (Index t = begin; t < end; ++t) largest = std::max(largest, z[2 * t + column]);
    float sum = 0;
    for (Index t = begin; t < end; ++t) sum += std::exp(z[2 * t + column] - largest);
    l[i] = largest + std::log(sum);
    total += static_cast<double>(l[i] - z[2 * static_cast<Index>(rows[i]) + column]);
  }
  *loss = static_cast<float>(total);
}

/// dz += dloss (exp(z − l) − onehot(row))
inline void span_loss_input(float* dz, const float* dloss, const float* z, const float* l, const Id* spans,
                            const Id* rows, Index places, reference) {
  for (Index i = 0; i < places; ++i) {
    const Index column = i % 2;
    for (auto t = static_cast<Index>(spans[i - column]); t < static_cast<Index>(spans[i - column + 1]); ++t)
      dz[2 * t + column] += *dloss * std::exp(z[2 * t + column] - l[i]);
    dz[2 * static_cast<Index>(rows[i]) + column] -= *dloss;
  }
}

}  // namespace graft::backend
