/// \file
/// Counter-based random numbers: Philox4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3").
/// A number is a function of (key, counter), so that any thread, device or recomputation draws the same one.
#pragma once

#include <graft/core/types.hpp>

#include <array>
#include <cmath>

namespace graft {

/// Names a stream of random numbers: a seed and a running number within it.
struct RandomKey {
  std::uint64_t seed = 0;
  std::uint64_t stream = 0;  ///< number of the stream
};

/// Four independent 32-bit numbers: block `counter` of the stream `key`.
constexpr std::array<std::uint32_t, 4> philox(RandomKey key, std::uint64_t counter) {
  const auto low = [](std::uint64_t x) { return static_cast<std::uint32_t>(x); };
  const auto high = [](std::uint64_t x) { return static_cast<std::uint32_t>(x >> 32U); };
  std::array<std::uint32_t, 4> x{low(counter), high(counter), low(key.stream), high(key.stream)};
  std::uint32_t k0 = low(key.seed), k1 = high(key.seed);
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t p0 = std::uint64_t{0xD2511F53U} * x[0], p1 = std::uint64_t{0xCD9E8D57U} * x[2];
    x = {high(p1) ^ x[1] ^ k0, low(p1), high(p0) ^ x[3] ^ k1, low(p0)};
    k0 += 0x9E3779B9U;
    k1 += 0xBB67AE85U;
  }
  return x;
}

/// A float in [0, 1), 24 random bits: number i of the stream.
constexpr float uniform01(RandomKey key, std::uint64_t i) {
  return static_cast<float>(philox(key, i / 4)[i % 4] >> 8U) * 0x1p-24F;
}

/// A normal deviate of mean 0 and variance 1: number i of the stream (Box and Muller 1958).
inline float standard_normal(RandomKey key, std::uint64_t i) {
  const float radius = std::sqrt(-2.0F * std::log(1.0F - uniform01(key, 2 * i)));
  return radius * std::cos(6.28318530717958647692F * uniform01(key, 2 * i + 1));
}

}  // namespace graft
