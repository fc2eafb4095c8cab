/// \file
/// y(T,out) = x wᵀ for few rows T and weights of few bits, as decoding has them: the weights are read once, as they
/// lie, and meet x rounded to bytes in blocks of 32, each with its own scale. The time is that of reading w.
///   Q4_1   Σ (d q + m) x = Σ_blocks d s Σ q b + m s Σ b,  x = s b        Q8_0   Σ d q x = Σ_blocks d s Σ q b
#pragma once

#include <graft/backend/composed/project.hpp>
#include <graft/backend/xsimd/quantized.hpp>

#include <array>

namespace graft::backend::bf16 {

inline constexpr Index most_few_rows = 8;

/// How rows of a format meet rows of bytes.
template <class S>
struct BlockFormat;
template <class S>
concept FewRowsStorage = requires { BlockFormat<S>::offset; };

#if defined(__AVX512VNNI__) && defined(__AVX512VBMI__) && defined(__AVX512BF16__)

/// Rows of bytes, `stride` apart, and for each block of 32 its scale s and s Σ b.
struct BlockRows {
  const std::int8_t* bytes;
  const float *scales, *sums;
  Index stride, blocks;
};

/// x(rows,k) in blocks of bytes, each half of a block where the format wants it.
template <class Format, class E>
BlockRows block_rows_of(const E* x, Index rows, Index k) {
  const Index blocks = rounded(rounded(k, 32) / 32, 16), stride = 32 * blocks;
  auto* const bytes = scratch<struct BlockBytes, std::int8_t>(rows * stride);
  float *const scales = scratch<struct BlockScales, float>(2 * rows * blocks), *const sums = scales + rows * blocks;
  std::fill_n(scales, 2 * rows * blocks, 0.0F);
  std::fill_n(bytes, rows * stride, std::int8_t{});
  for (Index r = 0; r < rows; ++r)
    for (Index b = 0; 32 * b < k; ++b) {
      const E* const from = x + r * k + 32 * b;
      const Index n = std::min<Index>(32, k - 32 * b);
      const simd::Lanes low = simd::load(from, std::min<Index>(n, 16)),
                        high = n > 16 ? simd::load(from + 16, n - 16) : simd::Lanes(0.0F);
      const float most = simd::largest(xsimd::max(xsimd::abs(low), xsimd::abs(high)));
      const simd::Lanes inverse(most != 0 ? 127.0F / most : 0.0F);
      const __m512i first = _mm512_cvtps_epi32(low * inverse), second = _mm512_cvtps_epi32(high * inverse);
      const float s = most / 127.0F;
      scales[r * blocks + b] = s;
      sums[r * blocks + b] = s * static_cast<float>(_mm512_reduce_add_epi32(_mm512_add_epi32(first, second)));
      const auto put = [&](Index half, __m512i values) {
        const __m128i narrow =
            _mm_xor_si128(_mm512_cvtsepi32_epi8(values), _mm_set1_epi8(static_cast<char>(Format::offset)));
        _mm_storeu_si128(reinterpret_cast<__m128i*>(bytes + r * stride + Format::place(b, half)), narrow);
      };
      put(0, first);
      put(1, second);
    }
  return {bytes, scales, sums, stride, blocks};
}

inline __m512 halves(__m512i words) { return _mm512_cvtph_ps(_mm512_cvtepi32_epi16(words)); }

/// For each four lanes or eight, which of 16 scales they take: those from `first` on.
template <Index Lanes>
__m512i spread_scales(Index first) {
  alignas(64) static constexpr auto order = [] {
    std::array<std::int32_t, 16> lanes{};
    for (Index i = 0; i < 16; ++i) lanes[i] = static_cast<std::int32_t>(i / Lanes);
    return lanes;
  }();
  return _mm512_add_epi32(_mm512_load_si512(order.data()), _mm512_set1_epi32(static_cast<int>(first)));
}

/// Four blocks are 20 words: d and m in every fifth, the nibbles between. Of four blocks of x come the 64 bytes that
/// meet low nibbles first, then those that meet high ones.
template <>
struct BlockFormat<Q4_1> {
  static constexpr std::uint8_t offset = 0;
  static constexpr Index place(Index block, Index half) { return block / 4 * 128 + half * 64 + block % 4 * 16; }

