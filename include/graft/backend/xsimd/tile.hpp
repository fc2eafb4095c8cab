/// \file
/// z(M,N) (+)= Σ a(M,K) b(K,N) over a few products whose results are added up in registers: the inner loop of
/// everything in bfloat16. Three ways, by what the CPU has: tiles of AMX (16×16 sums in one register), `vdpbf16ps`, or
/// floats: pairs are widened once for a block, run by run of K, into memory that stays in the caches next to the core
/// (Goto and van de Geijn 2008).
#pragma once

#include <graft/backend/xsimd/float_tile.hpp>
#include <graft/backend/xsimd/operand.hpp>

#if defined(__AMX_BF16__) && defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace graft::backend::bf16 {

/// Rows and panels of a block at the most: where pairs are widened for a block, many share that.
#if defined(__AVX512BF16__)
inline constexpr Index most_block_rows = 48, most_block_panels = 2;
#else
inline constexpr Index most_block_rows = float_rows_together, most_block_panels = 4;
#endif

/// Factors of one block at the most: products that share a result, and a low-rank path.
inline constexpr Index most_factors = 8;

/// One of the products that a block adds up: rows of a, `stride` elements apart, and a panel of b; the next panel lies
/// `next` words on.
struct Factor {
  const Bfloat16* rows;
  Index stride;
  const Word* panel;
  Index k, next;
};

/// Rows by Vectors registers of z from column `at` on; registers beyond the first panel are in the next.
template <Index Rows, Index Vectors>
[[gnu::noinline]] void tile(float* z, Index z_stride, const Factor* factors, Index count, Index row, Index at,
                            bool accumulate) {
  simd::Lanes c[Rows][Vectors];
  GRAFT_UNROLL for (Index r = 0; r < Rows; ++r) {
    GRAFT_UNROLL for (Index j = 0; j < Vectors; ++j) c[r][j] =
        accumulate ? simd::load(z + r * z_stride + j * simd::width) : simd::Lanes(0.0F);
  }
  for (const Factor* f = factors; f != factors + count; ++f) {
    const auto* const a = reinterpret_cast<const Word*>(f->rows + row * f->stride);
    const Index a_stride = f->stride / 2, pairs = (f->k + 1) / 2;
    const Word* b[Vectors];
    GRAFT_UNROLL for (Index j = 0; j < Vectors; ++j) b[j] =
        f->panel + (at + j * simd::width) / panel * f->next + (at + j * simd::width) % panel;
    for (Index s = 0; s < pairs; ++s) {
      Words w[Vectors];
      GRAFT_UNROLL for (Index j = 0; j < Vectors; ++j) w[j] = simd::load_words(b[j] + s * panel);
      GRAFT_UNROLL for (Index r = 0; r < Rows; ++r) {
        const Words x(static_cast<std::int32_t>(a[r * a_stride + s]));
        GRAFT_UNROLL for (Index j = 0; j < Vectors; ++j) c[r][j] = simd::dot(c[r][j], x, w[j]);
      }
    }
  }
  GRAFT_UNROLL for (Index r = 0; r < Rows; ++r) {
    GRAFT_UNROLL for (Index j = 0; j < Vectors; ++j) simd::store(z + r * z_stride + j * simd::width, c[r][j]);
  }
}

/// A tile's sums, as a CPU's register file allows: 24 of 32 registers, or 8 of 16.
inline constexpr Index most_vectors = simd::width == 16 ? 4 : 2;
template <Index Vectors>
inline constexpr Index tile_rows = simd::width < 16 ? 4
                                   : Vectors == 4   ? 6
                                                    : 12;

template <Index Vectors>
void column_of_tiles(float* z, Index z_stride, const Factor* factors, Index count, Index row, Index rows, Index at,
                     bool accumulate) {
  Index r = 0;
  const auto run = [&]<Index Rows>(std::integral_constant<Index, Rows>) {
    for (; r + Rows <= rows; r += Rows)
      tile<Rows, Vectors>(z + r * z_stride, z_stride, factors, count, row + r, at, accumulate);
  };
  run(std::integral_constant<Index, tile_rows<Vectors>>{});
  if constexpr (tile_rows < Vectors >> 6) run(std::integral_constant<Index, 4>{});
  run(std::integral_constant<Index, 2>{});
  run(std::integral_constant<Index, 1>{});
}

