/// \file
/// Weights of few bits, kept row by row as GGUF has them and made panels of bfloat16 on the way to a product. Each
/// format is one function: 32 neighbours of a row as bfloat16. A storage without one is decoded row by row.
#pragma once

#include <graft/backend/xsimd/panels.hpp>

namespace graft::backend::bf16 {

#if defined(__AVX512BF16__) && defined(__AVX512VBMI__)

inline float half_at(const std::byte* from) {
  return _mm_cvtss_f32(_mm_cvtph_ps(_mm_cvtsi32_si128(quantized::load<std::uint16_t>(from))));
}

/// 32 floats, the lower 16 first, as bfloat16.
inline __m512i narrowed(__m512 low, __m512 high) { return (__m512i)_mm512_cvtne2ps_pbh(high, low); }

/// Two nibbles of each of 16 bytes: 16 low ones, then 16 high ones.
inline __m128i bytes_at(const std::byte* from) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from)); }

inline __m512i decoded(const std::byte* row, Index column, Q8_0) {
  const std::byte* const from = row + column / 32 * Q8_0::block_bytes;
  const __m256i q = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from + 2));
  const __m512 d = _mm512_set1_ps(half_at(from));
  const auto floats = [d](__m128i bytes) { return _mm512_mul_ps(d, _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(bytes))); };
  return narrowed(floats(_mm256_castsi256_si128(q)), floats(_mm256_extracti128_si256(q, 1)));
}
inline __m512i decoded(const std::byte* row, Index column, Q4_1) {
  const std::byte* const from = row + column / 32 * Q4_1::block_bytes;
  const __m512i q = _mm512_cvtepu8_epi32(bytes_at(from + 4));
  const __m512 d = _mm512_set1_ps(half_at(from)), m = _mm512_set1_ps(half_at(from + 2));
  const auto floats = [=](__m512i nibbles) { return _mm512_fmadd_ps(d, _mm512_cvtepi32_ps(nibbles), m); };
  return narrowed(floats(_mm512_and_si512(q, _mm512_set1_epi32(15))), floats(_mm512_srli_epi32(q, 4)));
}
/// 16 bytes of codes of Nf4, and their scale
inline __m512i decoded_codes(const std::byte* from, float scale) {
  const __m512i q = _mm512_cvtepu8_epi32(bytes_at(from));
  const __m512 code = _mm512_loadu_ps(Nf4::code.data()), d = _mm512_set1_ps(scale);
  const auto floats = [=](__m512i nibbles) { return _mm512_mul_ps(d, _mm512_permutexvar_ps(nibbles, code)); };
  const __m512 even = floats(_mm512_srli_epi32(q, 4)), odd = floats(_mm512_and_si512(q, _mm512_set1_epi32(15)));
  alignas(64) static constexpr std::uint32_t order[16] = {0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23};
  const __m512i first = _mm512_load_si512(order);
  return narrowed(_mm512_permutex2var_ps(even, first, odd),
                  _mm512_permutex2var_ps(even, _mm512_add_epi32(first, _mm512_set1_epi32(8)), odd));
}
inline __m512i decoded(const std::byte* row, Index column, Nf4) {
  const std::byte* const from = row + column / 64 * Nf4::block_bytes;
  return decoded_codes(from + 4 + column % 64 / 2, quantized::load<float>(from));
}
inline __m512i decoded(const std::byte* row, Index column, Nf4DoubleQuant) {
  return decoded_codes(Nf4DoubleQuant::block_at(row, column / 64) + 1 + column % 64 / 2,
                       Nf4DoubleQuant::scale(row, column / 64));
}
inline __m512i decoded(const std::byte* row, Index column, Int8) {
  const __m256i q = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(row + sizeof(float) + column));
  const __m512 d = _mm512_set1_ps(quantized::load<float>(row));
  const auto floats = [d](__m128i bytes) { return _mm512_mul_ps(d, _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(bytes))); };
  return narrowed(floats(_mm256_castsi256_si128(q)), floats(_mm256_extracti128_si256(q, 1)));
}

