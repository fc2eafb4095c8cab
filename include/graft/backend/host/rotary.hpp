/// \file
/// Rotary position embedding (Su et al. 2021), pairs (j, j + D/2) as Hugging Face stores them.
#pragma once

#include <graft/backend/host/reference.hpp>
#include <graft/backend/kernels/attention.hpp>

#include <cmath>

namespace graft::backend {

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