  template <Index Rows>
  static void row(__m512 (&total)[Rows], const std::byte* w, const BlockRows& x, Index first, Index blocks) {
    alignas(64) static constexpr std::int32_t nibbles_at[16] = {1, 2, 3, 4, 6, 7, 8, 9, 11, 12, 13, 14, 28, 29, 30, 31};
    alignas(64) static constexpr std::int32_t heads_at[16] = {0, 5, 10, 15, 0, 5, 10, 15, 0, 5, 10, 15, 0, 5, 10, 15};
    const __m512i which_nibbles = _mm512_load_si512(nibbles_at), which_heads = _mm512_load_si512(heads_at),
                  low = _mm512_set1_epi8(15);
    for (Index b = 0; b < blocks; b += 16) {
      const Index groups = std::min<Index>(4, (blocks - b + 3) / 4);
      __m512i q[4], heads = _mm512_setzero_si512();
      for (Index g = 0; g < groups; ++g) {
        const std::byte* const at = w + (b + 4 * g) * Q4_1::block_bytes;
        const __m512i start = _mm512_loadu_si512(at), end = _mm512_loadu_si512(at + 16);
        q[g] = _mm512_permutex2var_epi32(start, which_nibbles, end);
        heads = _mm512_mask_permutexvar_epi32(heads, static_cast<__mmask16>(15U << (4 * g)), which_heads, start);
      }
      heads = _mm512_maskz_mov_epi32(simd::first(std::min<Index>(16, blocks - b)), heads);
      const __m512 d = halves(heads), m = halves(_mm512_srli_epi32(heads, 16));
      __m512 scale[Rows];
      GRAFT_UNROLL for (Index t = 0; t < Rows; ++t) {
        const Index at = (first + t) * x.blocks + b;
        scale[t] = _mm512_mul_ps(d, _mm512_loadu_ps(x.scales + at));
        total[t] = _mm512_fmadd_ps(m, _mm512_loadu_ps(x.sums + at), total[t]);
      }
      for (Index g = 0; g < groups; ++g) {
        const __m512i lower = _mm512_and_si512(q[g], low), upper = _mm512_and_si512(_mm512_srli_epi16(q[g], 4), low),
                      which = spread_scales<4>(4 * g);
        GRAFT_UNROLL for (Index t = 0; t < Rows; ++t) {
          const std::int8_t* const bytes = x.bytes + (first + t) * x.stride + 32 * (b + 4 * g);
          const __m512i sum =
              _mm512_dpbusd_epi32(_mm512_dpbusd_epi32(_mm512_setzero_si512(), lower, _mm512_loadu_si512(bytes)), upper,
                                  _mm512_loadu_si512(bytes + 64));
          total[t] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(sum), _mm512_permutexvar_ps(which, scale[t]), total[t]);
        }
      }
    }
  }
};

/// The instruction takes one side without sign: 128 is added to x, and 128 Σ q taken out again.
template <>
struct BlockFormat<Q8_0> {
  static constexpr std::uint8_t offset = 128;
  static constexpr Index place(Index block, Index half) { return 32 * block + 16 * half; }

