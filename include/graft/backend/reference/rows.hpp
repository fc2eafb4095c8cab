/// \file
/// Kernels that move rows by number: embedding, gathering, scattering.
#pragma once

#include <graft/backend/reference/reference.hpp>

#include <algorithm>

namespace graft::backend {

/// y(T,n) ← rows `ids` of x(·,n)
template <class E>
void gather(E* y, const E* x, const Id* ids, Index rows, Index n, reference) {
  for (Index t = 0; t < rows; ++t) std::copy_n(x + static_cast<Index>(ids[t]) * n, n, y + t * n);
}

/// rows `ids` of y(·,n) ← x(T,n)
template <class E>
void place_rows(E* y, const Id* ids, const E* x, Index rows, Index n, reference) {
  for (Index t = 0; t < rows; ++t) std::copy_n(x + t * n, n, y + static_cast<Index>(ids[t]) * n);
}

/// rows `ids` of dx(·,n) += dy(T,n)
template <class E>
void scatter_add(E* dx, const E* dy, const Id* ids, Index rows, Index n, reference) {
  for (Index t = 0; t < rows; ++t)
    for (Index i = 0; i < n; ++i) put(dx[static_cast<Index>(ids[t]) * n + i], at(dy, t * n + i), true);
}

/// known(T) ← ids below `first`; others, which are numbers of another table, become 0
inline void split_ids(Id* known, const Id* ids, Index rows, Index first, reference) {
  for (Index t = 0; t < rows; ++t) known[t] = static_cast<Index>(ids[t]) < first ? ids[t] : 0;
}
/// Where id ≥ first: y(t) ← row id − first of x
inline void gather_from(float* y, const float* x, const Id* ids, Index rows, Index n, Index first, reference) {
  for (Index t = 0; t < rows; ++t)
    if (static_cast<Index>(ids[t]) >= first) std::copy_n(x + (static_cast<Index>(ids[t]) - first) * n, n, y + t * n);
}
inline void scatter_add_from(float* dx, const float* dy, const Id* ids, Index rows, Index n, Index first, reference) {
  for (Index t = 0; t < rows; ++t)
    for (Index i = 0; i < n && static_cast<Index>(ids[t]) >= first; ++i) dx[(static_cast<Index>(ids[t]) - first) * n + i] += dy[t * n + i];
}

/// ids(T) ← where each row of x(T,n) is largest, the first of equals
inline void largest_of_rows(Id* ids, const float* x, Index rows, Index n, reference) {
  for (Index t = 0; t < rows; ++t) ids[t] = static_cast<Id>(std::max_element(x + t * n, x + (t + 1) * n) - (x + t * n));
}

}  // namespace graft::backend
