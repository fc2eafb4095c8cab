/// \file
/// The generator that PyTorch draws with on a CPU (Matsumoto and Nishimura 1998): what its files leave to a seed is
/// drawn again by it.
#pragma once

#include <graft/core/types.hpp>

#include <array>

namespace graft {

/// <random>'s would cost every user half a second of compiling.
class MersenneTwister {
 public:
  explicit MersenneTwister(std::uint32_t seed) {
    state_[0] = seed;
    for (std::uint32_t i = 1; i < size; ++i) state_[i] = 1'812'433'253U * (state_[i - 1] ^ (state_[i - 1] >> 30U)) + i;
  }
  std::uint32_t operator()() {
    if (next_ == size) turn();
    std::uint32_t y = state_[next_++];
    y ^= y >> 11U;
    y ^= (y << 7U) & 0x9d2c5680U;
    y ^= (y << 15U) & 0xefc60000U;
    return y ^ (y >> 18U);
  }

 private:
  static constexpr std::uint32_t size = 624, middle = 397;
  void turn() {
    for (std::uint32_t i = 0; i < size; ++i) {
      const std::uint32_t y = (state_[i] & 0x80000000U) | (state_[(i + 1) % size] & 0x7fffffffU);
      state_[i] = state_[(i + middle) % size] ^ (y >> 1U) ^ ((y & 1U) != 0 ? 0x9908b0dfU : 0U);
    }
    next_ = 0;
  }
  std::array<std::uint32_t, size> state_{};
  std::uint32_t next_ = size;
};

/// A float in [0, 1) as PyTorch makes it: the last 24 bits.
inline float uniform01(MersenneTwister& random) { return static_cast<float>(random() & 0xffffffU) * 0x1p-24F; }

}  // namespace graft
