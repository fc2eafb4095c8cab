/// \file
/// Loops in SIMD lanes through xsimd, written once for a whole batch and once for the tail. What xsimd lacks, bfloat16
/// values and the products of pairs of them, is here in intrinsics where the CPU has them and in shifts where not.
#pragma once

#include <graft/core/config.hpp>
#include <graft/core/storage.hpp>

#include <algorithm>

#include <xsimd/xsimd.hpp>

#if defined(__AVX2__)
#include <immintrin.h>
#endif

namespace graft::backend::simd {

using Lanes = xsimd::batch<float>;
using Words = xsimd::batch<std::int32_t>;
inline constexpr Index width = Lanes::size;

/// Two bfloat16 neighbours, the lower first: what a lane of a product's operand holds.
using Word = std::uint32_t;

inline Words load_words(const Word* from) { return Words::load_unaligned(reinterpret_cast<const std::int32_t*>(from)); }
inline void store_words(Word* to, Words x) { x.store_unaligned(reinterpret_cast<std::int32_t*>(to)); }
inline void store_words(Word* to, Words x, Index count) {
  Word lanes[width];
  store_words(lanes, x);
  for (Index i = 0; i < count; ++i) to[i] = lanes[i];
}

inline Lanes load(const float* from) { return Lanes::load_unaligned(from); }
inline void store(float* to, Lanes x) { x.store_unaligned(to); }

#if defined(__AVX512BF16__)

/// Each lane the bits of one bfloat16, the upper half zero.
inline Words bits(const Bfloat16* from) {
  return _mm512_cvtepu16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)));
}
inline Words bits(Lanes x) { return _mm512_cvtepu16_epi32((__m256i)_mm512_cvtneps_pbh(x)); }
inline void store(Bfloat16* to, Lanes x) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), (__m256i)_mm512_cvtneps_pbh(x));
}
/// c + the sum of the two products in each lane
inline Lanes dot(Lanes c, Words a, Words b) {
  return _mm512_dpbf16_ps(c, (__m512bh) static_cast<__m512i>(a), (__m512bh) static_cast<__m512i>(b));
}

#else

inline Words bits(const Bfloat16* from) {
#if defined(__AVX512F__)
  return _mm512_cvtepu16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)));
#elif defined(__AVX2__)
  return _mm256_cvtepu16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
#else
  std::int32_t words[width];
  for (Index i = 0; i < width; ++i) words[i] = from[i].bits;
  return Words::load_unaligned(words);
#endif
}
inline Words bits(Lanes x) {  // to nearest even; a NaN stays one
  const auto word = xsimd::bitwise_cast<Words>(x);
  const auto rounded = word + Words(0x7fff) + ((word >> 16) & Words(1));
  // Chosen as floats: xsimd chooses among words by macros that do not compile without optimisation on AVX-512.
  const auto chosen = xsimd::select(xsimd::isnan(x), xsimd::bitwise_cast<Lanes>(word | Words(0x00400000)),
                                    xsimd::bitwise_cast<Lanes>(rounded));
  return (xsimd::bitwise_cast<Words>(chosen) >> 16) & Words(0xffff);
}
inline void store(Bfloat16* to, Lanes x) {
#if defined(__AVX512F__)
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), _mm512_cvtepi32_epi16(bits(x)));
#elif defined(__AVX2__)
  const __m256i words = bits(x), pairs = _mm256_permute4x64_epi64(_mm256_packus_epi32(words, words), 0x08);
  _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm256_castsi256_si128(pairs));
#else
  std::int32_t words[width];
  bits(x).store_unaligned(words);
  for (Index i = 0; i < width; ++i) to[i].bits = static_cast<std::uint16_t>(words[i]);
#endif
}
inline Lanes dot(Lanes c, Words a, Words b) {
  const auto even = [](Words w) { return xsimd::bitwise_cast<Lanes>(w << 16); };
  const auto odd = [](Words w) {
    return xsimd::bitwise_cast<Lanes>(w & Words(static_cast<std::int32_t>(0xffff0000U)));
  };
  return xsimd::fma(odd(a), odd(b), xsimd::fma(even(a), even(b), c));
}

#endif

