/// \file
/// A product over the whole of a result, cut into pieces that threads take in turn and into passes along K, so that the
/// rows that a pass reads stay in the cache next to the core while panel after panel meets them.
#pragma once

#include <graft/backend/xsimd/bytes.hpp>

#include <array>

namespace graft::backend::bf16 {

/// Rows that `store` will read or write: asked for before the block is computed, they are there when it is.
struct Fetched {
  const void* data = nullptr;
  Index row_bytes = 0, bytes = 0;

  void fetch(Index row, Index rows) const {
    const auto* at = static_cast<const std::byte*>(data) + row * row_bytes;
    for (Index r = 0; r < rows && data != nullptr; ++r, at += row_bytes)
      for (Index line = 0; line < bytes; line += 64) __builtin_prefetch(at + line, 1);
  }
};

/// What one piece of a result is computed from in one pass: factors over [from, to) of the K of all of them, end to
/// end. `begin` and `columns` are those of the result `target`.
struct Piece {
  Factor factors[most_factors];
  ByteFactor bytes[most_factors];
  Index count = 0, byte_count = 0, target = 0, begin = 0, columns = 0;
  Index rows = 0;  // of this result, where results have different numbers of them
  Index from = 0, to = 0, position = 0;
  std::array<Fetched, 2> fetched{};

  [[nodiscard]] Index width() const { return rounded(columns, panel) / panel; }

  /// Adds a(rows,k) b: `panels_of(first, length)` is the run of panels of b's rows [first, first+length).
  template <class PanelsOf>
  void add(Operand a, Index k, const PanelsOf& panels_of) {
    const Index begins = position, ends = position += depth(k);
    const Index first = std::max(from, begins), last = std::min(to, ends);
    if (first >= last) return;
    const Index length = std::min(last - begins, k) - (first - begins);
    const PanelRun run = panels_of(first - begins, length);
    factors[count++] = {a.rows + (first - begins), a.stride, run.data, length, run.next};
  }
  /// The same for panels that lie there whole.
  void add_panels(Operand a, Index k, const Word* b) {
    add(a, k, [b, k](Index first, Index) { return PanelRun{b + first / 2 * panel, panel_words(k)}; });
  }

