/// \file
/// Int8 weights as panels of bytes: after the panels (bytes.hpp) a scale for each output and the sums of the panels'
/// columns. Activations and what comes back through a product are rounded to bytes row by row, each row by its own
/// scale. Where the CPU does not multiply bytes, Int8 is one more storage that becomes bfloat16 on the way
/// (quantized.hpp).
#pragma once

#include <graft/backend/xsimd/project.hpp>

#if defined(__AVX512VNNI__) && defined(__AVX512VBMI__) && defined(__AVX512BF16__)

namespace graft::backend::bf16 {

/// 32×32 bytes of panels of wᵀ as panels of w: word (o/4, i) = (w[o][i] … w[o+3][i]) from word (i/4, o) = (w[o][i] …
/// w[o][i+3]).
inline void turn_bytes(Word* to, const Word* from) {
  alignas(64) static constexpr auto order = [] {
    std::array<std::uint8_t, 64> bytes{};
    for (unsigned o4 = 0; o4 < 4; ++o4)
      for (unsigned b = 0; b < 4; ++b)
        for (unsigned c = 0; c < 4; ++c) bytes[16 * o4 + 4 * b + c] = static_cast<std::uint8_t>(4 * (4 * o4 + c) + b);
    return bytes;
  }();
  const __m512i by_output = _mm512_load_si512(order.data());
  for (int half = 0; half < 2; ++half)
    for (int quarter = 0; quarter < 2; ++quarter) {  // 16 outputs, 16 inputs: 4×4 units of 128 bits to be transposed
      __m512i x[4];
      GRAFT_UNROLL for (int i = 0; i < 4; ++i) x[i] =
          _mm512_permutexvar_epi8(by_output, _mm512_loadu_si512(from + (4 * quarter + i) * 32 + 16 * half));
      const __m512i a = _mm512_shuffle_i32x4(x[0], x[1], 0x88), b = _mm512_shuffle_i32x4(x[2], x[3], 0x88);
      const __m512i c = _mm512_shuffle_i32x4(x[0], x[1], 0xdd), d = _mm512_shuffle_i32x4(x[2], x[3], 0xdd);
      Word* const out = to + 4 * half * 32 + 16 * quarter;
      _mm512_storeu_si512(out, _mm512_shuffle_i32x4(a, b, 0x88));
      _mm512_storeu_si512(out + 32, _mm512_shuffle_i32x4(c, d, 0x88));
      _mm512_storeu_si512(out + 64, _mm512_shuffle_i32x4(a, b, 0xdd));
      _mm512_storeu_si512(out + 96, _mm512_shuffle_i32x4(c, d, 0xdd));
    }
}

/// Where the parts of a packed weight lie.
struct ByteWeight {
  const Word* panels_of;
  const float* scales;
  const std::int32_t *output_sums, *input_sums;  // Σ over inputs, by output; Σ over outputs, by input

  ByteWeight(const std::byte* packed, Index out, Index in)
      : panels_of(reinterpret_cast<const Word*>(packed)),
        scales(reinterpret_cast<const float*>(panels_of + panels(out) * byte_panel_words(in))),
        output_sums(reinterpret_cast<const std::int32_t*>(scales + rounded(out, panel))),
        input_sums(output_sums + rounded(out, panel)) {}

  static constexpr Index bytes(Index out, Index in) {
    return sizeof(Word) * (panels(out) * byte_panel_words(in) + 2 * rounded(out, panel) + rounded(in, panel));
  }
  [[nodiscard]] std::int8_t element(Index o, Index i, Index in) const {
    return reinterpret_cast<const std::int8_t*>(panels_of + o / panel * byte_panel_words(in) + i / 4 * panel +
                                                o % panel)[i % 4];
  }
  [[nodiscard]] PanelRun forward(Index in, PanelRange range) const {
    return {panels_of + range.first * byte_panel_words(in) + range.from / 4 * panel, byte_panel_words(in)};
  }
  [[nodiscard]] PanelRun backward(Word* to, Index out, Index in, PanelRange range) const {
    const Index next = byte_panel_words(range.length);
    for (Index p = 0; p < range.count; ++p)
      for (Index q = 0; q < byte_depth(range.length) / panel; ++q) {
        Word* const at = to + p * next + q * 8 * panel;
        const Index output_panel = range.from / panel + q;
        if (output_panel < panels(out))
          turn_bytes(at, panels_of + output_panel * byte_panel_words(in) + (range.first + p) * 8 * panel);
        else std::fill_n(at, 8 * panel, 0U);
      }
    return {to, next};
  }
};

template <>
struct Multiply<Int8> {
  using Left = ByteRows;
  static constexpr bool ready = true;
  static constexpr Index deep(Index k) { return byte_depth(k); }

