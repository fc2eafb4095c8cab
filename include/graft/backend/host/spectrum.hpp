/// \file
/// Sparse spectra and the matrices that transform them.
#pragma once

#include <graft/backend/host/reference.hpp>

#include <cmath>
#include <numbers>

namespace graft::backend {

/// cos and sin of the turns 0, 1/n, … (n−1)/n
struct UnitCircle {
  explicit UnitCircle(Index n) : cosines(scratch<UnitCircle, float>(2 * n)), sines(cosines + n) {
    for (Index i = 0; i < n; ++i) {
      const double angle = 2.0 * std::numbers::pi * static_cast<double>(i) / static_cast<double>(n);
      cosines[i] = static_cast<float>(std::cos(angle));
      sines[i] = static_cast<float>(std::sin(angle));
    }
  }
  float *cosines, *sines;
};

inline void spectrum(float* u, const float* c, const Id* places, Index count, Index m, Index n, reference) {
  const UnitCircle circle(m);
  parallel_pieces(m, row_piece, [=, cosines = circle.cosines, sines = circle.sines](Index begin, Index end) {
    std::fill(u + begin * 2 * n, u + end * 2 * n, 0.0F);
    for (Index o = begin; o < end; ++o)
      for (Index k = 0; k < count; ++k) {
        const Index turn = static_cast<Index>(places[k]) * o % m, q = static_cast<Index>(places[count + k]);
        u[o * 2 * n + q] += c[k] * cosines[turn];
        u[o * 2 * n + n + q] += c[k] * sines[turn];
      }
  });
}
inline void spectrum_input(float* dc, const float* du, const Id* places, Index count, Index m, Index n, reference) {
  const UnitCircle circle(m);
  parallel_pieces(count, row_piece, [=, cosines = circle.cosines, sines = circle.sines](Index begin, Index end) {
    for (Index k = begin; k < end; ++k) {
      const Index q = static_cast<Index>(places[count + k]);
      float sum = 0;
      for (Index o = 0; o < m; ++o) {
        const Index turn = static_cast<Index>(places[k]) * o % m;
        sum += du[o * 2 * n + q] * cosines[turn] + du[o * 2 * n + n + q] * sines[turn];
      }
      dc[k] += sum;
    }
  });
}

inline void fourier_matrix(float* f, Index n, reference) {
  const UnitCircle circle(n);
  parallel_pieces(n, row_piece, [=, cosines = circle.cosines, sines = circle.sines](Index begin, Index end) {
    for (Index q = begin; q < end; ++q)
      for (Index i = 0; i < n; ++i) {
        f[q * n + i] = cosines[q * i % n];
        f[(n + q) * n + i] = -sines[q * i % n];
      }
  });
}

}  // namespace graft::backend
