/// \file
/// RMSNorm (Zhang and Sennrich 2019) and LayerNorm (Ba et al. 2016), forward and backward.
#pragma once

#include <graft/backend/host/reference.hpp>

#include <cmath>

namespace graft::backend {

/// y(T,n) = x · r · w,   r(T) = 1 / sqrt(mean(x²) + ε), saved
template <class Y, class X>
void rms_norm(Y* y, float* r, const X* x, const float* w, Index rows, Index n, float epsilon, reference) {
  parallel_pieces(rows, row_piece, [=](Index begin, Index end) {
    for (Index t = begin; t < end; ++t) {
      const X* const row = x + t * n;
      float squares = 0;
      for (Index i = 0; i < n; ++i) squares += at(row, i) * at(row, i);
      r[t] = 1.0F / std::sqrt(squares / static_cast<float>(n) + epsilon);
      for (Index i = 0; i < n; ++i) y[t * n + i] = Y(at(row, i) * r[t] * w[i]);
    }
  });
}

/// dx (+)= r (g − x r² mean(g x)),   g = dy w
template <class X, class Y>
void rms_norm_input(X* dx, const Y* dy, const X* x, const float* w, const float* r, Index rows, Index n,
                    bool accumulate, reference) {
  parallel_pieces(rows, row_piece, [=](Index begin, Index end) {
    for (Index t = begin; t < end; ++t) {
      const X* const row = x + t * n;
      const Y* const up = dy + t * n;
      float dot = 0;
      for (Index i = 0; i < n; ++i) dot += at(up, i) * w[i] * at(row, i);
      const float c = dot * r[t] * r[t] / static_cast<float>(n);
      for (Index i = 0; i < n; ++i) put(dx[t * n + i], r[t] * (at(up, i) * w[i] - at(row, i) * c), accumulate);
    }
  });
}

/// dw(n) += sum over rows of dy x r
template <class Y, class X>
void rms_norm_weight(float* dw, const Y* dy, const X* x, const float* r, Index rows, Index n, reference) {
  for (Index t = 0; t < rows; ++t)
    for (Index i = 0; i < n; ++i) dw[i] += at(dy, t * n + i) * at(x, t * n + i) * r[t];
}

/// y(T,n) = z w + b,   z = (x − m) r,   m(T) = mean(x), r(T) = 1 / sqrt(var(x) + ε), both saved
template <class Y, class X>
void layer_norm(Y* y, float* m, float* r, const X* x, const float* w, const float* b, Index rows, Index n,
                float epsilon, reference) {
  for (Index t = 0; t < rows; ++t) {
    const X* const row = x + t * n;
    float sum = 0, squares = 0;
    for (Index i = 0; i < n; ++i) sum += at(row, i);
    m[t] = sum / static_cast<float>(n);
    for (Index i = 0; i < n; ++i) squares += (at(row, i) - m[t]) * (at(row, i) - m[t]);
    r[t] = 1.0F / std::sqrt(squares / static_cast<float>(n) + epsilon);
    for (Index i = 0; i < n; ++i) y[t * n + i] = Y((at(row, i) - m[t]) * r[t] * w[i] + b[i]);
  }
}

/// dx (+)= r (g − mean(g) − z mean(g z)),   g = dy w
template <class X, class Y>
void layer_norm_input(X* dx, const Y* dy, const X* x, const float* w, const float* m, const float* r, Index rows,
                      Index n, bool accumulate, reference) {
  for (Index t = 0; t < rows; ++t) {
    float mean = 0, dot = 0;
    const auto z = [=](Index i) { return (at(x, t * n + i) - m[t]) * r[t]; };
    const auto g = [=](Index i) { return at(dy, t * n + i) * w[i]; };
    for (Index i = 0; i < n; ++i) {
      mean += g(i) / static_cast<float>(n);
      dot += g(i) * z(i) / static_cast<float>(n);
    }
    for (Index i = 0; i < n; ++i) put(dx[t * n + i], r[t] * (g(i) - mean - z(i) * dot), accumulate);
  }
}

/// dw(n) += sum over rows of dy z
template <class Y, class X>
void layer_norm_weight(float* dw, const Y* dy, const X* x, const float* m, const float* r, Index rows, Index n,
                       reference) {
  for (Index t = 0; t < rows; ++t)
    for (Index i = 0; i < n; ++i) dw[i] += at(dy, t * n + i) * (at(x, t * n + i) - m[t]) * r[t];
}

}  // namespace graft::backend
