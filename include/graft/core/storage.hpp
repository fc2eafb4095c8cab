/// \file
/// How a frozen weight is kept. The tags name formats; the kernels of a backend decide the layout in memory.
#pragma once

#include <graft/core/types.hpp>

#include <bit>

namespace graft {

/// A frozen weight kept as 32-bit floats: exact.
struct F32 {
  static constexpr const char* name = "F32";
};

/// A frozen weight kept as bfloat16 (8 bits of mantissa): half the memory, twice the arithmetic.
struct Bf16 {
  static constexpr const char* name = "Bf16";
};

/// A frozen vector, a bias or a gain: floats that no product reads, so that they are never packed.
struct Plain {
  static constexpr const char* name = "F32";
};

template <class T>
concept Storage = requires { T::name; };

/// How a trained weight is kept: floats, row-major, never packed.
struct Trained {};

/// A bfloat16 number: the upper half of a float, rounded to nearest even.
struct Bfloat16 {
  std::uint16_t bits = 0;  ///< its bits

  constexpr Bfloat16() = default;
  /// Rounds to nearest even; a NaN stays one.
  constexpr explicit Bfloat16(float x) {
    const auto word = std::bit_cast<std::uint32_t>(x);
    const bool is_nan = (word & 0x7fffffffU) > 0x7f800000U;
    const std::uint32_t rounded = is_nan ? word | 0x00400000U : word + 0x7fffU + ((word >> 16U) & 1U);
    bits = static_cast<std::uint16_t>(rounded >> 16U);
  }
  /// The same number as a float, exact.
  constexpr explicit operator float() const { return std::bit_cast<float>(std::uint32_t{bits} << 16U); }
};

/// IEEE half precision to float, subnormals included.
constexpr float half_to_float(std::uint16_t half) {
  const std::uint32_t sign = (half & 0x8000U) << 16U;
  const std::uint32_t exponent = (half >> 10U) & 0x1fU;
  const std::uint32_t mantissa = half & 0x3ffU;
  if (exponent == 0) {
    const float magnitude = static_cast<float>(mantissa) * 0x1p-24F;
    return sign != 0 ? -magnitude : magnitude;
  }
  const std::uint32_t widened = exponent == 31 ? 0xffU : exponent + 112U;
  return std::bit_cast<float>(sign | (widened << 23U) | (mantissa << 13U));
}

/// A float to IEEE half precision, to nearest even.
constexpr std::uint16_t float_to_half(float x) {
  const auto word = std::bit_cast<std::uint32_t>(x);
  const auto sign = static_cast<std::uint16_t>((word >> 16U) & 0x8000U);
  const std::uint32_t magnitude = word & 0x7fffffffU;
  if (magnitude > 0x7f800000U) return static_cast<std::uint16_t>(sign | 0x7e00U);
  if (magnitude >= 0x477ff000U) return static_cast<std::uint16_t>(sign | 0x7c00U);  // rounds to 65536 or more
  const auto rounded = [sign](std::uint32_t value, std::uint32_t dropped) {         // the lowest `dropped` bits go
    const std::uint32_t kept = value >> dropped, rest = value & ((1U << dropped) - 1U), half = 1U << (dropped - 1U);
    return static_cast<std::uint16_t>(sign | (kept + (rest > half || (rest == half && (kept & 1U) != 0) ? 1U : 0U)));
  };
  if (magnitude >= 0x38800000U) return rounded(magnitude - 0x38000000U, 13);
  const std::uint32_t shift = 126U - (magnitude >> 23U);  // subnormal: the point stands still
  return shift > 24 ? sign : rounded((magnitude & 0x7fffffU) | 0x800000U, shift);
}

}  // namespace graft
