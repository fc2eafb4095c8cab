/// \file
/// The legend of letters that every shape comment of graft uses, and the few types that all floors share.
///
///   B sequences            C model width          F feed-forward width     R rank
///   T tokens (packed)      H query heads          V vocabulary             P virtual tokens
///   D head width           G key/value heads      L blocks
///
/// Tokens of all sequences of a batch lie end to end; nothing is padded. x(T,C) is row-major.
#pragma once

#include <cstddef>
#include <cstdint>

namespace graft {

/// Sizes and counts.
using Index = std::size_t;

/// Token ids, positions, labels and row numbers, on the host and on devices.
using Id = std::int32_t;

/// Whether a gradient can reach a value. Part of the value's type.
enum class Gradient : bool { none, tracked };

/// Tracked if one of them is.
constexpr Gradient operator|(Gradient a, Gradient b) { return a == Gradient::tracked ? a : b; }

/// The number of tokens of a batch, spelled so that `plan<Model>(Tokens{1024})` reads well.
struct Tokens {
  Index count;
};

inline namespace literals {
/// 2¹⁰ bytes.
constexpr Index operator""_KiB(unsigned long long n) { return Index{n} << 10U; }
/// 2²⁰ bytes.
constexpr Index operator""_MiB(unsigned long long n) { return Index{n} << 20U; }
/// 2³⁰ bytes.
constexpr Index operator""_GiB(unsigned long long n) { return Index{n} << 30U; }
}  // namespace literals

}  // namespace graft
