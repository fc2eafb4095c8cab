/// \file
/// Rotary position embedding (Su et al. 2021), pairs (j, j + D/2) as Hugging Face stores them.
#pragma once

#include <graft/backend/reference/reference.hpp>

#include <cmath>
#include <vector>

namespace graft::backend {

/// x(T,heads,width), in place: (a, b) ← (a cos θ − b sin θ, b cos θ + a sin θ),  θ = sign · position · base^(−2j/width).
/// sign = −1 rotates back, which is the gradient.
inline void rotary(float* x, const Id* positions, Index rows, Index heads, Index width, float base, float sign, reference) {
  const Index half = width / 2;
  std::vector<double> frequency(half);
  for (Index j = 0; j < half; ++j)
    frequency[j] = std::pow(static_cast<double>(base), -2.0 * static_cast<double>(j) / static_cast<double>(width));
  parallel_pieces(rows, row_piece, [&](Index begin, Index end) {
    std::vector<float> cosine(half), sine(half);
    for (Index t = begin; t < end; ++t) {
      for (Index j = 0; j < half; ++j) {
        // The angle as PyTorch computes it: a float product of a float position and a float frequency.
        const float angle = static_cast<float>(positions[t]) * static_cast<float>(frequency[j]);
        cosine[j] = std::cos(angle);
        sine[j] = sign * std::sin(angle);
      }
      for (Index h = 0; h < heads; ++h) {
        float *const a = x + (t * heads + h) * width, *const b = a + half;
        for (Index j = 0; j < half; ++j) {
          const float rotated = a[j] * cosine[j] - b[j] * sine[j];
          b[j] = b[j] * cosine[j] + a[j] * sine[j];
          a[j] = rotated;
        }
      }
    }
  });
}

}  // namespace graft::backend
