/// \file
/// Products with block-diagonal matrices, kept as their blocks one below the other: r(n·b, b).
#pragma once

#include <graft/backend/host/reference.hpp>

namespace graft::backend {

/// q(n·b,b): antisymmetric blocks of the numbers v(n, b(b−1)/2) above their diagonals, row by row
inline void skew(float* q, const float* v, Index blocks, Index size, reference) {
  for (Index i = 0; i < blocks; ++i, q += size * size)
    for (Index r = 0; r < size; ++r) {
      q[r * size + r] = 0;
      for (Index c = r + 1; c < size; ++c, ++v) q[r * size + c] = *v, q[c * size + r] = -*v;
    }
}
/// dv += dq above the diagonals − dq below them
inline void skew_input(float* dv, const float* dq, Index blocks, Index size, reference) {
  for (Index i = 0; i < blocks; ++i, dq += size * size)
    for (Index r = 0; r < size; ++r)
      for (Index c = r + 1; c < size; ++c, ++dv) *dv += dq[r * size + c] - dq[c * size + r];
}

/// Ones on the diagonals of blocks of b×b
inline void unit_diagonals(float* y, Index blocks, Index size, reference) {
  for (Index i = 0; i < blocks; ++i)
    for (Index r = 0; r < size; ++r) y[(i * size + r) * size + r] = 1.0F;
}
/// q_i (+)= (r_i − r_iᵀ)/2, which is its own gradient
inline void skew_part(float* q, const float* r, Index blocks, Index size, bool accumulate, reference) {
  for (Index i = 0; i < blocks; ++i, q += size * size, r += size * size)
    for (Index a = 0; a < size; ++a)
      for (Index b = 0; b < size; ++b) put(q[a * size + b], 0.5F * (r[a * size + b] - r[b * size + a]), accumulate);
}

/// u(n,r): column j is row j of p(r,n) below its diagonal, 1 on it, 0 above
inline void unit_lower(float* u, const float* p, Index r, Index n, reference) {
  for (Index i = 0; i < n; ++i)
    for (Index j = 0; j < r; ++j) u[i * r + j] = i == j ? 1.0F : i > j ? p[j * n + i] : 0.0F;
}
inline void unit_lower_input(float* dp, const float* du, Index r, Index n, reference) {
  for (Index i = 0; i < n; ++i)
    for (Index j = 0; j < r && j < i; ++j) dp[j * n + i] += du[i * r + j];
}
/// y(r,n): the signs of p's diagonal on a diagonal
inline void signed_identity(float* y, const float* p, Index r, Index n, reference) {
  std::fill_n(y, r * n, 0.0F);
  for (Index j = 0; j < r; ++j) y[j * n + j] = p[j * n + j] < 0.0F ? -1.0F : 1.0F;
}

/// y(T, n·b) (+)= x r, or x rᵀ: every row's blocks of b columns by their own block of r
template <class E>
void multiply_blocks(E* y, const E* x, const float* r, Index rows, Index columns, Index size, bool transposed,
                     bool accumulate, reference) {
  parallel_pieces(rows, row_piece, [=](Index begin, Index end) {
    float* const sum = scratch<struct BlockSums, float>(size);
    for (Index t = begin; t < end; ++t)
      for (Index i = 0; i < columns; i += size) {
        std::fill_n(sum, size, 0.0F);
        for (Index k = 0; k < size; ++k) {
          if (transposed) {
            const float* const row = r + (i + k) * size;
            float all = 0;
            for (Index c = 0; c < size; ++c) all += at(x, t * columns + i + c) * row[c];
            sum[k] = all;
          } else {
            const float value = at(x, t * columns + i + k);
            const float* const row = r + (i + k) * size;
            GRAFT_SIMD for (Index c = 0; c < size; ++c) sum[c] += value * row[c];
          }
        }
        for (Index c = 0; c < size; ++c) put(y[t * columns + i + c], sum[c], accumulate);
      }
  });
}
/// dr(n·b, b) += Σ_t xᵀ dy, block by block
template <class E>
void multiply_blocks_weight(float* dr, const E* dy, const E* x, Index rows, Index columns, Index size, reference) {
  parallel_for(columns, rows * columns * size > parallel_threshold, [=](Index i) {
    const Index block = i / size * size;
    for (Index t = 0; t < rows; ++t)
      for (Index c = 0; c < size; ++c) dr[i * size + c] += at(x, t * columns + i) * at(dy, t * columns + block + c);
  });
}

/// y_i = (I + q_i)⁻¹ for blocks of b×b, by Gauss and Jordan; q is antisymmetric, so that every pivot is at least 1
inline void inverse_of_sum(float* y, const float* q, Index blocks, Index size, reference) {
  parallel_for(blocks, blocks * size * size * size > parallel_threshold, [=](Index block) {
    double *const left = scratch<struct Eliminated, double>(2 * size * size), *const right = left + size * size;
    std::fill_n(right, size * size, 0.0);
    for (Index i = 0; i < size * size; ++i) left[i] = static_cast<double>(q[block * size * size + i]);
    for (Index i = 0; i < size; ++i) left[i * size + i] += 1.0, right[i * size + i] = 1.0;
    for (Index i = 0; i < size; ++i) {
      const double pivot = 1.0 / left[i * size + i];
      for (Index c = 0; c < size; ++c) left[i * size + c] *= pivot, right[i * size + c] *= pivot;
      for (Index r = 0; r < size; ++r) {
        const double factor = left[r * size + i];
        if (r == i || factor == 0) continue;
        for (Index c = 0; c < size; ++c)
          left[r * size + c] -= factor * left[i * size + c], right[r * size + c] -= factor * right[i * size + c];
      }
    }
    for (Index i = 0; i < size * size; ++i) y[block * size * size + i] = static_cast<float>(right[i]);
  });
}
/// dq_i −= y_iᵀ dy_i y_iᵀ
inline void inverse_of_sum_input(float* dq, const float* dy, const float* y, Index blocks, Index size, reference) {
  parallel_for(blocks, blocks * size * size * size > parallel_threshold, [=](Index block) {
    const float *const inverse = y + block * size * size, *const d = dy + block * size * size;
    float* const half = scratch<struct HalfProduct, float>(size * size);  // yᵀ dy
    std::fill_n(half, size * size, 0.0F);
    for (Index k = 0; k < size; ++k)
      for (Index r = 0; r < size; ++r)
        for (Index c = 0; c < size; ++c) half[r * size + c] += inverse[k * size + r] * d[k * size + c];
    for (Index r = 0; r < size; ++r)
      for (Index c = 0; c < size; ++c) {
        float sum = 0;
        for (Index k = 0; k < size; ++k) sum += half[r * size + k] * inverse[c * size + k];
        dq[block * size * size + r * size + c] -= sum;
      }
  });
}

/// y_i (+)= a_i b_i for blocks of b×b; either may be meant transposed
inline void product_of_blocks(float* y, const float* a, const float* b, Index blocks, Index size, bool a_transposed,
                              bool b_transposed, bool accumulate, reference) {
  parallel_for(blocks, blocks * size * size * size > parallel_threshold, [=](Index i) {
    const float *const left = a + i * size * size, *const right = b + i * size * size;
    for (Index r = 0; r < size; ++r)
      for (Index c = 0; c < size; ++c) {
        float sum = 0;
        for (Index k = 0; k < size; ++k)
          sum += (a_transposed ? left[k * size + r] : left[r * size + k]) *
                 (b_transposed ? right[c * size + k] : right[k * size + c]);
        put(y[(i * size + r) * size + c], sum, accumulate);
      }
  });
}

}  // namespace graft::backend
