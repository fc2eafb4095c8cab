/// \file
/// Dense products of floats. A task is some columns of the result for some rows: step by step along K, its part of b is
/// laid into panels once, and blocks of rows of a meet them (float_tile.hpp).
#pragma once

#include <graft/backend/eigen/matmul.hpp>
#include <graft/backend/host/reference.hpp>
#include <graft/backend/xsimd/float_tile.hpp>
#include <graft/backend/xsimd/tag.hpp>

#include <algorithm>

namespace graft::backend {

void matmul(float* y, const float* x, const float* w, Index rows, Index in, Index out, float scale, bool accumulate,
            xsimd_cpu);
void matmul_input(float* dx, const float* dy, const float* w, Index rows, Index in, Index out, float scale,
                  bool accumulate, xsimd_cpu);
void matmul_weight(float* dw, const float* dy, const float* x, Index rows, Index in, Index out, float scale, xsimd_cpu);

#if defined(GRAFT_KERNEL_INLINE)
namespace dense {

/// Rows below which laying out panels costs more than it saves.
inline constexpr Index least_rows = 96;

/// A matrix in memory, its rows `stride` apart, or as many columns.
struct Matrix {
  const float* data;
  Index stride;
  bool by_columns;
};

/// to(k, float_columns) ← b(from + …, column + …), zero beyond `columns`
inline void panel(float* to, Matrix b, Index from, Index k, Index column, Index columns) {
  if (columns < float_columns) std::fill_n(to, k * float_columns, 0.0F);
  if (b.by_columns) {
    const float* const first = b.data + column * b.stride + from;
    for (Index s = 0; s < k; ++s)
      for (Index j = 0; j < columns; ++j) to[s * float_columns + j] = first[j * b.stride + s];
  } else {
    for (Index s = 0; s < k; ++s) std::copy_n(b.data + (from + s) * b.stride + column, columns, to + s * float_columns);
  }
}

/// z(rows,columns) (+)= scale · a(rows,K) b(K,columns)
inline void product(float* z, Matrix a, Matrix b, Index rows, Index columns, Index depth, float scale,
                    bool accumulate) {
  constexpr Index most_columns = 256, most_rows = 1024;
  const auto ceil = [](Index n, Index unit) { return (n + unit - 1) / unit; };
  Index units = ceil(columns, most_columns), pieces = ceil(rows, most_rows);
  const Index unit = ceil(ceil(columns, units), float_columns) * float_columns;
  units = ceil(columns, unit);
  while (units * pieces < 2 * thread_count() && ceil(rows, pieces) > 2 * float_rows_together) ++pieces;
  const Index piece = ceil(ceil(rows, pieces), float_rows_together) * float_rows_together;
  pieces = ceil(rows, piece);
  parallel_for(units * pieces, rows * columns * depth > parallel_threshold, [=](Index task) {
    const Index first_column = task % units * unit, wide = std::min(unit, columns - first_column),
                first_row = task / units * piece, last_row = std::min(rows, first_row + piece);
    float* const panels = scratch<struct FloatPanels, float>(most_columns * float_depth);
    alignas(64) static thread_local float left[float_rows_together * float_stride];
    alignas(64) float edge[float_rows_together * float_columns];
    for (Index from = 0; from < depth; from += float_depth) {
      const Index k = std::min(float_depth, depth - from);
      const bool more = accumulate || from != 0;
      for (Index c = 0; c < wide; c += float_columns)
        panel(panels + c * float_depth, b, from, k, first_column + c, std::min(float_columns, wide - c));
      for (Index row = first_row; row < last_row; row += float_rows_together) {
        const Index here = std::min(float_rows_together, last_row - row);
        // Rows along K, or columns of rows: either as it lies.
        if (a.by_columns)
          for (Index s = 0; s < k; ++s)
            for (Index r = 0; r < here; ++r)
              left[s * float_rows_together + r] = scale * a.data[(from + s) * a.stride + row + r];
        else
          for (Index r = 0; r < here; ++r)
            for (Index s = 0; s < k; ++s) left[r * float_stride + s] = scale * a.data[(row + r) * a.stride + from + s];
        for (Index c = 0; c < wide; c += float_columns) {
          const Index whole = std::min(float_columns, wide - c);
          float* const to = z + row * columns + first_column + c;
          float* const sums = whole == float_columns ? to : edge;
          const Index stride = whole == float_columns ? columns : float_columns;
          if (sums == edge && more)
            for (Index r = 0; r < here; ++r) std::copy_n(to + r * columns, whole, edge + r * float_columns);
          if (a.by_columns)
            float_tiles<1, float_rows_together>(sums, stride, left, panels + c * float_depth, here, k, more);
          else float_tiles<float_stride, 1>(sums, stride, left, panels + c * float_depth, here, k, more);
          if (sums == edge)
            for (Index r = 0; r < here; ++r) std::copy_n(edge + r * float_columns, whole, to + r * columns);
        }
      }
    }
  });
}

}  // namespace dense

GRAFT_KERNEL_INLINE void matmul(float* y, const float* x, const float* w, Index rows, Index in, Index out, float scale,
                                bool accumulate, xsimd_cpu on) {
  if (rows < dense::least_rows) return matmul(y, x, w, rows, in, out, scale, accumulate, static_cast<eigen_cpu>(on));
  dense::product(y, {x, in, false}, {w, in, true}, rows, out, in, scale, accumulate);
}
GRAFT_KERNEL_INLINE void matmul_input(float* dx, const float* dy, const float* w, Index rows, Index in, Index out,
                                      float scale, bool accumulate, xsimd_cpu on) {
  if (rows < dense::least_rows)
    return matmul_input(dx, dy, w, rows, in, out, scale, accumulate, static_cast<eigen_cpu>(on));
  dense::product(dx, {dy, out, false}, {w, in, false}, rows, in, out, scale, accumulate);
}
GRAFT_KERNEL_INLINE void matmul_weight(float* dw, const float* dy, const float* x, Index rows, Index in, Index out,
                                       float scale, xsimd_cpu) {
  dense::product(dw, {dy, out, true}, {x, in, false}, out, in, rows, scale, true);
}
#endif

}  // namespace graft::backend
