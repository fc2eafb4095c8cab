/// \file
/// A sparse spectrum along its first axis:   u(M, 2N) = [C | S],   C[o,q] = Σ c[k] cos(2π p[k] o / M),
///     S with sin, over k with q[k] = q
///   dc[k] = Σ_o dC[o,q[k]] cos(2π p[k] o / M) + dS[o,q[k]] sin(2π p[k] o / M)
/// u times `fourier_matrix`, f(2N, N) = [cos(2π q i / N); −sin(2π q i / N)], is the real part of the spectrum's
/// unscaled inverse transform.
#pragma once

#include <graft/autodiff/tape.hpp>
#include <graft/backend/host/spectrum.hpp>

namespace graft {

/// `places` holds p and then q.
template <Index M, Index N, class T, Index K, Gradient G>
constexpr auto spectrum(T& tape, Var<typename T::backend, K, G> c, Pointer<typename T::backend, Id> places) {
  const auto y = tape.template value<2 * N>(M);
  tape.run(4 * K * M, [=](auto on) { spectrum(y.data, c.data, places, K, M, N, on); });
  if constexpr (T::recording && G == Gradient::tracked) {
    const auto z = tape.track(y);
    tape.record(z, [=](auto& back, auto dy) {
      const auto dc = back.contribute_zeroed(c);
      back.run(4 * K * M, [=](auto on) { spectrum_input(dc, dy, places, K, M, N, on); });
    });
    return z;
  } else {
    return y;
  }
}

/// The matrix of the inverse Fourier transform along the second axis, (2N, N), unscaled.
template <Index N, class T>
constexpr auto fourier_matrix(T& tape) {
  const auto y = tape.template value<N>(2 * N);
  tape.run(y.size(), [=](auto on) { fourier_matrix(y.data, N, on); });
  return y;
}

}  // namespace graft
