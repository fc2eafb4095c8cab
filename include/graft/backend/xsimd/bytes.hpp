/// \file
/// Products of bytes, the inner loop of Int8: 8-bit whole numbers, their sums exact, where the CPU has AMX or
/// `vpdpbusd`. A word of a panel holds four neighbours along K: [N/32][K/4][32][4], K padded to 64.
#pragma once

#include <graft/backend/xsimd/tile.hpp>

#include <array>

namespace graft::backend::bf16 {

inline constexpr Index byte_step = 64;
constexpr Index byte_depth(Index k) { return rounded(k, byte_step); }

#if defined(__AVX512VNNI__) && defined(__AVX512VBMI__) && defined(__AVX512BF16__)

/// Words of one panel of bytes.
constexpr Index byte_panel_words(Index k) { return byte_depth(k) / 4 * panel; }

/// Rows of bytes with their scales. Where `vpdpbusd` multiplies, 128 is added to each: it takes one side without sign.
struct ByteRows {
  const std::uint8_t* rows = nullptr;
  Index stride = 0;
  const float* scales = nullptr;
};

/// x(rows,k), times `columns` where that is not null, as bytes at `to`, their scales behind them.
template <class E>
ByteRows byte_rows(std::uint8_t* to, const E* x, Index x_stride, Index rows, Index k, const float* columns) {
  const Index stride = byte_depth(k);
  auto* const scales = reinterpret_cast<float*>(to + rows * stride);
  const auto offset = static_cast<std::uint8_t>(has_amx ? 0 : 128);
  parallel_pieces(rows, row_piece, [=](Index begin, Index end) {
    for (Index r = begin; r < end; ++r) {
      const auto value = [=](Index i, auto... count) {
        const auto v = simd::load(x + r * x_stride + i, count...);
        return columns == nullptr ? v : v * simd::load(columns + i, count...);
      };
      simd::Lanes most(0.0F);
      simd::each(0, k, [&](Index i, auto... count) { most = xsimd::max(most, xsimd::abs(value(i, count...))); });
      const float largest = simd::largest(most);
      scales[r] = largest / 127.0F;
      const simd::Lanes inverse(largest != 0 ? 127.0F / largest : 0.0F);
      std::uint8_t* const out = to + r * stride;
      simd::each(0, k, [&](Index i, auto... count) {
        const __m128i bytes = _mm512_cvtsepi32_epi8(_mm512_cvtps_epi32(value(i, count...) * inverse));
        _mm_storeu_si128(reinterpret_cast<__m128i*>(out + i),
                         _mm_xor_si128(bytes, _mm_set1_epi8(static_cast<char>(offset))));
      });
      std::fill(out + k, out + stride, offset);
    }
  });
  return {to, stride, scales};
}

/// One of the products of bytes that a block adds up.
struct ByteFactor {
  ByteRows rows;
  const Word* panel;
  Index k, next;
  const float* scales;       // of columns, or null for one
  const std::int32_t* sums;  // of the panels' columns, by which the added 128 is taken out; null: later
};

template <Index Rows>
[[gnu::noinline]] void byte_tile(std::int32_t* z, Index z_stride, const ByteFactor& f, Index row) {
  __m512i c[Rows][2];
  GRAFT_UNROLL for (Index r = 0; r < Rows; ++r) c[r][0] = c[r][1] = _mm512_setzero_si512();
  const auto* const a = reinterpret_cast<const Word*>(f.rows.rows + row * f.rows.stride);
  const Index a_stride = f.rows.stride / 4, steps = (f.k + 3) / 4;
  for (Index s = 0; s < steps; ++s) {
    const __m512i b0 = _mm512_loadu_si512(f.panel + s * panel), b1 = _mm512_loadu_si512(f.panel + s * panel + 16);
    GRAFT_UNROLL for (Index r = 0; r < Rows; ++r) {
      const __m512i x = _mm512_set1_epi32(static_cast<int>(a[r * a_stride + s]));
      c[r][0] = _mm512_dpbusd_epi32(c[r][0], x, b0);
      c[r][1] = _mm512_dpbusd_epi32(c[r][1], x, b1);
    }
  }
  GRAFT_UNROLL for (Index r = 0; r < Rows; ++r) {
    _mm512_storeu_si512(z + r * z_stride, c[r][0]);
    _mm512_storeu_si512(z + r * z_stride + 16, c[r][1]);
  }
}

/// z(rows,32) = Σ a b, whole numbers.
inline void byte_block([[maybe_unused]] Tiles& tiles, std::int32_t* z, const ByteFactor& f, Index row, Index rows) {
#if defined(__AMX_INT8__) && defined(__AMX_BF16__) && defined(__linux__)
  if (has_amx) {
    for (Index r = 0; r < rows; r += 32) {
      const Index here = std::min<Index>(32, rows - r);
      tiles.shape(here);
      const auto stride = static_cast<long>(f.rows.stride);
      const std::uint8_t* a = f.rows.rows + (row + r) * f.rows.stride;
      const Word* b = f.panel;
      _tile_zero(0);
      _tile_zero(1);
      _tile_zero(2);
      _tile_zero(3);
      for (Index s = 0; s < f.k; s += byte_step, a += byte_step, b += byte_step / 4 * panel) {
        _tile_loadd(4, a, stride);
        _tile_loadd(6, b, static_cast<long>(panel * sizeof(Word)));
        _tile_loadd(7, b + 16, static_cast<long>(panel * sizeof(Word)));
        _tile_dpbssd(0, 4, 6);
        _tile_dpbssd(1, 4, 7);
        if (here > 16) {
          _tile_loadd(5, a + 16 * f.rows.stride, stride);
          _tile_dpbssd(2, 5, 6);
          _tile_dpbssd(3, 5, 7);
        }
      }
      constexpr long bytes = panel * sizeof(std::int32_t);
      _tile_stored(0, z + r * panel, bytes);
      _tile_stored(1, z + r * panel + 16, bytes);
      if (here > 16) {
        _tile_stored(2, z + (r + 16) * panel, bytes);
        _tile_stored(3, z + (r + 16) * panel + 16, bytes);
      }
    }
    return;
  }
#endif
  Index r = 0;
  const auto run = [&]<Index Rows>(std::integral_constant<Index, Rows>) {
    for (; r + Rows <= rows; r += Rows) byte_tile<Rows>(z + r * panel, panel, f, row + r);
  };
  run(std::integral_constant<Index, 12>{});
  run(std::integral_constant<Index, 4>{});
  run(std::integral_constant<Index, 1>{});
}

/// z(rows, 32·width) (+)= the product of bytes, scaled.
inline void block(Tiles& tiles, float* z, Index z_stride, const ByteFactor& factor, Index row, Index rows, Index width,
                  bool accumulate) {
  alignas(64) std::int32_t sums[most_block_rows * panel];
  for (Index p = 0; p < width; ++p) {
    ByteFactor f = factor;
    f.panel += p * f.next;
    byte_block(tiles, sums, f, row, rows);
    for (Index r = 0; r < rows; ++r) {
      const simd::Lanes row_scale(f.rows.scales[row + r]);
      for (Index c = 0; c < panel; c += 16) {
        __m512i whole = _mm512_load_si512(sums + r * panel + c);
        if (!has_amx && f.sums != nullptr)
          whole = _mm512_sub_epi32(whole, _mm512_slli_epi32(_mm512_loadu_si512(f.sums + p * panel + c), 7));
        simd::Lanes value = row_scale * simd::Lanes(_mm512_cvtepi32_ps(whole));
        if (f.scales != nullptr) value = value * simd::load(f.scales + p * panel + c);
        simd::put(z + r * z_stride + p * panel + c, value, accumulate);
      }
    }
  }
}

#else

struct ByteFactor {};
inline void block(Tiles&, float*, Index, const ByteFactor&, Index, Index, Index, bool) {}

#endif

}  // namespace graft::backend::bf16
