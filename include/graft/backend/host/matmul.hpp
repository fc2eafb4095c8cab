/// \file
/// Dense products with float weights w(out,in), the three of a linear layer.
#pragma once

#include <graft/backend/host/reference.hpp>

namespace graft::backend {

/// y(T,out) (+)= scale · x(T,in) wᵀ
template <class Y, class X>
void matmul(Y* y, const X* x, const float* w, Index rows, Index in, Index out, float scale, bool accumulate,
            reference) {
  for (Index t = 0; t < rows; ++t)
    for (Index o = 0; o < out; ++o) {
      float sum = 0;
      for (Index i = 0; i < in; ++i) sum += at(x, t * in + i) * w[o * in + i];
      put(y[t * out + o], scale * sum, accumulate);
    }
}

/// dx(T,in) (+)= scale · dy(T,out) w
template <class X, class Y>
void matmul_input(X* dx, const Y* dy, const float* w, Index rows, Index in, Index out, float scale, bool accumulate,
                  reference) {
  for (Index t = 0; t < rows; ++t)
    for (Index i = 0; i < in; ++i) {
      float sum = 0;
      for (Index o = 0; o < out; ++o) sum += at(dy, t * out + o) * w[o * in + i];
      put(dx[t * in + i], scale * sum, accumulate);
    }
}

/// dw(out,in) += scale · dyᵀ x
template <class Y, class X>
void matmul_weight(float* dw, const Y* dy, const X* x, Index rows, Index in, Index out, float scale, reference) {
  for (Index o = 0; o < out; ++o)
    for (Index i = 0; i < in; ++i) {
      float sum = 0;
      for (Index t = 0; t < rows; ++t) sum += at(dy, t * out + o) * at(x, t * in + i);
      dw[o * in + i] += scale * sum;
    }
}

/// y(T,n) += b(n), every row
template <class E>
void add_bias(E* y, const float* b, Index rows, Index n, reference) {
  for (Index t = 0; t < rows; ++t)
    for (Index i = 0; i < n; ++i) put(y[t * n + i], b[i], true);
}

/// db(n) += sum of the rows of dy(T,n)
template <class E>
void add_bias_weight(float* db, const E* dy, Index rows, Index n, reference) {
  for (Index t = 0; t < rows; ++t)
    for (Index i = 0; i < n; ++i) db[i] += at(dy, t * n + i);
}

}  // namespace graft::backend
