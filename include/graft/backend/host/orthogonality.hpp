/// \file
/// The distance of a few rows, or columns, from orthonormal ones.
#pragma once

#include <graft/backend/host/reference.hpp>

#include <cmath>

namespace graft::backend {

/// gram = p pᵀ − I, or pᵀ p − I;   y(1) = its Frobenius norm
inline void gram_error(float* y, float* gram, const float* p, Index rows, Index columns, bool of_columns, reference) {
  const Index size = of_columns ? columns : rows, length = of_columns ? rows : columns;
  const Index across = of_columns ? 1 : columns, along = of_columns ? columns : 1;
  double sum = 0;
  for (Index i = 0; i < size; ++i)
    for (Index j = 0; j < size; ++j) {
      double dot = i == j ? -1.0 : 0.0;
      for (Index k = 0; k < length; ++k)
        dot += static_cast<double>(p[i * across + k * along]) * static_cast<double>(p[j * across + k * along]);
      gram[i * size + j] = static_cast<float>(dot);
      sum += dot * dot;
    }
  *y = static_cast<float>(std::sqrt(sum));
}

/// dp += 2 dy gram p / y, or 2 dy p gram / y; nothing where y is zero
inline void gram_error_input(float* dp, const float* dy, const float* y, const float* gram, const float* p, Index rows,
                             Index columns, bool of_columns, reference) {
  if (*y == 0.0F) return;
  const Index size = of_columns ? columns : rows, length = of_columns ? rows : columns;
  const Index across = of_columns ? 1 : columns, along = of_columns ? columns : 1;
  const float factor = 2.0F * *dy / *y;
  for (Index i = 0; i < size; ++i)
    for (Index j = 0; j < size; ++j)
      for (Index k = 0; k < length; ++k)
        dp[i * across + k * along] += factor * gram[i * size + j] * p[j * across + k * along];
}

}  // namespace graft::backend