  template <class X>
  static Left input(const X* x, Operand, Index rows, Index in) {
    return byte_rows(scratch<struct InputBytes, std::uint8_t>(upper_bytes(rows, in)), x, in, rows, in, nullptr);
  }
  static constexpr Index upper_bytes(Index rows, Index k) {
    return rounded(rows * (byte_depth(k) + sizeof(float)), 64);
  }
  template <class Y>
  static Left upper(std::byte* room, const Y* dy, Operand, Index rows, const std::byte* w, Index out, Index in) {
    return byte_rows(reinterpret_cast<std::uint8_t*>(room), dy, out, rows, out, ByteWeight(w, out, in).scales);
  }
  static void add_forward(Piece& piece, Left left, const std::byte* w, Index out, Index in) {
    const ByteWeight weight(w, out, in);
    piece.add_bytes(left, in, weight.scales + piece.begin, weight.output_sums + piece.begin,
                    [&](Index from, Index length) {
                      return weight.forward(in, {piece.begin / panel, piece.width(), from, length});
                    });
  }
  static Word* add_backward(Piece& piece, Word* made, Left left, const std::byte* w, Index out, Index in) {
    const ByteWeight weight(w, out, in);
    piece.add_bytes(left, out, nullptr, weight.input_sums + piece.begin, [&](Index from, Index length) {
      const PanelRun run = weight.backward(made, out, in, {piece.begin / panel, piece.width(), from, length});
      made += piece.width() * byte_panel_words(length);
      return run;
    });
    return made;
  }
};

/// As panels of bfloat16, for what is not a product of bytes.
template <>
struct Panels<Int8> {
  static constexpr bool ready = false;
  static PanelRun forward(Word* to, const std::byte* w, Index out, Index in, PanelRange range) {
    const ByteWeight weight(w, out, in);
    const Index next = panel_words(range.length);
    for (Index p = 0; p < range.count; ++p)
      for (Index i = 0; i < panel; ++i)
        for (Index k = 0; k < depth(range.length); ++k) {
          const Index o = (range.first + p) * panel + i;
          const float value = o < out && k < range.length
                                  ? weight.scales[o] * static_cast<float>(weight.element(o, range.from + k, in))
                                  : 0.0F;
          reinterpret_cast<Bfloat16*>(to + p * next)[k / 2 * 2 * panel + 2 * i + k % 2] = Bfloat16(value);
        }
    return {to, next};
  }
  static PanelRun backward(Word* to, const std::byte* w, Index out, Index in, PanelRange range) {
    const ByteWeight weight(w, out, in);
    const Index next = panel_words(range.length);
    for (Index p = 0; p < range.count; ++p)
      for (Index k = 0; k < depth(range.length); ++k)
        for (Index i = 0; i < panel; ++i) {
          const Index o = range.from + k, input = (range.first + p) * panel + i;
          const float value = o < out && k < range.length && input < in
                                  ? weight.scales[o] * static_cast<float>(weight.element(o, input, in))
                                  : 0.0F;
          reinterpret_cast<Bfloat16*>(to + p * next)[k / 2 * 2 * panel + 2 * i + k % 2] = Bfloat16(value);
        }
    return {to, next};
  }
};

}  // namespace graft::backend::bf16

namespace graft::backend {

constexpr Index packed_bytes(Index out, Index in, Int8, xsimd_cpu) { return bf16::ByteWeight::bytes(out, in); }
constexpr Index row_alignment(Int8, xsimd_cpu) { return 0; }

void pack(std::byte* packed, const float* w, Index out, Index in, Int8, xsimd_cpu);
void lookup_frozen(float* y, const Id* ids, const std::byte* packed, Index rows, Index out, Index in, Int8, xsimd_cpu);

#if defined(GRAFT_KERNEL_INLINE)
GRAFT_KERNEL_INLINE void pack(std::byte* packed, const float* w, Index out, Index in, Int8, xsimd_cpu) {
  using namespace bf16;
  std::fill_n(packed, ByteWeight::bytes(out, in), std::byte{});
  const ByteWeight weight(packed, out, in);
  auto* const scales = const_cast<float*>(weight.scales);
  auto *const output_sums = const_cast<std::int32_t*>(weight.output_sums), *const input_sums =
                                                                               const_cast<std::int32_t*>(
                                                                                   weight.input_sums);
  std::vector<std::byte> row(Int8::row_bytes(in));
  for (Index o = 0; o < out; ++o) {
    Int8::encode_row(row.data(), w + o * in, in);
    scales[o] = quantized::load<float>(row.data());
    auto* const to = reinterpret_cast<std::byte*>(
        const_cast<Word*>(weight.panels_of + o / panel * byte_panel_words(in) + o % panel));
    for (Index i = 0; i < in; ++i) {
      const std::byte q = row[sizeof(float) + i];
      to[i / 4 * panel * sizeof(Word) + i % 4] = q;
      output_sums[o] += static_cast<std::int8_t>(q);
      input_sums[i] += static_cast<std::int8_t>(q);
    }
  }
}

GRAFT_KERNEL_INLINE void lookup_frozen(float* y, const Id* ids, const std::byte* packed, Index rows, Index out,
                                       Index in, Int8, xsimd_cpu) {
  const bf16::ByteWeight weight(packed, out, in);
  for (Index t = 0; t < rows; ++t) {
    const Index o = ids == nullptr ? t : static_cast<Index>(ids[t]);
    for (Index i = 0; i < in; ++i) y[t * in + i] = weight.scales[o] * static_cast<float>(weight.element(o, i, in));
  }
}
#endif

}  // namespace graft::backend

#endif
