/// \file
/// Weights as panels of bfloat16. A way of keeping weights is two functions: the panels of wᵀ for x wᵀ, and those of w
/// for dy w. They may lie there as they are or be made for the product that is about to read them; nothing else about a
/// storage concerns products in bfloat16.
#pragma once

#include <graft/backend/xsimd/operand.hpp>
#include <graft/backend/xsimd/tag.hpp>

namespace graft::backend::bf16 {

/// Which panels, and which part of each: columns by 32 from panel `first` on, K from `from` on, in whole steps but at
/// its end.
struct PanelRange {
  Index first, count, from, length;
};

/// A storage as panels of w(out,in): `forward` and `backward` yield the run of panels of a range, made at `to` if they
/// do not lie there already (`ready`: those of `forward` do).
template <class S>
struct Panels;

/// A trained weight: floats, row-major, rounded on the way.
template <>
struct Panels<Trained> {
  static constexpr bool ready = false;
  static PanelRun forward(Word* to, const std::byte* w, Index out, Index in, PanelRange range) {
    return made(to, range, [&](Word* panel_at, Index p) {
      panel_of_columns(panel_at, reinterpret_cast<const float*>(w) + p * panel * in + range.from, in, range.length,
                       std::min(panel, out - p * panel));
    });
  }
  static PanelRun backward(Word* to, const std::byte* w, Index, Index in, PanelRange range) {
    return made(to, range, [&](Word* panel_at, Index p) {
      panel_of_rows(panel_at, reinterpret_cast<const float*>(w) + range.from * in + p * panel, in, range.length,
                    std::min(panel, in - p * panel));
    });
  }

 private:
  template <class Make>
  static PanelRun made(Word* to, PanelRange range, const Make& make) {
    const Index next = panel_words(range.length);
    for (Index p = 0; p < range.count; ++p) make(to + p * next, range.first + p);
    return {to, next};
  }
};

template <>
struct Panels<F32> : Panels<Trained> {};

/// 32×32 elements of panels of wᵀ as panels of w: word (o/2, i) = (w[o][i], w[o+1][i]) from word (i/2, o) = (w[o][i],
/// w[o][i+1]).
inline void turn(Word* to, const Word* from) {
#if defined(__AVX512BW__)
  // Within a register of 16 outputs, one pair of inputs: pairs of outputs, first input then second.
  alignas(64) static constexpr std::uint16_t order[32] = {0,  2,  1,  3,  4,  6,  5,  7,  8,  10, 9,
                                                          11, 12, 14, 13, 15, 16, 18, 17, 19, 20, 22,
                                                          21, 23, 24, 26, 25, 27, 28, 30, 29, 31};
  const __m512i by_output = _mm512_load_si512(order);
  for (int half = 0; half < 2; ++half)
    for (int quarter = 0; quarter < 2; ++quarter) {  // 16 outputs, 16 inputs: 8×8 units of 64 bits to be transposed
      __m512i x[8], y[8];
      GRAFT_UNROLL for (int i = 0; i < 8; ++i) x[i] =
          _mm512_permutexvar_epi16(by_output, _mm512_loadu_si512(from + (8 * quarter + i) * 32 + 16 * half));
      GRAFT_UNROLL for (int i = 0; i < 8; i += 2) {
        y[i] = _mm512_unpacklo_epi64(x[i], x[i + 1]);
        y[i + 1] = _mm512_unpackhi_epi64(x[i], x[i + 1]);
      }
      GRAFT_UNROLL for (int i = 0; i < 8; i += 4) {
        GRAFT_UNROLL for (int j = 0; j < 2; ++j) {
          x[i + j] = _mm512_shuffle_i64x2(y[i + j], y[i + j + 2], 0x88);
          x[i + j + 2] = _mm512_shuffle_i64x2(y[i + j], y[i + j + 2], 0xdd);
        }
      }
      GRAFT_UNROLL for (int j = 0; j < 4; ++j) {
        _mm512_storeu_si512(to + (8 * half + j) * 32 + 16 * quarter, _mm512_shuffle_i64x2(x[j], x[j + 4], 0x88));
        _mm512_storeu_si512(to + (8 * half + j + 4) * 32 + 16 * quarter, _mm512_shuffle_i64x2(x[j], x[j + 4], 0xdd));
      }
    }
#elif defined(__AVX2__)
  // Pairs of outputs by pairs of inputs are units of 64 bits: within each, first input then second; 4×4 are transposed.
  const __m256i by_output =
      _mm256_broadcastsi128_si256(_mm_setr_epi8(0, 1, 4, 5, 2, 3, 6, 7, 8, 9, 12, 13, 10, 11, 14, 15));
  for (Index o = 0; o < 32; o += 8)
    for (Index pair = 0; pair < 16; pair += 4) {
      __m256i x[4];
      GRAFT_UNROLL for (Index i = 0; i < 4; ++i) x[i] = _mm256_shuffle_epi8(
          _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from + (pair + i) * 32 + o)), by_output);
      const __m256i even01 = _mm256_unpacklo_epi64(x[0], x[1]), even23 = _mm256_unpacklo_epi64(x[2], x[3]),
                    odd01 = _mm256_unpackhi_epi64(x[0], x[1]), odd23 = _mm256_unpackhi_epi64(x[2], x[3]);
      const __m256i turned[4] = {
          _mm256_permute2x128_si256(even01, even23, 0x20), _mm256_permute2x128_si256(odd01, odd23, 0x20),
          _mm256_permute2x128_si256(even01, even23, 0x31), _mm256_permute2x128_si256(odd01, odd23, 0x31)};
      GRAFT_UNROLL for (Index i = 0; i < 4; ++i)
          _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + (o / 2 + i) * 32 + 2 * pair), turned[i]);
    }
