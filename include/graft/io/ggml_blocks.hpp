/// \file
/// Block formats of GGUF that weights are read from and not kept in: 5-bit blocks, K-quants, non-linear 4-bit ones.
/// Layouts: ggml's block_q5_0 … block_iq4_xs. In each, a scale (and often an offset) of 16 or 32 elements times a small
/// integer, or a value from a table.
#pragma once

#include <graft/core/quantized.hpp>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace graft::ggml {

/// Bytes of a block, one after another.
class Bytes {
 public:
  explicit Bytes(const std::byte* at) : at_(reinterpret_cast<const std::uint8_t*>(at)) {}

  [[nodiscard]] const std::uint8_t* take(Index n) { return std::exchange(at_, at_ + n); }
  [[nodiscard]] float half() {
    const auto* const b = take(2);
    return half_to_float(static_cast<std::uint16_t>(b[0] | b[1] << 8));
  }
  [[nodiscard]] std::uint32_t word() {
    std::uint32_t w = 0;
    std::memcpy(&w, take(4), 4);
    return w;
  }

 private:
  const std::uint8_t* at_;
};

/// y = d (q − 16) of five bits, or d q + m
template <bool Offset>
void decode_q5(float* to, const std::byte* from) {
  Bytes bytes(from);
  const float d = bytes.half(), m = Offset ? bytes.half() : -16 * d;
  const std::uint32_t high = bytes.word();
  const auto* const low = bytes.take(16);
  for (Index j = 0; j < 16; ++j) {
    to[j] = d * static_cast<float>((low[j] & 15U) | (high >> j & 1U) << 4U) + m;
    to[j + 16] = d * static_cast<float>(low[j] >> 4U | (high >> (j + 16) & 1U) << 4U) + m;
  }
}

/// y = d (s & 15) q − m (s >> 4) of two bits
inline void decode_q2_k(float* to, const std::byte* from) {
  Bytes bytes(from);
  const auto *scale = bytes.take(16), *q = bytes.take(64);
  const float d = bytes.half(), m = bytes.half();
  for (Index half = 0; half < 2; ++half, q += 32)
    for (Index shift = 0; shift < 8; shift += 2)
      for (Index part = 0; part < 2; ++part, ++scale)
        for (Index l = 0; l < 16; ++l)
          *to++ = d * static_cast<float>(*scale & 15U) * static_cast<float>(q[16 * part + l] >> shift & 3U) -
                  m * static_cast<float>(*scale >> 4U);
}

/// y = d (s − 32) (q − 4 where the mask has no bit) of three bits
inline void decode_q3_k(float* to, const std::byte* from) {
  Bytes bytes(from);
  const auto *mask = bytes.take(32), *q = bytes.take(64), *packed = bytes.take(12);
  const float d = bytes.half();
  Index number = 0;
  for (Index half = 0; half < 2; ++half, q += 32)
    for (Index shift = 0; shift < 8; shift += 2)
      for (Index part = 0; part < 2; ++part, ++number) {
        const unsigned low = number < 8 ? packed[number] & 15U : packed[number - 8] >> 4U,
                       high = packed[8 + number % 4] >> (2 * (number / 4)) & 3U;
        const float scale = d * (static_cast<float>(low | high << 4U) - 32.0F);
        for (Index l = 16 * part; l < 16 * part + 16; ++l)
          *to++ = scale * (static_cast<float>(q[l] >> shift & 3U) -
                           ((mask[l] >> (4 * half + shift / 2) & 1U) != 0 ? 0.0F : 4.0F));
      }
}

