/// \file
/// A product over the whole of a result, cut into pieces that threads take in turn.
#pragma once

#include <graft/backend/xsimd/tile.hpp>

namespace graft::backend::bf16 {

/// What one piece of a result is computed from. `begin` and `columns` are those of the result `target`.
struct Piece {
  Factor factors[most_factors];
  Index count = 0, target = 0, begin = 0, columns = 0;
  Index rows = 0;  // of this result, where results have different numbers of them

  void add(Operand a, const Word* b, Index k) { factors[count++] = {a.rows, a.stride, b, k, panel_words(k)}; }
};

/// For every unit of at most `block_panels()` panels, `prepare(unit, piece)` names or makes its factors, then
/// `store(piece, z, z_stride, first row, rows)` takes block after block of sums. `made`: panels are made by `prepare`, so that
/// a unit should not be cut along the rows more often than the cache wants it. `k`: how deep the sums are, all factors together.
inline void product(Index units, Index rows, Index k, bool made, FunctionRef<void(Index, Piece&)> prepare, FunctionRef<void(const Piece&, const float*, Index, Index)> store) {
  constexpr Index cached = 768 * 1024;  // bytes of rows that stay in the second-level cache while panels pass
  const Index block_size = block_rows();
  const auto cut = [=](Index pieces) { return rounded((rows + pieces - 1) / pieces, block_size); };
  const Index most = std::max(block_size, cached / (depth(k) * sizeof(Bfloat16)) / block_size * block_size);
  Index row_pieces = (rows + most - 1) / most;
  while (!made && units * row_pieces < 4 * thread_count() && cut(row_pieces) > 2 * block_size) row_pieces *= 2;
  const Index length = cut(row_pieces);
  row_pieces = (rows + length - 1) / length;
  parallel_for(units * row_pieces, rows * k * units * panel > parallel_threshold, [=](Index task) {
    Tiles tiles;
    Piece piece;
    piece.rows = rows;
    prepare(task % units, piece);
    alignas(64) float z[most_block_rows * 2 * panel];
    const Index begin = task / units * length, end = std::min(piece.rows, begin + length), width = panels(piece.columns);
    for (Index f = 0; f < piece.count; ++f) piece.factors[f].rows += begin * piece.factors[f].stride;
    for (Index r = begin; r < end; r += block_size) {
      const Index here = std::min(block_size, end - r);
      block(tiles, z, 2 * panel, piece.factors, piece.count, here, width);
      store(piece, z, r, here);
      for (Index f = 0; f < piece.count; ++f) piece.factors[f].rows += here * piece.factors[f].stride;
    }
  });
}

/// z's rows lie this far apart where `store` gets them.
inline constexpr Index z_stride = 2 * panel;

/// y(rows, columns) (+)= scale · z (+ residual), y's rows and the residual's `stride` apart.
template <class Y>
void store_rows(Y* y, const Y* residual, Index stride, const float* z, Index rows, Index columns, float factor, bool accumulate) {
  const simd::Lanes scale(factor);
  for (Index r = 0; r < rows; ++r, y += stride, z += z_stride) {
    simd::each(0, columns, [&](Index i, auto... count) {
      auto value = scale * simd::load(z + i);
      if (residual != nullptr) value += simd::load(residual + r * stride + i, count...);
      simd::put(y + i, value, accumulate, count...);
    });
  }
}

/// Units of a result of n columns, and the columns of unit u.
inline Index units(Index n) { return (panels(n) + block_panels() - 1) / block_panels(); }
inline void place(Piece& piece, Index unit, Index n) {
  piece.begin = unit * block_panels() * panel;
  piece.columns = std::min(block_panels() * panel, n - piece.begin);
}

}  // namespace graft::backend::bf16
