/// \file
/// Storages of few bits, row by row. Blocks of 32 of GGUF, as llama.cpp writes them:
///   Q8_0  half d, int8 q[32]: w = d q           Q4_0  half d, nibbles: w = d (q − 8)
///   Q4_1  half d, half m, nibbles: w = d q + m  the low nibbles of the 16 bytes come first, then the high ones
///   Nf4   float d, nibbles: w = d code[q]
///       64 elements, the high nibble first (Dettmers et al. 2023); and with d of few bits itself
///   Int8  float d for the whole row: w = d q, |q| ≤ 127
#pragma once

#include <graft/core/parallel.hpp>
#include <graft/core/storage.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <vector>

namespace graft {

/// A storage that encodes each row of a matrix by itself: `row_bytes(n)`, `encode_row(to, floats, n)`, `decode_row(to,
/// bytes, n)`. One whose rows have something in common encodes them by `encode_rows(to, floats, rows, n)`.
template <class S>
concept QuantizedStorage =
    Storage<S> && requires(std::byte* bytes, const std::byte* from, float* floats, const float* values, Index n) {
      { S::row_bytes(n) } -> std::convertible_to<Index>;
      S::encode_row(bytes, values, n);
      S::decode_row(floats, from, n);
    };

namespace quantized {

/// A value out of bytes, at any address.
template <class T>
T load(const std::byte* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}
/// A value into bytes, at any address.
template <class T>
void store(std::byte* to, T value) {
  std::memcpy(to, &value, sizeof value);
}
/// A number of half precision out of bytes.
inline float load_half(const std::byte* from) { return half_to_float(load<std::uint16_t>(from)); }

/// Rows as blocks: `Codec` encodes and decodes one of `Codec::block` elements in `Codec::block_bytes`. The last is
/// filled up.
template <class Codec>
struct Blocks {
  static constexpr Index row_bytes(Index n) { return (n + Codec::block - 1) / Codec::block * Codec::block_bytes; }
  static void encode_row(std::byte* to, const float* from, Index n) {
    std::array<float, Codec::block> filled{};
    for (Index i = 0; i < n; i += Codec::block, to += Codec::block_bytes) {
      const Index here = std::min(Codec::block, n - i);
      std::copy_n(from + i, here, filled.begin());
      // of the range of the others
      std::fill(filled.begin() + static_cast<std::ptrdiff_t>(here), filled.end(), filled[here - 1]);
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

/// Thirty-two values of nibbles: the low ones of 16 bytes first, then the high ones.
template <class Value>
void decode_nibbles(float* to, const std::byte* q, const Value& value) {
  for (Index j = 0; j < 16; ++j) {
    const auto byte = std::to_integer<unsigned>(q[j]);
    to[j] = value(byte & 15U);
    to[16 + j] = value(byte >> 4U);
  }
}

}  // namespace quantized

/// Blocks of 32 signed bytes with one scale of half precision, as llama.cpp has them.
struct Q8_0 : quantized::Blocks<Q8_0> {
  static constexpr const char* name = "Q8_0";
  static constexpr Index block = 32, block_bytes = 34;
  static void encode(std::byte* to, const float* x) {
    float most = 0;
    for (Index i = 0; i < block; ++i) most = std::max(most, std::abs(x[i]));
    const float d = most / 127.0F, inverse = d != 0 ? 1.0F / d : 0.0F;
    quantized::store(to, float_to_half(d));
    for (Index i = 0; i < block; ++i)
      quantized::store(to + 2 + i, static_cast<std::int8_t>(std::lround(x[i] * inverse)));
  }
  static void decode(float* to, const std::byte* from) {
    for (Index i = 0; i < block; ++i)
      to[i] = quantized::load_half(from) * static_cast<float>(quantized::load<std::int8_t>(from + 2 + i));
  }
};

/// Blocks of 32 nibbles with a scale and a least value of half precision, as llama.cpp has them.
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
    quantized::decode_nibbles(to, from + 4,
                              [d = quantized::load_half(from), m = quantized::load_half(from + 2)](unsigned q) {
                                return d * static_cast<float>(q) + m;
                              });
  }
};

/// Read from files only.
struct Q4_0 {
  static constexpr Index block = 32, block_bytes = 18;
  static void decode(float* to, const std::byte* from) {
    quantized::decode_nibbles(
        to, from + 2, [d = quantized::load_half(from)](unsigned q) { return d * (static_cast<float>(q) - 8.0F); });
  }
};

/// Blocks of 64 codes of a normal distribution's quantiles with one scale (QLoRA, Dettmers et al. 2023).
struct Nf4 : quantized::Blocks<Nf4> {
  static constexpr const char* name = "Nf4";
  static constexpr Index block = 64, block_bytes = 36;
  /// Quantiles of the normal distribution, scaled to [−1, 1].
  static constexpr std::array<float, 16> code{
      -1.0F,         -0.696192801F, -0.525073051F, -0.394917488F, -0.284441382F, -0.184773430F, -0.0910500363F, 0.0F,
      0.0795802996F, 0.160930201F,  0.246112302F,  0.337915242F,  0.440709829F,  0.562617004F,  0.722956836F,   1.0F};
  /// The largest magnitude of a block.
  static float largest(const float* x) {
    float most = 0;
    for (Index i = 0; i < block; ++i) most = std::max(most, std::abs(x[i]));
    return most;
  }
  /// The codes of x / most
  static void encode_nibbles(std::byte* to, const float* x, float most) {
    const float inverse = 1.0F / std::max(most, 1e-38F);
    const auto q = [&](Index i) {  // a value half-way between two codes goes to the lower
      const float scaled = std::clamp(x[i] * inverse, -1.0F, 1.0F);
      unsigned at = 0;
      while (at < 15 && scaled > (code[at] + code[at + 1]) / 2) ++at;
      return at;
    };
    for (Index j = 0; j < block / 2; ++j) to[j] = static_cast<std::byte>((q(2 * j) << 4U) | q(2 * j + 1));
  }
  /// The numbers of a block's codes, times d.
  static void decode_nibbles(float* to, const std::byte* from, float d) {
    for (Index j = 0; j < block / 2; ++j) {
      const auto byte = std::to_integer<unsigned>(from[j]);
      to[2 * j] = d * code[byte >> 4U];
      to[2 * j + 1] = d * code[byte & 15U];
    }
  }
  static void encode(std::byte* to, const float* x) {
    const float most = largest(x);
    quantized::store(to, most);
    encode_nibbles(to + 4, x, most);
  }
  static void decode(float* to, const std::byte* from) { decode_nibbles(to, from + 4, quantized::load<float>(from)); }
};

/// Nf4 whose scales are bytes (QLoRA's double quantisation): w = d code[q],   d = e dynamic[c] + o,
///     where o is the mean of a tensor's scales,
/// and e is shared by 256 blocks, counted through the rows. The values are bitsandbytes' own.
/// A row: float o, how many of its blocks are of the first group of 256, how many bytes come before the blocks, floats
/// e; then each block's byte c and nibbles.
struct Nf4DoubleQuant {
  static constexpr const char* name = "Nf4DoubleQuant";
  /// elements of a block, its bytes, and how many share the scale of scales
  static constexpr Index block = Nf4::block, block_bytes = 33, group = 256;
  /// Numbers of seven magnitudes, ten times as fine where ten times as small (Dettmers et al. 2022).
  static constexpr std::array<float, 256> dynamic = [] {
    std::array<float, 256> all{0.0F, 1.0F};
    Index count = 2;
    double power = 1e-6;
    for (Index magnitude = 0; magnitude < 7; ++magnitude, power *= 10) {
      const Index items = Index{1} << magnitude;  // between as many and one more numbers from 0.1 to 1
      const double step = (1.0F - 0.1F) / static_cast<float>(items);
      const auto bound = [&](Index i) {  // as torch.linspace rounds them
        const auto steps = static_cast<double>(i);
        return static_cast<float>(2 * i < items ? static_cast<double>(0.1F) + step * steps
                                                : 1.0 - step * (static_cast<double>(items) - steps));
      };
      for (Index i = 0; i < items; ++i) {
        all[count] = static_cast<float>(power) * ((bound(i) + bound(i + 1)) / 2.0F);
        all[count + 1] = -all[count];
        count += 2;
      }
    }
    std::sort(all.begin(), all.end());
    return all;
  }();

