/// \file
/// Dense products with float weights w(out,in), the three of a linear layer.
#pragma once

#include <graft/backend/reference/reference.hpp>

namespace graft::backend {

/// y(T,out) (+)= scale · x(T,in) wᵀ
inline void matmul(float* y, const float* x, const float* w, Index rows, Index in, Index out, float scale, bool accumulate, reference) {
  for (Index t = 0; t < rows; ++t)
    for (Index o = 0; o < out; ++o) {
      float sum = 0;
      for (Index i = 0; i < in; ++i) sum += x[t * in + i] * w[o * in + i];
      put(y[t * out + o], scale * sum, accumulate);
    }
}

/// dx(T,in) (+)= scale · dy(T,out) w
inline void matmul_input(float* dx, const float* dy, const float* w, Index rows, Index in, Index out, float scale, bool accumulate, reference) {
  for (Index t = 0; t < rows; ++t)
    for (Index i = 0; i < in; ++i) {
      float sum = 0;
      for (Index o = 0; o < out; ++o) sum += dy[t * out + o] * w[o * in + i];
      put(dx[t * in + i], scale * sum, accumulate);
    }
}

/// dw(out,in) += scale · dyᵀ x
inline void matmul_weight(float* dw, const float* dy, const float* x, Index rows, Index in, Index out, float scale, reference) {
  for (Index o = 0; o < out; ++o)
    for (Index i = 0; i < in; ++i) {
      float sum = 0;
      for (Index t = 0; t < rows; ++t) sum += dy[t * out + o] * x[t * in + i];
      dw[o * in + i] += scale * sum;
    }
}

/// y(T,n) += b(n), every row
inline void add_bias(float* y, const float* b, Index rows, Index n, reference) {
  for (Index t = 0; t < rows; ++t)
    for (Index i = 0; i < n; ++i) y[t * n + i] += b[i];
}

/// db(n) += sum of the rows of dy(T,n)
inline void add_bias_weight(float* db, const float* dy, Index rows, Index n, reference) {
  for (Index t = 0; t < rows; ++t)
    for (Index i = 0; i < n; ++i) db[i] += dy[t * n + i];
}

}  // namespace graft::backend