#if !defined(__AVX512BF16__)

/// to(pairs·2, float_columns) ← columns of panels from `from` on, whose words are pairs along K.
inline void widen_columns(float* to, const Word* from, Index pairs) {
  for (Index s = 0; s < pairs; ++s, from += panel, to += 2 * float_columns)
    GRAFT_UNROLL for (Index j = 0; j < float_columns; j += simd::width) {
      const Words words = simd::load_words(from + j);
      simd::store(to + j, xsimd::bitwise_cast<simd::Lanes>(words << 16));
      simd::store(to + float_columns + j,
                  xsimd::bitwise_cast<simd::Lanes>(words & Words(static_cast<std::int32_t>(0xffff0000U))));
    }
}

/// What `block` does, for rows that are worth it.
inline void float_block(float* z, Index z_stride, const Factor* factors, Index count, Index row, Index rows,
                        Index columns, bool accumulate) {
  alignas(64) static thread_local float a[float_rows_together * float_stride], b[float_depth * float_columns];
  for (const Factor* f = factors; f != factors + count; ++f)
    for (Index from = 0; from < f->k; from += float_depth, accumulate = true) {
      const Index k = rounded(std::min(float_depth, f->k - from), 2);
      for (Index r = 0; r < rows; ++r)
        for (Index i = 0; i < k; i += simd::width)  // rows are padded to more than this
          simd::store(a + r * float_stride + i, simd::load(f->rows + (row + r) * f->stride + from + i));
      for (Index at = 0; at < columns; at += float_columns) {
        widen_columns(b, f->panel + at / panel * f->next + from / 2 * panel + at % panel, k / 2);
        float_tiles<float_stride, 1>(z + at, z_stride, a, b, rows, k, accumulate);
      }
    }
}

#endif

#if defined(__AMX_BF16__) && defined(__linux__)

/// Whether the kernel lets this process use AMX.
inline const bool has_amx = ::syscall(SYS_arch_prctl, 0x1023 /* ARCH_REQ_XCOMP_PERM */, 18 /* tile data */) == 0;

/// The tile registers of this thread, for the length of a task: tiles 0–3 are sums, 4 and 5 rows of a, 6 and 7 columns
/// of b.
class Tiles {
 public:
  ~Tiles() {
    if (rows_ != 0) _tile_release();
  }
  /// Shapes the registers for blocks of `rows` ≤ 32 rows.
  void shape(Index rows) {
    if (rows == rows_) return;
    rows_ = rows;
    alignas(64) struct {
      std::uint8_t palette = 1, start = 0, reserved[14] = {};
      std::uint16_t columns[16] = {64, 64, 64, 64, 64, 64, 64, 64};
      std::uint8_t rows[16] = {};
    } config;
    const auto upper = static_cast<std::uint8_t>(std::min<Index>(rows, 16)),
               lower = static_cast<std::uint8_t>(rows > 16 ? rows - 16 : 1);
    config.rows[0] = config.rows[1] = config.rows[4] = upper;
    config.rows[2] = config.rows[3] = config.rows[5] = lower;
    config.rows[6] = config.rows[7] = 16;
    asm volatile("" : : "m"(config));  // g++ takes the instruction to read eight bytes, and drops the rest as unused
    _tile_loadconfig(&config);
  }

 private:
  Index rows_ = 0;
};

