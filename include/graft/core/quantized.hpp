/// \file
/// Storages of few bits, row by row. Blocks of 32 of GGUF, as llama.cpp writes them:
///   Q8_0  half d, int8 q[32]: w = d q           Q4_0  half d, nibbles: w = d (q − 8)
///   Q4_1  half d, half m, nibbles: w = d q + m  the low nibbles of the 16 bytes come first, then the high ones
///   Nf4   float d, nibbles: w = d code[q]       64 elements, the high nibble first (Dettmers et al. 2023)
///   Int8  float d for the whole row: w = d q, |q| ≤ 127
#pragma once

#include <graft/core/storage.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

namespace graft {

/// A storage that encodes each row of a matrix by itself: `row_bytes(n)`, `encode_row(to, floats, n)`, `decode_row(to, bytes, n)`.
template <class S>
concept QuantizedStorage = Storage<S> && requires(std::byte* bytes, const std::byte* from, float* floats, const float* values, Index n) {
  { S::row_bytes(n) } -> std::convertible_to<Index>;
  S::encode_row(bytes, values, n);
  S::decode_row(floats, from, n);
};

namespace quantized {

template <class T>
T load(const std::byte* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}
template <class T>
void store(std::byte* to, T value) {
  std::memcpy(to, &value, sizeof value);
}
inline float load_half(const std::byte* from) { return half_to_float(load<std::uint16_t>(from)); }

/// Rows as blocks: `Codec` encodes and decodes one of `Codec::block` elements in `Codec::block_bytes`. The last is filled up.
template <class Codec>
struct Blocks {
  static constexpr Index row_bytes(Index n) { return (n + Codec::block - 1) / Codec::block * Codec::block_bytes; }
  static void encode_row(std::byte* to, const float* from, Index n) {
    std::array<float, Codec::block> filled{};
    for (Index i = 0; i < n; i += Codec::block, to += Codec::block_bytes) {
      const Index here = std::min(Codec::block, n - i);
      std::copy_n(from + i, here, filled.begin());
      std::fill(filled.begin() + static_cast<std::ptrdiff_t>(here), filled.end(), filled[here - 1]);  // of the range of the others
      Codec::encode(to, filled.data());
    }
  }
  static void decode_row(float* to, const std::byte* from, Index n) {
    std::array<float, Codec::block> filled;
    for (Index i = 0; i < n; i += Codec::block, from += Codec::block_bytes) {
      Codec::decode(filled.data(), from);
      std::copy_n(filled.begin(), std::min(Codec::block, n - i), to + i);
    }
  }
};

template <class Value>
void decode_nibbles(float* to, const std::byte* q, const Value& value) {
  for (Index j = 0; j < 16; ++j) {
    const auto byte = std::to_integer<unsigned>(q[j]);
    to[j] = value(byte & 15U);
    to[16 + j] = value(byte >> 4U);
  }
}

}  // namespace quantized

struct Q8_0 : quantized::Blocks<Q8_0> {
  static constexpr const char* name = "Q8_0";
  static constexpr Index block = 32, block_bytes = 34;
  static void encode(std::byte* to, const float* x) {
    float most = 0;
    for (Index i = 0; i < block; ++i) most = std::max(most, std::abs(x[i]));
    const float d = most / 127.0F, inverse = d != 0 ? 1.0F / d : 0.0F;
    quantized::store(to, float_to_half(d));
    for (Index i = 0; i < block; ++i) quantized::store(to + 2 + i, static_cast<std::int8_t>(std::lround(x[i] * inverse)));
  }
  static void decode(float* to, const std::byte* from) {
    for (Index i = 0; i < block; ++i) to[i] = quantized::load_half(from) * static_cast<float>(quantized::load<std::int8_t>(from + 2 + i));
  }
};

struct Q4_1 : quantized::Blocks<Q4_1> {
  static constexpr const char* name = "Q4_1";
  static constexpr Index block = 32, block_bytes = 20;
  static void encode(std::byte* to, const float* x) {
    const auto [least, most] = std::minmax_element(x, x + block);
    const float d = (*most - *least) / 15.0F, inverse = d != 0 ? 1.0F / d : 0.0F;
    quantized::store(to, float_to_half(d));
    quantized::store(to + 2, float_to_half(*least));
    const auto q = [&](Index i) { return static_cast<unsigned>(std::min(15.0F, (x[i] - *least) * inverse + 0.5F)); };
    for (Index j = 0; j < 16; ++j) to[4 + j] = static_cast<std::byte>(q(j) | (q(16 + j) << 4U));
  }
  static void decode(float* to, const std::byte* from) {
    quantized::decode_nibbles(to, from + 4, [d = quantized::load_half(from), m = quantized::load_half(from + 2)](unsigned q) { return d * static_cast<float>(q) + m; });
  }
};

/// Read from files only.
struct Q4_0 {
  static constexpr Index block = 32, block_bytes = 18;
  static void decode(float* to, const std::byte* from) {
    quantized::decode_nibbles(to, from + 2, [d = quantized::load_half(from)](unsigned q) { return d * (static_cast<float>(q) - 8.0F); });
  }
};

struct Nf4 : quantized::Blocks<Nf4> {
  static constexpr const char* name = "Nf4";
  static constexpr Index block = 64, block_bytes = 36;
  /// Quantiles of the normal distribution, scaled to [−1, 1].
  static constexpr std::array<float, 16> code{-1.0F,          -0.69619280F, -0.52507305F, -0.39491749F, -0.28444138F, -0.18477343F, -0.09105004F, 0.0F,
                                              0.07958030F, 0.16093020F,  0.24611230F,  0.33791524F,  0.44070983F,  0.56261700F,  0.72295684F,  1.0F};
  static void encode(std::byte* to, const float* x) {
    float most = 0;
    for (Index i = 0; i < block; ++i) most = std::max(most, std::abs(x[i]));
    quantized::store(to, most);
    const float inverse = 1.0F / std::max(most, 1e-38F);
    const auto q = [&](Index i) {  // a value half-way between two codes goes to the lower
      const float scaled = std::clamp(x[i] * inverse, -1.0F, 1.0F);
      unsigned at = 0;
      while (at < 15 && scaled > (code[at] + code[at + 1]) / 2) ++at;
      return at;
    };
    for (Index j = 0; j < block / 2; ++j) to[4 + j] = static_cast<std::byte>((q(2 * j) << 4U) | q(2 * j + 1));
  }
  static void decode(float* to, const std::byte* from) {
    const auto d = quantized::load<float>(from);
    for (Index j = 0; j < block / 2; ++j) {
      const auto byte = std::to_integer<unsigned>(from[4 + j]);
      to[2 * j] = d * code[byte >> 4U];
      to[2 * j + 1] = d * code[byte & 15U];
    }
  }
};

struct Int8 {
  static constexpr const char* name = "Int8";
  static constexpr Index row_bytes(Index n) { return sizeof(float) + (n + 3) / 4 * 4; }
  static void encode_row(std::byte* to, const float* x, Index n) {
    float most = 0;
    for (Index i = 0; i < n; ++i) most = std::max(most, std::abs(x[i]));
    const float d = most / 127.0F, inverse = d != 0 ? 1.0F / d : 0.0F;
    quantized::store(to, d);
    for (Index i = 0; i < n; ++i) quantized::store(to + sizeof(float) + i, static_cast<std::int8_t>(std::lround(x[i] * inverse)));
  }
  static void decode_row(float* to, const std::byte* from, Index n) {
    const auto d = quantized::load<float>(from);
    for (Index i = 0; i < n; ++i) to[i] = d * static_cast<float>(quantized::load<std::int8_t>(from + sizeof(float) + i));
  }
};

/// What token embedding and output head are kept as where the linear layers are kept as S: they suffer more from few bits.
template <class S>
struct VocabularyStorage {
  using type = S;
};
template <>
struct VocabularyStorage<Q4_1> {
  using type = Q8_0;
};
template <>
struct VocabularyStorage<Nf4> {
  using type = Bf16;
};
template <>
struct VocabularyStorage<Int8> {
  using type = Bf16;
};

}  // namespace graft