  static constexpr Index blocks(Index n) { return (n + block - 1) / block; }
  /// Bytes before the first block of a row of n.
  static constexpr Index header_bytes(Index n) { return 8 + sizeof(float) * (1 + (blocks(n) + group - 2) / group); }
  static constexpr Index row_bytes(Index n) { return header_bytes(n) + blocks(n) * block_bytes; }
  /// A block of a row.
  static const std::byte* block_at(const std::byte* row, Index number) {
    return row + quantized::load<std::uint16_t>(row + 6) + number * block_bytes;
  }
  /// d of a block. The product is rounded before the sum, as bitsandbytes rounds it: in double it is exact, and nothing
  /// fuses.
  static float scale(const std::byte* row, Index number) {
    const Index first = quantized::load<std::uint16_t>(row + 4), of = number < first ? 0 : 1 + (number - first) / group;
    const double e = quantized::load<float>(row + 8 + sizeof(float) * of);
    return static_cast<float>(e * dynamic[std::to_integer<unsigned>(*block_at(row, number))]) +
           quantized::load<float>(row);
  }

  /// Lays out a tensor: number(o, b) → c and nibbles(to, o, b) of block b of row o; o and e as above.
  template <class Number, class Nibbles>
  static void lay_out(std::byte* to, Index rows, Index n, float offset, const float* scales, const Number& number,
                      const Nibbles& nibbles) {
    const Index per_row = blocks(n);
    parallel_for(rows, rows > 1, [&](Index o) {
      std::byte* const row = to + o * row_bytes(n);
      const Index begin = o * per_row, first = std::min(per_row, group - begin % group);
      quantized::store(row, offset);
      quantized::store(row + 4, static_cast<std::uint16_t>(first));
      quantized::store(row + 6, static_cast<std::uint16_t>(header_bytes(n)));
      for (Index g = 0; 8 + g * sizeof(float) < header_bytes(n); ++g)
        quantized::store(row + 8 + g * sizeof(float),
                         begin / group + g <= (rows * per_row - 1) / group ? scales[begin / group + g] : 0.0F);
      for (Index b = 0; b < per_row; ++b) {
        std::byte* const at = row + header_bytes(n) + b * block_bytes;
        *at = number(o, b);
        nibbles(at + 1, o, b);
      }
    });
  }
  static void encode_rows(std::byte* to, const float* from, Index rows, Index n) {
    const Index per_row = blocks(n), count = rows * per_row;
    const auto filled = [&](float* block_of, Index o, Index b) {
      const Index here = std::min(block, n - b * block);
      std::copy_n(from + o * n + b * block, here, block_of);
      std::fill(block_of + here, block_of + block, 0.0F);
    };
    std::vector<float> largest(count), scales((count + group - 1) / group, 0.0F);
    double sum = 0;
    for (Index i = 0; i < count; ++i) {
      std::array<float, block> x;
      filled(x.data(), i / per_row, i % per_row);
      sum += largest[i] = Nf4::largest(x.data());
    }
    const auto offset = static_cast<float>(sum / static_cast<double>(count));
    for (Index i = 0; i < count; ++i) scales[i / group] = std::max(scales[i / group], std::abs(largest[i] - offset));
    const auto nearest = [&](Index o, Index b) {
      const Index i = o * per_row + b;
      const float x = scales[i / group] != 0 ? (largest[i] - offset) / scales[i / group] : 0.0F;
      const auto above = std::lower_bound(dynamic.begin() + 1, dynamic.end() - 1, x);
      return static_cast<std::byte>(above - dynamic.begin() - (x - *(above - 1) <= *above - x ? 1 : 0));
    };
    lay_out(to, rows, n, offset, scales.data(), nearest, [&](std::byte* at, Index o, Index b) {
      std::array<float, block> x;
      filled(x.data(), o, b);
      Nf4::encode_nibbles(at, x.data(), largest[o * per_row + b]);
    });
  }
  static void encode_row(std::byte* to, const float* from, Index n) { encode_rows(to, from, 1, n); }
  static void decode_row(float* to, const std::byte* from, Index n) {
    for (Index b = 0; b < blocks(n); ++b) {
      std::array<float, block> x;
      Nf4::decode_nibbles(x.data(), block_at(from, b) + 1, scale(from, b));
      std::copy_n(x.data(), std::min(block, n - b * block), to + b * block);
    }
  }
};

/// Signed bytes with one scale of float for each row.
struct Int8 {
  static constexpr const char* name = "Int8";
  static constexpr Index row_bytes(Index n) { return sizeof(float) + (n + 3) / 4 * 4; }
  static void encode_row(std::byte* to, const float* x, Index n) {
    float most = 0;
    for (Index i = 0; i < n; ++i) most = std::max(most, std::abs(x[i]));
    const float d = most / 127.0F, inverse = d != 0 ? 1.0F / d : 0.0F;
    quantized::store(to, d);
    for (Index i = 0; i < n; ++i)
      quantized::store(to + sizeof(float) + i, static_cast<std::int8_t>(std::lround(x[i] * inverse)));
  }
  static void decode_row(float* to, const std::byte* from, Index n) {
    const auto d = quantized::load<float>(from);
    for (Index i = 0; i < n; ++i)
      to[i] = d * static_cast<float>(quantized::load<std::int8_t>(from + sizeof(float) + i));
  }
};

/// What token embedding and output head are kept as where the linear layers are kept as S: they suffer more from few
/// bits.
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
struct VocabularyStorage<Nf4DoubleQuant> {
  using type = Bf16;
};
template <>
struct VocabularyStorage<Int8> {
  using type = Bf16;
};

}  // namespace graft
