/// \file
/// Weights as panels of bfloat16. A way of keeping weights is two functions: the panels of wᵀ for x wᵀ, and those of w for
/// dy w. They may lie there as they are or be made for the product that is about to read them; nothing else about a storage
/// concerns products in bfloat16.
#pragma once

#include <graft/backend/xsimd/operand.hpp>
#include <graft/backend/xsimd/tag.hpp>

namespace graft::backend::bf16 {

/// Panels first … first+count−1 of w(out,in), at `to` or where they lie already; each `panel_words` long.
using PanelsOf = const Word* (*)(Word* to, const std::byte* w, Index out, Index in, Index first, Index count);

/// A storage as panels: `forward` and `backward` of the type `PanelsOf`, and whether forward panels lie there already.
template <class S>
struct Panels;

/// A trained weight: floats, row-major, rounded on the way.
template <>
struct Panels<Trained> {
  static constexpr bool ready = false;
  static const Word* forward(Word* to, const std::byte* w, Index out, Index in, Index first, Index count) {
    const auto* const floats = reinterpret_cast<const float*>(w);
    for (Index p = first; p < first + count; ++p) panel_of_columns(to + (p - first) * panel_words(in), floats + p * panel * in, in, in, std::min(panel, out - p * panel));
    return to;
  }
  static const Word* backward(Word* to, const std::byte* w, Index out, Index in, Index first, Index count) {
    const auto* const floats = reinterpret_cast<const float*>(w);
    for (Index p = first; p < first + count; ++p) panel_of_rows(to + (p - first) * panel_words(out), floats + p * panel, in, out, std::min(panel, in - p * panel));
    return to;
  }
};

template <>
struct Panels<F32> : Panels<Trained> {};

/// 32×32 elements of panels of wᵀ as panels of w: word (o/2, i) = (w[o][i], w[o+1][i]) from word (i/2, o) = (w[o][i], w[o][i+1]).
inline void turn(Word* to, const Word* from) {
#if defined(__AVX512BW__)
  // Within a register of 16 outputs, one pair of inputs: pairs of outputs, first input then second.
  alignas(64) static constexpr std::uint16_t order[32] = {0, 2, 1, 3, 4, 6, 5, 7, 8, 10, 9, 11, 12, 14, 13, 15, 16, 18, 17, 19, 20, 22, 21, 23, 24, 26, 25, 27, 28, 30, 29, 31};
  const __m512i by_output = _mm512_load_si512(order);
  for (int half = 0; half < 2; ++half)
    for (int quarter = 0; quarter < 2; ++quarter) {  // 16 outputs, 16 inputs: 8×8 units of 64 bits to be transposed
      __m512i x[8], y[8];
      GRAFT_UNROLL for (int i = 0; i < 8; ++i) x[i] = _mm512_permutexvar_epi16(by_output, _mm512_loadu_si512(from + (8 * quarter + i) * 32 + 16 * half));
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
#else
  for (Index o = 0; o < 16; ++o)
    for (Index i = 0; i < 32; ++i) {
      const Index shift = i % 2 == 0 ? 0 : 16;
      const auto element = [=](Index output) { return (from[i / 2 * 32 + output] >> shift) & 0xffffU; };
      to[o * 32 + i] = element(2 * o) | (element(2 * o + 1) << 16U);
    }
#endif
}

/// One copy serves both products: the panels of wᵀ as they lie, those of w turned on the way.
template <>
struct Panels<Bf16> {
  static constexpr bool ready = true;
  static const Word* forward(Word*, const std::byte* w, Index, Index in, Index first, Index) { return reinterpret_cast<const Word*>(w) + first * panel_words(in); }
  static const Word* backward(Word* to, const std::byte* w, Index out, Index in, Index first, Index count) {
    for (Index p = first; p < first + count; ++p)
      for (Index q = 0; q < panels(out); ++q) turn(to + (p - first) * panel_words(out) + q * 16 * panel, reinterpret_cast<const Word*>(w) + q * panel_words(in) + p * 16 * panel);
    return to;
  }
};

template <class S>
concept PanelStorage = requires { Panels<S>::ready; };

}  // namespace graft::backend::bf16

namespace graft::backend {

constexpr Index packed_bytes(Index out, Index in, Bf16, xsimd_cpu) { return bf16::panels(out) * bf16::panel_words(in) * sizeof(bf16::Word); }

inline void pack(std::byte* packed, const float* w, Index out, Index in, Bf16, xsimd_cpu) {
  using namespace bf16;
  parallel_for(panels(out), true, [=](Index p) {
    panel_of_columns(reinterpret_cast<Word*>(packed) + p * panel_words(in), w + p * panel * in, in, in, std::min(panel, out - p * panel));
  });
}

inline void lookup_frozen(float* y, const Id* ids, const std::byte* packed, Index rows, Index, Index in, Bf16, xsimd_cpu) {
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

}  // namespace graft::backend
