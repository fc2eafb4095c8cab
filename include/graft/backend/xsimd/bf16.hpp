/// \file
/// Products with frozen bfloat16 weights. A weight w(N,K) is packed once into panels of 64 outputs,
/// [N/64][K/2][64][2], so that one register holds 16 outputs and each lane a pair of inputs — the operand of
/// `vdpbf16ps`. A tile of 6 rows by 64 outputs stays in registers while K runs. Two copies are kept: w for x wᵀ and wᵀ
/// for dy w. Where the CPU has no bfloat16 products, the same panels are widened to floats in the tile.
#pragma once

#include <graft/backend/xsimd/simd.hpp>
#include <graft/backend/xsimd/tag.hpp>

#include <algorithm>
#include <vector>

#if defined(__AVX512BF16__)
#include <immintrin.h>
#endif

namespace graft::backend {

namespace bf16 {

inline constexpr Index panel = 64, row_block = 96;

constexpr Index pairs(Index k) { return (k + 1) / 2; }
constexpr Index panels(Index n) { return (n + panel - 1) / panel; }
constexpr Index words(Index n, Index k) { return panels(n) * pairs(k) * panel; }

/// Two neighbouring inputs in one 32-bit word, the lower first.
inline std::uint32_t pair(float low, float high) {
  return std::uint32_t{Bfloat16(low).bits} | (std::uint32_t{Bfloat16(high).bits} << 16U);
}

/// to ← panels of w(n,k), element (i,j) being w[i·row + j·column].
inline void pack_panels(std::uint32_t* to, const float* w, Index n, Index k, Index row, Index column) {
  parallel_for(panels(n), true, [=](Index p) {
    for (Index j = 0; j < pairs(k); ++j)
      for (Index i = 0; i < panel; ++i) {
        const Index output = p * panel + i;
        const auto at = [=](Index input) { return output < n && input < k ? w[output * row + input * column] : 0.0F; };
        to[(p * pairs(k) + j) * panel + i] = pair(at(2 * j), at(2 * j + 1));
      }
  });
}

#if defined(__AVX512BF16__)

using Input = std::uint32_t;  // activations are rounded to bfloat16 pairs
inline constexpr Index tile_rows = 6;
constexpr Index inputs(Index k) { return pairs(k); }

inline void convert(Input* to, const float* x, Index k) {
  Index i = 0;
  for (; i + 16 <= k; i += 16) {
    const auto rounded = _mm512_cvtneps_pbh(_mm512_loadu_ps(x + i));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + i / 2), (__m256i)rounded);
  }
  for (; i < k; i += 2) to[i / 2] = pair(x[i], i + 1 < k ? x[i + 1] : 0.0F);
}

/// y(Rows, ≤64) (+)= a(Rows,K) panelᵀ
template <Index Rows>
[[gnu::noinline]] void tile(float* y, Index y_stride, const Input* a, Index k, const std::uint32_t* panel_data, Index columns, bool accumulate) {
  __m512 c[Rows][4];
  GRAFT_UNROLL for (Index r = 0; r < Rows; ++r) {
    GRAFT_UNROLL for (Index j = 0; j < 4; ++j) c[r][j] = _mm512_setzero_ps();
  }
  const Index steps = pairs(k);
  for (Index s = 0; s < steps; ++s) {
    __m512i b[4];
    GRAFT_UNROLL for (Index j = 0; j < 4; ++j) b[j] = _mm512_loadu_si512(panel_data + s * panel + 16 * j);
    GRAFT_UNROLL for (Index r = 0; r < Rows; ++r) {
      const __m512i x = _mm512_set1_epi32(static_cast<int>(a[r * steps + s]));
      GRAFT_UNROLL for (Index j = 0; j < 4; ++j) c[r][j] = _mm512_dpbf16_ps(c[r][j], (__m512bh)x, (__m512bh)b[j]);
    }
  }
  GRAFT_UNROLL for (Index r = 0; r < Rows; ++r) {
    GRAFT_UNROLL for (Index j = 0; j < 4; ++j) {
      const Index left = columns > 16 * j ? std::min<Index>(columns - 16 * j, 16) : 0;
      const auto mask = static_cast<__mmask16>((1U << left) - 1U);
      float* const to = y + r * y_stride + 16 * j;
      if (accumulate) c[r][j] = _mm512_add_ps(c[r][j], _mm512_maskz_loadu_ps(mask, to));
      _mm512_mask_storeu_ps(to, mask, c[r][j]);
    }
  }
}

#else

using Input = float;
inline constexpr Index tile_rows = 4;
constexpr Index inputs(Index k) { return 2 * pairs(k); }

inline void convert(Input* to, const float* x, Index k) {
  std::copy_n(x, k, to);
  if (k % 2 != 0) to[k] = 0.0F;
}