/// Scale and offset number j of eight, six bits each.
inline std::array<float, 2> scale_and_offset(const std::uint8_t* packed, Index j) {
  if (j < 4) return {static_cast<float>(packed[j] & 63U), static_cast<float>(packed[j + 4] & 63U)};
  return {static_cast<float>((packed[j + 4] & 15U) | unsigned{packed[j - 4]} >> 6U << 4U),
          static_cast<float>(unsigned{packed[j + 4]} >> 4U | unsigned{packed[j]} >> 6U << 4U)};
}
/// y = d s q − m o of four bits, or of five
template <bool Fifth>
void decode_q4_k(float* to, const std::byte* from) {
  Bytes bytes(from);
  const float d = bytes.half(), m = bytes.half();
  const auto *packed = bytes.take(12), *high = Fifth ? bytes.take(32) : nullptr, *q = bytes.take(128);
  for (Index j = 0; j < 8; ++j) {
    const auto [scale, offset] = scale_and_offset(packed, j);
    for (Index l = 0; l < 32; ++l) {
      unsigned value = q[32 * (j / 2) + l] >> (4 * (j % 2)) & 15U;
      if constexpr (Fifth) value |= (high[l] >> j & 1U) << 4U;
      *to++ = d * scale * static_cast<float>(value) - m * offset;
    }
  }
}

/// y = d s (q − 32) of six bits
inline void decode_q6_k(float* to, const std::byte* from) {
  Bytes bytes(from);
  const auto *low = bytes.take(128), *high = bytes.take(64), *scale = bytes.take(16);
  const float d = bytes.half();
  for (Index half = 0; half < 2; ++half)
    for (Index part = 0; part < 4; ++part)
      for (Index l = 0; l < 32; ++l) {
        const unsigned four = low[64 * half + 32 * (part % 2) + l] >> (4 * (part / 2)) & 15U,
                       two = high[32 * half + l] >> (2 * part) & 3U;
        *to++ = d * static_cast<float>(static_cast<std::int8_t>(scale[8 * half + 2 * part + l / 16])) *
                (static_cast<float>(four | two << 4U) - 32.0F);
      }
}

inline constexpr std::array<float, 16> non_linear{-127, -104, -83, -65, -49, -35, -22, -10,
                                                  1,    13,   25,  38,  53,  69,  89,  113};
inline void decode_non_linear(float* to, const std::uint8_t* q, float d) {
  for (Index j = 0; j < 16; ++j) {
    to[j] = d * non_linear[q[j] & 15U];
    to[j + 16] = d * non_linear[q[j] >> 4U];
  }
}
/// y = d v[q]
inline void decode_iq4_nl(float* to, const std::byte* from) {
  Bytes bytes(from);
  const float d = bytes.half();
  decode_non_linear(to, bytes.take(16), d);
}
/// y = d (s − 32) v[q]
inline void decode_iq4_xs(float* to, const std::byte* from) {
  Bytes bytes(from);
  const float d = bytes.half();
  const auto *high = bytes.take(2), *low = bytes.take(4), *q = bytes.take(128);
  for (Index b = 0; b < 8; ++b) {
    const unsigned scale =
        (low[b / 2] >> (4 * (b % 2)) & 15U) | (static_cast<unsigned>(high[0] | high[1] << 8) >> (2 * b) & 3U) << 4U;
    decode_non_linear(to + 32 * b, q + 16 * b, d * (static_cast<float>(scale) - 32.0F));
  }
}

/// What a file needs to know of a format.
struct Format {
  std::uint32_t number;  ///< in GGUF
  const char* name;
  Index elements, bytes;
  void (*decode)(float* to, const std::byte* from);
};
inline constexpr Format formats[] = {
    {6, "Q5_0", 32, 22, decode_q5<false>},      {7, "Q5_1", 32, 24, decode_q5<true>},
    {10, "Q2_K", 256, 84, decode_q2_k},         {11, "Q3_K", 256, 110, decode_q3_k},
    {12, "Q4_K", 256, 144, decode_q4_k<false>}, {13, "Q5_K", 256, 176, decode_q4_k<true>},
    {14, "Q6_K", 256, 210, decode_q6_k},        {20, "IQ4_NL", 32, 18, decode_iq4_nl},
    {23, "IQ4_XS", 256, 136, decode_iq4_xs}};

}  // namespace graft::ggml
