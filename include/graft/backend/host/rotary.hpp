/// \file
/// Rotary position embedding (Su et al. 2021), pairs (j, j + D/2) as Hugging Face stores them.
#pragma once

#include <graft/backend/host/reference.hpp>

#include <cmath>

namespace graft::backend {

/// How fast pairs turn:
///     f(j) = base^(−2j/width), divided by `factor` where a model was stretched to longer texts. With `original`
///     positions set
/// only slow pairs are (Llama 3.1): those of wavelengths above original/low wholly, those below original/high not at
/// all. With a ramp (YaRN: Peng et al. 2023) pairs up to its beginning are not, those from its end on wholly. Or every
/// pair has a divisor of its own (LongRoPE: Ding et al. 2024).
struct RotaryFrequencies {
  float base, factor = 1, low = 1, high = 4;
  Index original = 0;
  float ramp_begin = 0, ramp_end = 0;
  float amplitude = 1;  ///< of cosines and sines
  const float* divisors = nullptr;

  [[nodiscard]] double operator()(Index j, Index width) const {
    const double f = std::pow(static_cast<double>(base), -2.0 * static_cast<double>(j) / static_cast<double>(width)),
                 slow = f / static_cast<double>(factor);
    if (divisors != nullptr) return f / static_cast<double>(divisors[j]);
    const bool ramps = ramp_end > ramp_begin;
    if (original == 0 && !ramps) return slow;
    const double turns = static_cast<double>(original) * f / 6.283185307179586;  // within the original length
    const double share =
        ramps ? (static_cast<double>(ramp_end) - static_cast<double>(j)) / static_cast<double>(ramp_end - ramp_begin)
              : (turns - static_cast<double>(low)) / static_cast<double>(high - low);
    return share <= 0 ? slow : share >= 1 ? f : (1 - share) * slow + share * f;
  }
};

/// table(T,width) = a (cos θ, sin θ) by halves,  θ[t,j] = position_t · f(j), for j < width/2
inline void rotary_table(float* table, const Id* positions, Index rows, Index width, RotaryFrequencies frequencies,
                         reference) {
  const Index half = width / 2;
  parallel_pieces(rows, row_piece, [&](Index begin, Index end) {
    for (Index j = 0; j < half; ++j) {
      const double frequency = frequencies(j, width);
      for (Index t = begin; t < end; ++t) {
        // The angle as PyTorch computes it: a float product of a float position and a float frequency.
        const float angle = static_cast<float>(positions[t]) * static_cast<float>(frequency);
        table[t * width + j] = frequencies.amplitude * std::cos(angle);
        table[t * width + half + j] = frequencies.amplitude * std::sin(angle);
      }
    }
  });
}

/// x(T,heads,width), in place: (a, b) ← (a cos θ − s b sin θ, b cos θ + s a sin θ) in the first `turned` columns of a
/// head. A sign s of −1 rotates back, which is the gradient.
template <class E>
void rotary(E* x, const float* table, Index rows, Index heads, Index width, Index turned, float sign, reference) {
  const Index half = turned / 2;
  parallel_pieces(rows, row_piece, [=](Index begin, Index end) {
    for (Index t = begin; t < end; ++t)
      for (Index h = 0; h < heads; ++h) {
        E *const a = x + (t * heads + h) * width, *const b = a + half;
        for (Index j = 0; j < half; ++j) {
          const float cosine = table[t * turned + j], sine = sign * table[t * turned + half + j], first = at(a, j),
                      second = at(b, j);
          a[j] = E(first * cosine - second * sine);
          b[j] = E(second * cosine + first * sine);
        }
      }
  });
}

}  // namespace graft::backend
