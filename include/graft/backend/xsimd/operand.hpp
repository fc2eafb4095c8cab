/// \file
/// Operands of bfloat16 products a(M,K) b(K,N). a is rows, neighbours along K side by side; b is panels of 32 columns,
/// [K/2][32][2]: a register holds 16 columns and in each lane a pair along K, what `vdpbf16ps` multiplies, and 16 rows
/// of a panel are what a tile of AMX holds. K is padded with zeros to a multiple of 32.
#pragma once

#include <graft/backend/host/reference.hpp>
#include <graft/backend/xsimd/simd.hpp>
#include <graft/core/buffer.hpp>

#include <algorithm>

namespace graft::backend::bf16 {

using simd::Word;
using simd::Words;

/// Columns of a panel, and what K is padded to.
inline constexpr Index panel = 32, step = 32;

constexpr Index rounded(Index n, Index unit) { return (n + unit - 1) / unit * unit; }
constexpr Index depth(Index k) { return rounded(k, step); }
constexpr Index panels(Index n) { return rounded(n, panel) / panel; }
/// Words of one panel.
constexpr Index panel_words(Index k) { return depth(k) / 2 * panel; }

/// Panels in memory, or the same part of each, `next` words apart.
struct PanelRun {
  const Word* data;
  Index next;
};

inline Word bits_of(float x) { return Bfloat16(x).bits; }
inline Word bits_of(Bfloat16 x) { return x.bits; }

#if defined(__AVX512BW__)
/// to[i] = (low[i], high[i]) for 32 pairs
inline void interleave(Word* to, __m512i a, __m512i b) {
  alignas(64) static constexpr std::uint16_t first[32] = {0, 32, 1, 33, 2,  34, 3,  35, 4,  36, 5,  37, 6,  38, 7,  39,
                                                          8, 40, 9, 41, 10, 42, 11, 43, 12, 44, 13, 45, 14, 46, 15, 47};
  const __m512i order = _mm512_load_si512(first);
  _mm512_storeu_si512(to, _mm512_permutex2var_epi16(a, order, b));
  _mm512_storeu_si512(to + 16, _mm512_permutex2var_epi16(a, _mm512_add_epi16(order, _mm512_set1_epi16(16)), b));
}
#endif

/// Columns [at, at+n) of a panel are x(k,n), K along its rows: word (j,at+i) = (x[2j][i], x[2j+1][i]). The other
/// columns and what lies beyond k are zero.
template <class E>
void panel_of_rows(Word* to, const E* x, Index stride, Index k, Index n, Index at = 0) {
  for (Index j = 0; j < depth(k) / 2; ++j, to += panel) {
    if (n < panel || 2 * j + 1 >= k) std::fill_n(to, panel, 0U);
    if (2 * j >= k) continue;
    const E* const low = x + 2 * j * stride;
    const bool both = 2 * j + 1 < k;
#if defined(__AVX512BW__)
    if constexpr (std::is_same_v<E, Bfloat16>)
      if (n == panel && both) {
        interleave(to, _mm512_loadu_si512(low), _mm512_loadu_si512(low + stride));
        continue;
      }
#endif
    simd::each(0, n, [=](Index i, auto... count) {
      const Words even = simd::bits(simd::load(low + i, count...));
      const Words word = both ? even | (simd::bits(simd::load(low + stride + i, count...)) << 16) : even;
      if constexpr (sizeof...(count) == 0) simd::store_words(to + at + i, word);
      else simd::store_words(to + at + i, word, count...);
    });
  }
}

/// y[i][j] = x[j][i] for 16×16 words.
#if defined(__AVX512F__)
inline void transpose16(Word* y, Index y_stride, const __m512i (&x)[16]) {
  __m512i a[16], b[16];
  GRAFT_UNROLL for (int i = 0; i < 16; i += 2) {
    a[i] = _mm512_unpacklo_epi32(x[i], x[i + 1]);
    a[i + 1] = _mm512_unpackhi_epi32(x[i], x[i + 1]);
  }
  GRAFT_UNROLL for (int i = 0; i < 16; i += 4) {
    GRAFT_UNROLL for (int j = 0; j < 2; ++j) {
      b[i + 2 * j] = _mm512_unpacklo_epi64(a[i + j], a[i + j + 2]);
      b[i + 2 * j + 1] = _mm512_unpackhi_epi64(a[i + j], a[i + j + 2]);
    }
  }
  GRAFT_UNROLL for (int i = 0; i < 16; i += 8) {
    GRAFT_UNROLL for (int j = 0; j < 4; ++j) {
      a[i + j] = _mm512_shuffle_i32x4(b[i + j], b[i + j + 4], 0x88);
      a[i + j + 4] = _mm512_shuffle_i32x4(b[i + j], b[i + j + 4], 0xdd);
    }
  }
  GRAFT_UNROLL for (int j = 0; j < 8; ++j) {
    _mm512_storeu_si512(y + static_cast<Index>(j) * y_stride, _mm512_shuffle_i32x4(a[j], a[j + 8], 0x88));
    _mm512_storeu_si512(y + static_cast<Index>(j + 8) * y_stride, _mm512_shuffle_i32x4(a[j], a[j + 8], 0xdd));
  }
}
inline __m512i pairs_of(const Bfloat16* x) { return _mm512_loadu_si512(x); }
inline __m512i pairs_of(const float* x) {
  return (__m512i)_mm512_cvtne2ps_pbh(_mm512_loadu_ps(x + 16), _mm512_loadu_ps(x));
}
#endif

/// The panel of rows [0,n) of x(n,k), K along its columns: word (j,i) = (x[i][2j], x[i][2j+1]).
template <class E>
void panel_of_columns(Word* to, const E* x, Index stride, Index k, Index n) {
  Index j = 0;
#if defined(__AVX512BF16__)
  for (; 2 * j + step <= k; j += step / 2)
    for (Index half = 0; half < panel; half += 16) {
      __m512i rows[16];
      GRAFT_UNROLL for (Index i = 0; i < 16; ++i) rows[i] =
          half + i < n ? pairs_of(x + (half + i) * stride + 2 * j) : _mm512_setzero_si512();
      transpose16(to + j * panel + half, panel, rows);
    }
#endif
  for (; j < depth(k) / 2; ++j)
    for (Index i = 0; i < panel; ++i) {
      const auto at = [&](Index c) { return i < n && c < k ? bits_of(x[i * stride + c]) : 0U; };
      to[j * panel + i] = at(2 * j) | (at(2 * j + 1) << 16U);
    }
}

/// Rows of a(M,K), `stride` elements apart.
struct Operand {
  const Bfloat16* rows;
  Index stride;
};

/// Whether rows can be read where they lie: whole steps, each on one cache line.
template <class E>
bool in_place(const E* x, Index k) {
  return std::is_same_v<E, Bfloat16> && k % step == 0 && reinterpret_cast<std::uintptr_t>(x) % 64 == 0;
}

/// to(rows, depth(k)) ← x(rows,k), rounded and padded.
template <class E>
Operand padded_rows(Bfloat16* to, const E* x, Index rows, Index k) {
  const Index stride = depth(k);
  parallel_pieces(rows, row_piece, [=](Index begin, Index end) {
    for (Index r = begin; r < end; ++r) {
      Bfloat16* const out = to + r * stride;
      simd::each(0, k,
                 [=](Index i, auto... count) { simd::store(out + i, simd::load(x + r * k + i, count...), count...); });
      std::fill(out + k, out + stride, Bfloat16());
    }
  });
  return {to, stride};
}

template <class Use, class E>
Operand operand(const E* x, Index rows, Index k) {
  if constexpr (std::is_same_v<E, Bfloat16>)
    if (in_place(x, k)) return {x, k};
  return padded_rows(scratch<Use, Bfloat16>(rows * depth(k)), x, rows, k);
}

/// Rows of xᵀ for x(k,m), m ≤ 32: to[i][t] = x[t][i], `stride` apart.
template <class E>
void rows_of_columns(Bfloat16* to, Index stride, const E* x, Index x_stride, Index k, Index m) {
  alignas(64) Word block[16 * panel];
  for (Index t = 0; t < depth(k); t += step) {
    panel_of_rows(block, x + t * x_stride, x_stride, std::min(step, k - t), m);
    for (Index half = 0; half < rounded(m, 16); half += 16) {
      Word* const out = reinterpret_cast<Word*>(to + half * stride + t);
#if defined(__AVX512BF16__)
      if (half + 16 <= m) {
        __m512i rows[16];
        GRAFT_UNROLL for (Index j = 0; j < 16; ++j) rows[j] = _mm512_load_si512(block + j * panel + half);
        transpose16(out, stride / 2, rows);
        continue;
      }
#endif
      for (Index i = half; i < std::min(m, half + 16); ++i)
        for (Index j = 0; j < 16; ++j) out[(i - half) * stride / 2 + j] = block[j * panel + i];
    }
  }
}

}  // namespace graft::backend::bf16