  template <Index Rows>
  static void row(__m512 (&total)[Rows], const std::byte* w, const BlockRows& x, Index first, Index blocks) {
    const auto half_of = [](const std::byte* p) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)); };
    const __m512i apart = _mm512_mullo_epi32(_mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0),
                                             _mm512_set1_epi32(Q8_0::block_bytes));
    for (Index b = 0; b < blocks; b += 16) {
      const Index here = std::min<Index>(16, blocks - b);
      const std::byte* const at = w + b * Q8_0::block_bytes;
      const __m512 d = halves(_mm512_mask_i32gather_epi32(_mm512_setzero_si512(), simd::first(here), apart, at, 1));
      __m512 scale[Rows];
      GRAFT_UNROLL for (Index t = 0; t < Rows; ++t) scale[t] =
          _mm512_mul_ps(d, _mm512_loadu_ps(x.scales + (first + t) * x.blocks + b));
      for (Index i = 0; i < here; i += 2) {
        const std::byte* const two = at + i * Q8_0::block_bytes + 2;
        const __m512i q = _mm512_inserti64x4(_mm512_castsi256_si512(half_of(two)), half_of(two + Q8_0::block_bytes), 1),
                      which = spread_scales<8>(i);
        const __m512i added = _mm512_slli_epi32(_mm512_dpbusd_epi32(_mm512_setzero_si512(), _mm512_set1_epi8(1), q), 7);
        GRAFT_UNROLL for (Index t = 0; t < Rows; ++t) {
          const __m512i bytes = _mm512_loadu_si512(x.bytes + (first + t) * x.stride + 32 * (b + i));
          const __m512i sum = _mm512_sub_epi32(_mm512_dpbusd_epi32(_mm512_setzero_si512(), bytes, q), added);
          total[t] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(sum), _mm512_permutexvar_ps(which, scale[t]), total[t]);
        }
      }
    }
  }
};

/// sums[t] = the products of one row of w with Rows rows of x.
template <class S, Index Rows>
[[gnu::noinline]] void row_products(float* sums, const std::byte* row, const BlockRows& x, Index first, Index blocks) {
  __m512 total[Rows];
  GRAFT_UNROLL for (Index t = 0; t < Rows; ++t) total[t] = _mm512_setzero_ps();
  BlockFormat<S>::template row<Rows>(total, row, x, first, blocks);
  GRAFT_UNROLL for (Index t = 0; t < Rows; ++t) sums[t] = _mm512_reduce_add_ps(total[t]);
}

/// y(rows ≤ 8, out) = x wᵀ (+ residual) for all branches of x, by pieces of outputs.
template <FewRowsStorage S, class Y, class X>
void few_rows(const Branch<Y, X>* branches, Index count, const Y* residual, const X* x, Index rows, Index in) {
  constexpr Index piece = 32;
  const BlockRows bytes = block_rows_of<BlockFormat<S>>(x, rows, in);
  const Index blocks = rounded(in, 32) / 32, row_bytes = S::row_bytes(in);
  Index pieces = 0;
  for (Index j = 0; j < count; ++j) pieces += rounded(branches[j].out, piece) / piece;
  parallel_for(pieces, true, [=](Index p) {
    const Branch<Y, X>* branch = branches;
    for (; p >= rounded(branch->out, piece) / piece; ++branch) p -= rounded(branch->out, piece) / piece;
    for (Index o = p * piece; o < std::min(branch->out, (p + 1) * piece); ++o) {
      float sums[most_few_rows];
      const std::byte* const row = branch->w + o * row_bytes;
      // Memory answers late, and the CPU by itself asks for too little at a time.
      for (Index line = 0; line < row_bytes; line += 64)
        _mm_prefetch(reinterpret_cast<const char*>(row) + 4096 + line, _MM_HINT_T0);
      Index t = 0;
      const auto run = [&]<Index Rows>(std::integral_constant<Index, Rows>) {
        for (; t + Rows <= rows; t += Rows) row_products<S, Rows>(sums + t, row, bytes, t, blocks);
      };
      run(std::integral_constant<Index, 8>{});
      run(std::integral_constant<Index, 3>{});
      run(std::integral_constant<Index, 1>{});
      for (Index r = 0; r < rows; ++r)
        branch->y[r * branch->out + o] = Y(sums[r] + (residual != nullptr ? at(residual, r * branch->out + o) : 0.0F));
    }
  });
}

#else

template <class S, class Y, class X>
// never called: no storage is a FewRowsStorage
void few_rows(const Branch<Y, X>*, Index, const Y*, const X*, Index, Index);

#endif

}  // namespace graft::backend::bf16
