/// \file
/// Squared error of one output a row. Equations: autodiff/ops/losses/squared_error.hpp.
#pragma once

#include <graft/backend/host/reference.hpp>

namespace graft::backend {

/// loss(1) = Σ_t (z_t − y_t)², in double and in order
inline void squared_error(float* loss, const float* z, const float* values, Index rows, reference) {
  double total = 0;
  for (Index t = 0; t < rows; ++t)
    total += (static_cast<double>(z[t]) - static_cast<double>(values[t])) *
             (static_cast<double>(z[t]) - static_cast<double>(values[t]));
  *loss = static_cast<float>(total);
}

/// dz (+)= 2 dloss (z − y)
inline void squared_error_input(float* dz, const float* dloss, const float* z, const float* values, Index rows,
                                bool accumulate, reference) {
  for (Index t = 0; t < rows; ++t) put(dz[t], 2 * *dloss * (z[t] - values[t]), accumulate);
}

}  // namespace graft::backend
