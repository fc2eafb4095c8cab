/// \file
/// What methods do to columns of activations and to weights that they compute.
#pragma once

#include <graft/backend/host/reference.hpp>

#include <algorithm>
#include <array>
#include <cmath>

namespace graft::backend {

/// y(T,n) (+)= x(T,n) ∘ v(n), every row
template <class E>
void scale_columns(E* y, const E* x, const float* v, Index rows, Index n, bool accumulate, reference) {
  parallel_pieces(rows, row_piece, [=](Index begin, Index end) {
    for (Index t = begin; t < end; ++t) {
      GRAFT_SIMD for (Index i = 0; i < n; ++i) put(y[t * n + i], at(x, t * n + i) * v[i], accumulate);
    }
  });
}

/// dv(n) += Σ_t dy(t) ∘ x(t): columns on all threads, rows in their order
template <class E>
void scale_columns_weight(float* dv, const E* dy, const E* x, Index rows, Index n, reference) {
  parallel_pieces(n, 64, [=](Index begin, Index end) {
    for (Index t = 0; t < rows; ++t) {
      GRAFT_SIMD for (Index i = begin; i < end; ++i) dv[i] += at(dy, t * n + i) * at(x, t * n + i);
    }
  });
}

/// inverse(M) = 1 / ‖w[m]‖ for the rows of w(M,n)
inline void inverse_row_norms(float* inverse, const float* w, Index rows, Index n, reference) {
  parallel_pieces(rows, row_piece, [=](Index begin, Index end) {
    for (Index t = begin; t < end; ++t) {
      double sum = 0;
      for (Index i = 0; i < n; ++i) sum += static_cast<double>(w[t * n + i]) * static_cast<double>(w[t * n + i]);
      inverse[t] = static_cast<float>(1.0 / std::sqrt(sum));
    }
  });
}

/// y(T,r): y[j] = Σ x[i], i ≡ j mod r
template <class E>
void fold(E* y, const E* x, Index rows, Index n, Index r, reference) {
  parallel_pieces(rows, row_piece, [=](Index begin, Index end) {
    for (Index t = begin; t < end; ++t)
      for (Index j = 0; j < r; ++j) {
        float sum = 0;
        for (Index i = j; i < n; i += r) sum += at(x, t * n + i);
        y[t * r + j] = E(sum);
      }
  });
}
/// dx[i] (+)= dy[i mod r]
template <class E>
void unfold(E* dx, const E* dy, Index rows, Index n, Index r, bool accumulate, reference) {
  parallel_pieces(rows, row_piece, [=](Index begin, Index end) {
    for (Index t = begin; t < end; ++t)
      for (Index i = 0; i < n; ++i) put(dx[t * n + i], at(dy, t * r + i % r), accumulate);
  });
}

/// y(l·k, m·n) = a(l,m) ⊗ b(k,n)
inline void kronecker(float* y, const float* a, const float* b, Index l, Index m, Index k, Index n, reference) {
  parallel_for(l, l * m * k * n > parallel_threshold, [=](Index i) {
    for (Index p = 0; p < k; ++p)
      for (Index j = 0; j < m; ++j)
        for (Index q = 0; q < n; ++q) y[((i * k + p) * m + j) * n + q] = a[i * m + j] * b[p * n + q];
  });
}
inline void kronecker_left(float* da, const float* dy, const float* b, Index l, Index m, Index k, Index n, reference) {
  parallel_for(l, l * m * k * n > parallel_threshold, [=](Index i) {
    for (Index p = 0; p < k; ++p)
      for (Index j = 0; j < m; ++j) {
        float sum = 0;
        for (Index q = 0; q < n; ++q) sum += dy[((i * k + p) * m + j) * n + q] * b[p * n + q];
        da[i * m + j] += sum;
      }
  });
}
inline void kronecker_right(float* db, const float* dy, const float* a, Index l, Index m, Index k, Index n, reference) {
  parallel_for(k, l * m * k * n > parallel_threshold, [=](Index p) {
    for (Index i = 0; i < l; ++i)
      for (Index j = 0; j < m; ++j)
        for (Index q = 0; q < n; ++q) db[p * n + q] += a[i * m + j] * dy[((i * k + p) * m + j) * n + q];
  });
}

/// y[k n + i, j] = l[k,i] a[k,j] g[i,j]
inline void scaled_bases(float* y, const float* a, const float* l, const float* g, Index ks, Index n, Index js,
                         reference) {
  parallel_for(ks * n, ks * n * js > parallel_threshold, [=](Index row) {
    const Index k = row / n, i = row % n;
    for (Index j = 0; j < js; ++j) y[row * js + j] = l[row] * a[k * js + j] * g[i * js + j];
  });
}
/// dl += Σ_j dy a g;   dg += Σ_k dy l a;   what is null is not computed
inline void scaled_bases_inputs(float* dl, float* dg, const float* dy, const float* a, const float* l, const float* g,
                                Index ks, Index n, Index js, reference) {
  parallel_for(n, ks * n * js > parallel_threshold, [=](Index i) {
    for (Index k = 0; k < ks; ++k) {
      const Index row = k * n + i;
      float sum = 0;
      for (Index j = 0; j < js; ++j) {
        sum += dy[row * js + j] * a[k * js + j] * g[i * js + j];
        if (dg != nullptr) dg[i * js + j] += dy[row * js + j] * l[row] * a[k * js + j];
      }
      if (dl != nullptr) dl[row] += sum;
    }
  });
}

/// A column u[0], u[stride], … in memory of its own.
inline const float* gathered_column(const float* u, Index stride, Index n) {
  float* const column = scratch<struct GatheredColumn, float>(n);
  for (Index i = 0; i < n; ++i) column[i] = u[i * stride];
  return column;
}
inline float squares(const float* u, Index n) {
  double sum = 0;
  for (Index i = 0; i < n; ++i) sum += static_cast<double>(u[i]) * static_cast<double>(u[i]);
  return static_cast<float>(sum);
}
/// x·u in sixteen sums, which a compiler keeps in registers
template <class E>
float dot(const E* x, const float* u, Index n) {
  std::array<float, 16> sums{};
  Index i = 0;
  for (; i + 16 <= n; i += 16) { GRAFT_SIMD for (Index j = 0; j < 16; ++j) sums[j] += at(x, i + j) * u[i + j]; }
  float sum = 0;
  for (; i < n; ++i) sum += at(x, i) * u[i];
  for (const float part : sums) sum += part;
  return sum;
}

/// y (+)= x − 2 f (x·u) u / (u·u), every row
template <class E>
void reflect(E* y, const E* x, const float* u, Index stride, Index rows, Index n, float factor, bool accumulate,
             reference) {
  const float* const v = gathered_column(u, stride, n);
  const float size = squares(v, n);
  parallel_pieces(rows, row_piece, [=](Index begin, Index end) {
    for (Index t = begin; t < end; ++t) {
      const float c = 2.0F * factor * dot(x + t * n, v, n) / size;
      GRAFT_SIMD for (Index i = 0; i < n; ++i) put(y[t * n + i], at(x, t * n + i) - c * v[i], accumulate);
    }
  });
}
/// Columns on all threads, rows in their order
template <class E>
void reflect_weight(float* du, const E* dy, const E* x, const float* u, Index stride, Index rows, Index n, float factor,
                    reference) {
  const float* const v = gathered_column(u, stride, n);
  const float size = squares(v, n);
  float* const dots = scratch<struct ReflectionDots, float>(2 * rows);
  parallel_pieces(rows, row_piece, [=](Index begin, Index end) {
    for (Index t = begin; t < end; ++t) dots[2 * t] = dot(x + t * n, v, n), dots[2 * t + 1] = dot(dy + t * n, v, n);
  });
  parallel_pieces(n, 64, [=](Index begin, Index end) {
    float* const sum = scratch<struct ReflectionSums, float>(end - begin);
    std::fill_n(sum, end - begin, 0.0F);
    for (Index t = 0; t < rows; ++t) {
      const float a = dots[2 * t], b = dots[2 * t + 1], both = 4.0F * a * b / size;
      GRAFT_SIMD for (Index i = begin; i < end; ++i) sum[i - begin] +=
          both * v[i] - 2.0F * b * at(x, t * n + i) - 2.0F * a * at(dy, t * n + i);
    }
    for (Index i = begin; i < end; ++i) du[i * stride] += factor * sum[i - begin] / size;
  });
}

}  // namespace graft::backend