/// y(Rows, ≤64) (+)= a(Rows,K) panelᵀ, the panel widened to floats: the lower half of a word is the even input.
template <Index Rows>
[[gnu::noinline]] void tile(float* y, Index y_stride, const Input* a, Index k, const std::uint32_t* panel_data, Index columns, bool accumulate) {
  using Words = xsimd::batch<std::int32_t>;
  constexpr Index vectors = 2, step_columns = vectors * simd::width;
  const Index steps = pairs(k);
  for (Index first = 0; first < columns; first += step_columns) {
    simd::Lanes c[Rows][vectors];
    GRAFT_UNROLL for (Index r = 0; r < Rows; ++r) {
      GRAFT_UNROLL for (Index j = 0; j < vectors; ++j) c[r][j] = simd::Lanes(0.0F);
    }
    for (Index s = 0; s < steps; ++s)
      GRAFT_UNROLL for (Index j = 0; j < vectors; ++j) {
        const auto word = Words::load_unaligned(reinterpret_cast<const std::int32_t*>(panel_data) + s * panel + first + j * simd::width);
        const auto even = xsimd::bitwise_cast<simd::Lanes>(word << 16);
        const auto odd = xsimd::bitwise_cast<simd::Lanes>(word & Words(static_cast<std::int32_t>(0xffff0000U)));
        GRAFT_UNROLL for (Index r = 0; r < Rows; ++r) {
          c[r][j] = xsimd::fma(simd::Lanes(a[r * 2 * steps + 2 * s]), even, c[r][j]);
          c[r][j] = xsimd::fma(simd::Lanes(a[r * 2 * steps + 2 * s + 1]), odd, c[r][j]);
        }
      }
    for (Index r = 0; r < Rows; ++r)
      for (Index j = 0; j < vectors; ++j) {
        const Index at = first + j * simd::width;
        float* const to = y + r * y_stride + at;
        if (at + simd::width <= columns) simd::put(to, c[r][j], accumulate);
        else if (at < columns) simd::put(to, c[r][j], accumulate, columns - at);
      }
  }
}

#endif

/// y(rows,n) (+)= x(rows,k) wᵀ for packed w(n,k). Pieces are row blocks, or where there are few rows, groups of panels.
inline void product(float* y, const float* x, const std::uint32_t* w, Index rows, Index k, Index n, bool accumulate) {
  const Index blocks = (rows + row_block - 1) / row_block, wanted = 2 * thread_count();
  const Index splits = blocks >= wanted ? 1 : std::min(panels(n), (wanted + blocks - 1) / blocks);
  parallel_for(blocks * splits, rows * k * n > parallel_threshold, [=](Index task) {
    static thread_local std::vector<Input> block;
    const Index begin = task / splits * row_block, count = std::min(row_block, rows - begin);
    if (block.size() < row_block * inputs(k)) block.resize(row_block * inputs(k));
    for (Index r = 0; r < count; ++r) convert(block.data() + r * inputs(k), x + (begin + r) * k, k);
    const Index split = task % splits;
    for (Index p = panels(n) * split / splits; p < panels(n) * (split + 1) / splits; ++p) {
      const std::uint32_t* const data = w + p * pairs(k) * panel;
      const Index columns = std::min(panel, n - p * panel);
      Index r = 0;
      const auto run = [&]<Index Rows>(std::integral_constant<Index, Rows>) {
        for (; r + Rows <= count; r += Rows) tile<Rows>(y + (begin + r) * n + p * panel, n, block.data() + r * inputs(k), k, data, columns, accumulate);
      };
      run(std::integral_constant<Index, tile_rows>{});
      run(std::integral_constant<Index, 2>{});
      run(std::integral_constant<Index, 1>{});
    }
  });
}

}  // namespace bf16

constexpr Index packed_bytes(Index out, Index in, Bf16, xsimd_cpu) {
  return (bf16::words(out, in) + bf16::words(in, out)) * sizeof(std::uint32_t);
}

inline void pack(std::byte* packed, const float* w, Index out, Index in, Bf16, xsimd_cpu) {
  auto* const words = reinterpret_cast<std::uint32_t*>(packed);
  bf16::pack_panels(words, w, out, in, in, 1);
  bf16::pack_panels(words + bf16::words(out, in), w, in, out, 1, in);
}

inline void lookup_frozen(float* y, const Id* ids, const std::byte* packed, Index rows, Index out, Index in, Bf16, xsimd_cpu) {
  const auto* const words = reinterpret_cast<const std::uint32_t*>(packed) + bf16::words(out, in);  // wᵀ: a row of w lies in a few lines
  parallel_for(rows, rows * in > parallel_threshold, [=](Index t) {
    const Index row = ids == nullptr ? t : static_cast<Index>(ids[t]);
    for (Index i = 0; i < in; ++i) {
      const std::uint32_t word = words[(i / bf16::panel * bf16::pairs(out) + row / 2) * bf16::panel + i % bf16::panel];
      y[t * in + i] = std::bit_cast<float>(row % 2 == 0 ? word << 16U : word & 0xffff0000U);
    }
  });
}

inline void matmul_frozen(float* y, const float* x, const std::byte* packed, Index rows, Index in, Index out, bool accumulate, Bf16, xsimd_cpu) {
  bf16::product(y, x, reinterpret_cast<const std::uint32_t*>(packed), rows, in, out, accumulate);
}

inline void matmul_frozen_input(float* dx, const float* dy, const std::byte* packed, Index rows, Index in, Index out, bool accumulate, Bf16, xsimd_cpu) {
  bf16::product(dx, dy, reinterpret_cast<const std::uint32_t*>(packed) + bf16::words(out, in), rows, out, in, accumulate);
}

}  // namespace graft::backend
