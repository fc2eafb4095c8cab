/// \file
/// Products with frozen weights, kept in the layout and precision that the backend packs them into.
/// On `reference` the layout is w(out,in) row-major in the element type of the storage. A trained weight (`Trained`) is
/// not packed: its "packed" bytes are its floats.
#pragma once

#include <graft/backend/reference/matmul.hpp>

namespace graft::backend {

/// packed ← w(out,in)
template <class S>
void pack(std::byte* packed, const float* w, Index out, Index in, S, reference) {
  auto* const elements = reinterpret_cast<StoredElement<S>*>(packed);
  for (Index i = 0; i < out * in; ++i) elements[i] = StoredElement<S>(w[i]);
}

/// y(T,in) ← rows `ids` of w(out,in); all rows in order where ids is null
template <class S>
void lookup_frozen(float* y, const Id* ids, const std::byte* packed, Index rows, Index, Index in, S, reference) {
  const auto* const elements = reinterpret_cast<const StoredElement<S>*>(packed);
  for (Index t = 0; t < rows; ++t) {
    const Index row = ids == nullptr ? t : static_cast<Index>(ids[t]);
    for (Index i = 0; i < in; ++i) y[t * in + i] = static_cast<float>(elements[row * in + i]);
  }
}

/// y(T,out) (+)= x(T,in) wᵀ
template <class Y, class X, class S>
void matmul_frozen(Y* y, const X* x, const std::byte* packed, Index rows, Index in, Index out, bool accumulate, S, reference) {
  const auto* const w = reinterpret_cast<const StoredElement<S>*>(packed);
  for (Index t = 0; t < rows; ++t)
    for (Index o = 0; o < out; ++o) {
      float sum = 0;
      for (Index i = 0; i < in; ++i) sum += at(x, t * in + i) * at(w, o * in + i);
      put(y[t * out + o], sum, accumulate);
    }
}

/// dx(T,in) (+)= dy(T,out) w
template <class X, class Y, class S>
void matmul_frozen_input(X* dx, const Y* dy, const std::byte* packed, Index rows, Index in, Index out, bool accumulate, S, reference) {
  const auto* const w = reinterpret_cast<const StoredElement<S>*>(packed);
  for (Index t = 0; t < rows; ++t)
    for (Index i = 0; i < in; ++i) {
      float sum = 0;
      for (Index o = 0; o < out; ++o) sum += at(dy, t * out + o) * at(w, o * in + i);
      put(dx[t * in + i], sum, accumulate);
    }
}

}  // namespace graft::backend