inline Words bits(const float* from) { return bits(load(from)); }
inline Lanes load(const Bfloat16* from) { return xsimd::bitwise_cast<Lanes>(bits(from) << 16); }

#if defined(__AVX512BF16__)

inline __mmask16 first(Index count) { return static_cast<__mmask16>((1U << count) - 1U); }
inline Lanes load(const float* from, Index count) { return _mm512_maskz_loadu_ps(first(count), from); }
inline Lanes load(const Bfloat16* from, Index count) {
  return _mm512_castsi512_ps(
      _mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(first(count), from)), 16));
}
inline void store(float* to, Lanes x, Index count) { _mm512_mask_storeu_ps(to, first(count), x); }
inline void store(Bfloat16* to, Lanes x, Index count) {
  _mm256_mask_storeu_epi16(to, first(count), (__m256i)_mm512_cvtneps_pbh(x));
}

#else

template <class E>
Lanes load(const E* from, Index count) {
  E lanes[width] = {};
  for (Index i = 0; i < count; ++i) lanes[i] = from[i];
  return load(lanes);
}
template <class E>
void store(E* to, Lanes x, Index count) {
  E lanes[width];
  store(lanes, x);
  for (Index i = 0; i < count; ++i) to[i] = lanes[i];
}

#endif

/// Calls body(i, count...) for lanes starting at i: whole batches without a count, the tail with one.
template <class Body>
void each(Index begin, Index end, const Body& body) {
  Index i = begin;
  for (; i + width <= end; i += width) body(i);
  if (i < end) body(i, end - i);
}

/// Asks for the memory that a loop at i will come to, once for every cache line of the smallest elements: `to`, which
/// it writes, and what it reads. CPUs fetch ahead by themselves, but in virtual machines often too little.
template <class Y, class... E>
void fetch_ahead(Index i, const Y* to, const E*... from) {
  constexpr Index ahead = 2048, line = 64 / std::min({sizeof(Y), sizeof(E)...});
  if (i % line != 0) return;
  __builtin_prefetch(reinterpret_cast<const std::byte*>(to + i) + ahead, 1);
  (__builtin_prefetch(reinterpret_cast<const std::byte*>(from + i) + ahead), ...);
}

/// y ← or +← value
template <class E, class... Count>
void put(E* y, Lanes value, bool accumulate, Count... count) {
  store(y, accumulate ? load(y, count...) + value : value, count...);
}

/// eˣ to about 2·10⁻⁷: 2ⁿ p(r) with x = n ln 2 + r, |r| ≤ ln 2 / 2, p of degree 6. Half the instructions of xsimd's
/// where the CPU scales by powers of two itself.
inline Lanes exp(Lanes x) {
#if defined(__AVX512F__)
  // Below −87 the result is zero: CPUs take a hundred times as long over subnormal numbers. A NaN stays one.
  const __mmask16 large = _mm512_cmp_ps_mask(x, _mm512_set1_ps(-87.3F), _CMP_NLT_UQ);
  const __m512 n = _mm512_roundscale_ps(_mm512_mul_ps(x, _mm512_set1_ps(1.44269504F)),
                                        _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  const __m512 r =
      _mm512_fnmadd_ps(n, _mm512_set1_ps(-2.12194440e-4F), _mm512_fnmadd_ps(n, _mm512_set1_ps(0.693359375F), x));
  __m512 p = _mm512_set1_ps(1.0F / 720);
  for (const float c : {1.0F / 120, 1.0F / 24, 1.0F / 6, 0.5F, 1.0F, 1.0F})
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(c));
  return _mm512_maskz_scalef_ps(large, p, n);
#else
  return xsimd::exp(x);
#endif
}
inline Lanes sigmoid(Lanes x) { return Lanes(1.0F) / (Lanes(1.0F) + exp(-x)); }
inline float sum(Lanes x) { return xsimd::hadd(x); }
inline float largest(Lanes x) {
#if defined(__AVX512F__)
  return _mm512_reduce_max_ps(x);
#else
  float lanes[width];
  store(lanes, x);
  return *std::max_element(lanes, lanes + width);
#endif
}

}  // namespace graft::backend::simd