  /// Adds a product of bytes; `scales` and `sums` are those of the columns.
  template <class Rows, class PanelsOf>
  void add_bytes(const Rows& a, Index k, const float* scales, const std::int32_t* sums, const PanelsOf& panels_of) {
    const Index begins = position, ends = position += byte_depth(k);
    const Index first = std::max(from, begins), last = std::min(to, ends);
    if (first >= last) return;
    const Index length = std::min(last - begins, k) - (first - begins);
    const PanelRun run = panels_of(first - begins, length);
    bytes[byte_count++] = {{a.rows + (first - begins), a.stride, a.scales},
                           run.data,
                           length,
                           run.next,
                           scales,
                           last == ends ? sums : nullptr};
  }
};

/// z's rows lie this far apart where `store` gets them.
inline Index z_stride() { return block_panels() * panel; }

/// For every unit of at most `block_panels()` panels, `prepare(unit, piece)` names or makes the factors of a pass, then
/// `store(piece, z, first row, rows)` takes block after block of sums. `k`: how deep the sums are, all factors padded
/// and end to end. `made`: panels are made by `prepare`, so that a unit should not be cut along the rows more often
/// than need be.
inline void product(Index units, Index rows, Index k, bool made, FunctionRef<void(Index, Piece&)> prepare,
                    FunctionRef<void(const Piece&, float*, Index, Index)> store) {
  constexpr Index most_rows = 512, cached = 1024 * 1024;  // bytes of rows that stay in the second-level cache
  const Index block_size = block_rows();
  const auto cut = [=](Index pieces) { return rounded((rows + pieces - 1) / pieces, block_size); };
  Index row_pieces = (rows + most_rows - 1) / most_rows;
  const Index passes = (k * cut(row_pieces) * sizeof(Bfloat16) + cached - 1) / cached,
              pass = rounded((k + passes - 1) / passes, 2 * step);
  // Several passes keep their sums in memory: then a task is a group of units.
  const Index groups = passes == 1 ? units : std::min(units, std::max<Index>(1, thread_count() / row_pieces));
  while (!made && groups * row_pieces < 4 * thread_count() && cut(row_pieces) > 2 * block_size) row_pieces *= 2;
  const Index length = cut(row_pieces);
  row_pieces = (rows + length - 1) / length;
  parallel_for(groups * row_pieces, rows * k * units * panel > parallel_threshold, [=](Index task) {
    Tiles tiles;
    alignas(64) float z[most_block_rows * most_block_panels * panel];
    const Index stride = z_stride();
    const Index group = task % groups, first_unit = units * group / groups, last_unit = units * (group + 1) / groups,
                begin = task / groups * length;
    float* const sums = passes == 1 ? nullptr : scratch<struct Sums, float>((last_unit - first_unit) * length * stride);
    for (Index from = 0; from < k; from += pass)
      for (Index u = first_unit; u < last_unit; ++u) {
        Piece piece;
        piece.rows = rows, piece.from = from, piece.to = std::min(k, from + pass);
        prepare(u, piece);
        const Index end = std::min(piece.rows, begin + length);
        float* const kept = sums == nullptr ? nullptr : sums + (u - first_unit) * length * stride;
        for (Index r = begin; r < end; r += block_size) {
          const Index here = std::min(block_size, end - r);
          float* const to = kept == nullptr ? z : kept + (r - begin) * stride;
          if (from + pass >= k)
            for (const Fetched& f : piece.fetched) f.fetch(r, here);
          bool more = from != 0;
          for (Index f = 0; f < piece.byte_count; ++f)
            block(tiles, to, stride, piece.bytes[f], r, here, piece.width(), std::exchange(more, true));
          if (piece.count != 0 || !more)
            block(tiles, to, stride, piece.factors, piece.count, r, here, piece.width(), more);
          if (from + pass >= k) store(piece, to, r, here);
        }
      }
  });
}

/// y(rows, columns) (+)= scale · z (+ residual), y's rows and the residual's `stride` apart.
template <class Y>
void store_rows(Y* y, const Y* residual, Index stride, const float* z, Index rows, Index columns, float factor,
                bool accumulate) {
  const simd::Lanes scale(factor);
  const Index z_step = z_stride();
  const auto each_row = [&](const auto& value) {
    for (Index r = 0; r < rows; ++r, y += stride, z += z_step)
      simd::each(0, columns, [&](Index i, auto... count) { simd::store(y + i, value(r, i, count...), count...); });
  };
  if (residual != nullptr)
    each_row([&](Index r, Index i, auto... count) {
      return scale * simd::load(z + i) + simd::load(residual + r * stride + i, count...);
    });
  else if (accumulate)
    each_row([&](Index, Index i, auto... count) { return scale * simd::load(z + i) + simd::load(y + i, count...); });
  else each_row([&](Index, Index i, auto...) { return scale * simd::load(z + i); });
}

/// Units of a result of n columns, and the columns of unit u.
inline Index units(Index n) { return (panels(n) + block_panels() - 1) / block_panels(); }
inline void place(Piece& piece, Index unit, Index n) {
  piece.begin = unit * block_panels() * panel;
  piece.columns = std::min(block_panels() * panel, n - piece.begin);
}
/// The same where the result is y(rows,n), and `residual` is read with it.
template <class Y>
void place(Piece& piece, Index unit, Index n, const Y* y, const Y* residual = nullptr) {
  place(piece, unit, n);
  const auto rows_at = [&](const Y* from) {
    return Fetched{from == nullptr ? nullptr : from + piece.begin, n * sizeof(Y), piece.columns * sizeof(Y)};
  };
  piece.fetched = {rows_at(y), rows_at(residual)};
}

}  // namespace graft::backend::bf16