/// z(rows ≤ 32, 32) (+)= the sum of the products, from row `row` of their operands on. Shaped for the rows.
template <bool Lower>
[[gnu::noinline]] void amx_block(float* z, Index z_stride, const Factor* factors, Index count, Index row, Index at,
                                 bool accumulate) {
  const auto z_bytes = static_cast<long>(z_stride * sizeof(float));
  float* const z1 = z + 16 * z_stride;
  if (accumulate) {
    _tile_loadd(0, z, z_bytes);
    _tile_loadd(1, z + 16, z_bytes);
    if constexpr (Lower) {
      _tile_loadd(2, z1, z_bytes);
      _tile_loadd(3, z1 + 16, z_bytes);
    }
  } else {
    _tile_zero(0);
    _tile_zero(1);
    if constexpr (Lower) {
      _tile_zero(2);
      _tile_zero(3);
    }
  }
  for (const Factor* f = factors; f != factors + count; ++f) {
    const auto stride = static_cast<long>(f->stride * sizeof(Bfloat16));
    const Bfloat16* a = f->rows + row * f->stride;
    const Word* b = f->panel + at / panel * f->next;
    for (Index s = 0; s < f->k; s += step, a += step, b += step / 2 * panel) {
      _tile_loadd(4, a, stride);
      _tile_loadd(6, b, static_cast<long>(panel * sizeof(Word)));
      _tile_loadd(7, b + 16, static_cast<long>(panel * sizeof(Word)));
      if constexpr (Lower) _tile_loadd(5, a + 16 * f->stride, stride);
      if (row == 0)
        for (int i = 0; i < 32; ++i) _mm_prefetch(reinterpret_cast<const char*>(b) + 4096 + 64 * i, _MM_HINT_T0);
      _tile_dpbf16ps(0, 4, 6);
      _tile_dpbf16ps(1, 4, 7);
      if constexpr (Lower) {
        _tile_dpbf16ps(2, 5, 6);
        _tile_dpbf16ps(3, 5, 7);
      }
    }
  }
  _tile_stored(0, z, z_bytes);
  _tile_stored(1, z + 16, z_bytes);
  if constexpr (Lower) {
    _tile_stored(2, z1, z_bytes);
    _tile_stored(3, z1 + 16, z_bytes);
  }
}

#else

inline constexpr bool has_amx = false;
struct Tiles {};

#endif

/// Rows and panels of a block that a CPU takes at a time.
inline Index block_rows() { return has_amx ? 32 : most_block_rows; }
inline Index block_panels() { return has_amx ? 1 : most_block_panels; }

/// z(rows,32·width) (+)= Σ a b over the factors, whose panels lie side by side, from row `row` of a on. Columns that do
/// not exist are computed too.
inline void block([[maybe_unused]] Tiles& tiles, float* z, Index z_stride, const Factor* factors, Index count,
                  Index row, Index rows, Index width, bool accumulate = false) {
#if defined(__AMX_BF16__) && defined(__linux__)
  if (has_amx) {
    for (Index r = 0; r < rows; r += 32) {
      const Index here = std::min<Index>(32, rows - r);
      tiles.shape(here);
      for (Index p = 0; p < width; ++p) {
        float* const to = z + r * z_stride + p * panel;
        if (here > 16) amx_block<true>(to, z_stride, factors, count, row + r, p * panel, accumulate);
        else amx_block<false>(to, z_stride, factors, count, row + r, p * panel, accumulate);
      }
    }
    return;
  }
#endif
#if !defined(__AVX512BF16__)
  if (rows >= 4) {
    for (Index r = 0; r < rows; r += float_rows_together)
      float_block(z + r * z_stride, z_stride, factors, count, row + r, std::min(float_rows_together, rows - r),
                  width * panel, accumulate);
    return;
  }
#endif
  constexpr Index together = most_vectors * simd::width;
  for (Index at = 0; at < width * panel;) {
    if (at + together <= width * panel) {
      column_of_tiles<most_vectors>(z + at, z_stride, factors, count, row, rows, at, accumulate);
      at += together;
    } else {
      column_of_tiles<most_vectors / 2>(z + at, z_stride, factors, count, row, rows, at, accumulate);
      at += together / 2;
    }
  }
}

}  // namespace graft::backend::bf16