/// A storage with a function here, or beside itself.
template <class S>
concept DecodedInLanes = requires(const std::byte* row) { decoded(row, Index{}, S{}); };

/// 32 columns of a row from `column` on, of which `n` exist.
template <class S>
__m512i decoded_columns(const std::byte* row, Index column, Index n, S storage) {
  return n >= 32 ? decoded(row, column, storage)
                 : _mm512_maskz_mov_epi16((1U << n) - 1U, decoded(row, column, storage));
}

#else
template <class S>
concept DecodedInLanes = false;
#endif

/// Panels made of rows of few bits.
template <QuantizedStorage S>
struct Panels<S> {
  static constexpr bool ready = false;
  static PanelRun forward(Word* to, const std::byte* w, Index out, Index in, PanelRange range) {
    const Index next = panel_words(range.length), bytes = S::row_bytes(in);
    for (Index p = 0; p < range.count; ++p) {
      const Index begin = (range.first + p) * panel, n = std::min(panel, out - begin);
      Word* const at = to + p * next;
      if constexpr (DecodedInLanes<S>) {
#if defined(__AVX512BF16__) && defined(__AVX512VBMI__)
        for (Index k = 0; k < range.length; k += step)
          for (Index half = 0; half < panel; half += 16) {
            __m512i rows[16];
            for (Index i = 0; i < 16; ++i)
              rows[i] = half + i < n
                            ? decoded_columns(w + (begin + half + i) * bytes, range.from + k, in - range.from - k, S{})
                            : _mm512_setzero_si512();
            transpose16(at + k / 2 * panel + half, panel, rows);
          }
#endif
      } else {
        float* const rows = scratch<struct Decoded, float>(panel * in);
        for (Index i = 0; i < n; ++i) S::decode_row(rows + i * in, w + (begin + i) * bytes, in);
        panel_of_columns(at, rows + range.from, in, range.length, n);
      }
    }
    return {to, next};
  }
  static PanelRun backward(Word* to, const std::byte* w, [[maybe_unused]] Index out, Index in, PanelRange range) {
    const Index next = panel_words(range.length), bytes = S::row_bytes(in);
    for (Index p = 0; p < range.count; ++p) {
      const Index begin = (range.first + p) * panel, n = std::min(panel, in - begin);
      Word* at = to + p * next;
      if constexpr (DecodedInLanes<S>) {
#if defined(__AVX512BF16__) && defined(__AVX512VBMI__)
        const auto row = [&](Index o) {
          return o < out && o < range.from + range.length ? decoded_columns(w + o * bytes, begin, n, S{})
                                                          : _mm512_setzero_si512();
        };
        for (Index o = range.from; o < range.from + depth(range.length); o += 2, at += panel)
          interleave(at, row(o), row(o + 1));
#endif
      } else {
        float* const rows = scratch<struct Decoded, float>(in + 2 * panel);
        for (Index o = range.from; o < range.from + depth(range.length); o += 2, at += panel) {
          std::fill_n(rows + in, 2 * panel, 0.0F);
          for (Index half = 0; half < 2 && o + half < range.from + range.length; ++half) {
            S::decode_row(rows, w + (o + half) * bytes, in);
            std::copy_n(rows + begin, n, rows + in + half * panel);
          }
          for (Index i = 0; i < panel; ++i) at[i] = bits_of(rows[in + i]) | (bits_of(rows[in + panel + i]) << 16U);
        }
      }
    }
    return {to, next};
  }
};

}  // namespace graft::backend::bf16

namespace graft::backend {

/// A little more than the rows: the last block is read together with what would be the next.
template <QuantizedStorage S>
constexpr Index packed_bytes(Index out, Index in, S, xsimd_cpu) {
  return out * S::row_bytes(in) + 64;
}

}  // namespace graft::backend