#else
  for (Index o = 0; o < 16; ++o)
    for (Index i = 0; i < 32; ++i) {
      const Index shift = i % 2 == 0 ? 0 : 16;
      const auto element = [=](Index output) { return (from[i / 2 * 32 + output] >> shift) & 0xffffU; };
      to[o * 32 + i] = element(2 * o) | (element(2 * o + 1) << 16U);
    }
#endif
}

/// A whole panel of wᵀ, 32 outputs, as rows of panels of w that lie `next` words apart.
inline void turn_panel(Word* to, Index next, const Word* from, Index in) {
  for (Index p = 0; p < panels(in); ++p) turn(to + p * next, from + p * 16 * panel);
}

/// One copy serves both products: the panels of wᵀ as they lie, those of w turned on the way.
template <>
struct Panels<Bf16> {
  static constexpr bool ready = true;
  static PanelRun forward(Word*, const std::byte* w, Index, Index in, PanelRange range) {
    return {reinterpret_cast<const Word*>(w) + range.first * panel_words(in) + range.from / 2 * panel, panel_words(in)};
  }
  static PanelRun backward(Word* to, const std::byte* w, Index, Index in, PanelRange range) {
    const Index next = panel_words(range.length);
    const Word* const from =
        reinterpret_cast<const Word*>(w) + range.from / panel * panel_words(in) + range.first * 16 * panel;
    for (Index p = 0; p < range.count; ++p)
      for (Index q = 0; q < panels(range.length); ++q)
        turn(to + p * next + q * 16 * panel, from + q * panel_words(in) + p * 16 * panel);
    return {to, next};
  }
};

template <class S>
concept PanelStorage = requires { Panels<S>::ready; };

}  // namespace graft::backend::bf16

namespace graft::backend {

constexpr Index packed_bytes(Index out, Index in, Bf16, xsimd_cpu) {
  return bf16::panels(out) * bf16::panel_words(in) * sizeof(bf16::Word);
}
constexpr Index row_alignment(Bf16, xsimd_cpu) { return 0; }

void pack(std::byte* packed, const float* w, Index out, Index in, Bf16, xsimd_cpu);
void lookup_frozen(float* y, const Id* ids, const std::byte* packed, Index rows, Index out, Index in, Bf16, xsimd_cpu);

#if defined(GRAFT_KERNEL_INLINE)
GRAFT_KERNEL_INLINE void pack(std::byte* packed, const float* w, Index out, Index in, Bf16, xsimd_cpu) {
  using namespace bf16;
  parallel_for(panels(out), true, [=](Index p) {
    panel_of_columns(reinterpret_cast<Word*>(packed) + p * panel_words(in), w + p * panel * in, in, in,
                     std::min(panel, out - p * panel));
  });
}

GRAFT_KERNEL_INLINE void lookup_frozen(float* y, const Id* ids, const std::byte* packed, Index rows, Index, Index in,
                                       Bf16, xsimd_cpu) {
  using namespace bf16;
  parallel_for(rows, rows * in > parallel_threshold, [=](Index t) {
    const Index row = ids == nullptr ? t : static_cast<Index>(ids[t]);
    const Word* const words = reinterpret_cast<const Word*>(packed) + row / panel * panel_words(in) + row % panel;
    for (Index i = 0; i < in; ++i) {
      const Word word = words[i / 2 * panel];
      y[t * in + i] = std::bit_cast<float>(i % 2 == 0 ? word << 16U : word & 0xffff0000U);
    }
  });
}
#endif

}  // namespace graft::backend
