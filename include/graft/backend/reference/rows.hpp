/// \file
/// Kernels that move rows by number: embedding, gathering, scattering.
#pragma once

#include <graft/backend/reference/reference.hpp>

#include <algorithm>

namespace graft::backend {

/// y(T,n) ← rows `ids` of x(·,n)
inline void gather(float* y, const float* x, const Id* ids, Index rows, Index n, reference) {
  for (Index t = 0; t < rows; ++t) std::copy_n(x + static_cast<Index>(ids[t]) * n, n, y + t * n);
}

/// rows `ids` of dx(·,n) += dy(T,n)
inline void scatter_add(float* dx, const float* dy, const Id* ids, Index rows, Index n, reference) {
  for (Index t = 0; t < rows; ++t)
    for (Index i = 0; i < n; ++i) dx[static_cast<Index>(ids[t]) * n + i] += dy[t * n + i];
}

}  // namespace graft::backend
