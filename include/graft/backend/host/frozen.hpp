/// \file
/// Products with frozen weights, kept in the layout and precision that the backend packs them into.
/// On `reference` the layout is w(out,in) row-major in the element type of the storage. A trained weight (`Trained`) is
/// not packed: its "packed" bytes are its floats.
#pragma once

#include <graft/backend/host/matmul.hpp>

#include <vector>

namespace graft::backend {

/// packed ← w(out,in)
template <class S>
void pack(std::byte* packed, const float* w, Index out, Index in, S, reference) {
  if constexpr (requires { S::encode_rows(packed, w, out, in); }) {
    S::encode_rows(packed, w, out, in);
  } else if constexpr (QuantizedStorage<S>) {
    parallel_for(out, out * in > parallel_threshold,
                 [=](Index o) { S::encode_row(packed + o * S::row_bytes(in), w + o * in, in); });
  } else {
    auto* const elements = reinterpret_cast<StoredElement<S>*>(packed);
    for (Index i = 0; i < out * in; ++i) elements[i] = StoredElement<S>(w[i]);
  }
}

/// y(in) ← row o of w(out,in)
template <class S>
void unpack_row(float* y, const std::byte* packed, Index o, Index in, S) {
  if constexpr (QuantizedStorage<S>) {
    S::decode_row(y, packed + o * S::row_bytes(in), in);
  } else {
    for (Index i = 0; i < in; ++i) y[i] = at(reinterpret_cast<const StoredElement<S>*>(packed), o * in + i);
  }
}

/// y(T,in) ← rows `ids` of w(out,in); all rows in order where ids is null
template <class S>
void lookup_frozen(float* y, const Id* ids, const std::byte* packed, Index rows, Index, Index in, S storage,
                   reference) {
  for (Index t = 0; t < rows; ++t)
    unpack_row(y + t * in, packed, ids == nullptr ? t : static_cast<Index>(ids[t]), in, storage);
}

/// y(T,out) (+)= x(T,in) wᵀ
template <class Y, class X, class S>
void matmul_frozen(Y* y, const X* x, const std::byte* packed, Index rows, Index in, Index out, bool accumulate,
                   S storage, reference) {
  std::vector<float> row(in);
  for (Index o = 0; o < out; ++o) {
    unpack_row(row.data(), packed, o, in, storage);
    for (Index t = 0; t < rows; ++t) {
      float sum = 0;
      for (Index i = 0; i < in; ++i) sum += at(x, t * in + i) * row[i];
      put(y[t * out + o], sum, accumulate);
    }
  }
}

/// dx(T,in) (+)= dy(T,out) w
template <class X, class Y, class S>
void matmul_frozen_input(X* dx, const Y* dy, const std::byte* packed, Index rows, Index in, Index out, bool accumulate,
                         S storage, reference) {
  std::vector<float> row(in), sums(rows * in);
  for (Index o = 0; o < out; ++o) {
    unpack_row(row.data(), packed, o, in, storage);
    for (Index t = 0; t < rows; ++t)
      for (Index i = 0; i < in; ++i) sums[t * in + i] += at(dy, t * out + o) * row[i];
  }
  for (Index i = 0; i < rows * in; ++i) put(dx[i], sums[i], accumulate);
}

}  // namespace graft::backend
