/// \file
/// A matrix that is zero but for some entries:   y(M,N)[p[k], q[k]] = v[k], places different     dv[k] = dy[p[k], q[k]]
#pragma once

#include <graft/autodiff/tape.hpp>
#include <graft/backend/host/rows.hpp>

namespace graft {

/// `places` holds p and then q.
template <Index M, Index N, class T, Index K, Gradient G>
constexpr auto sparse_entries(T& tape, Var<typename T::backend, K, G> v, Pointer<typename T::backend, Id> places) {
  const auto y = tape.template value<N>(M);
  tape.run(0, [=](auto on) {
    fill(y.data, M * N, 0.0F, on);
    place_entries(y.data, v.data, places, K, N, on);
  });
  if constexpr (T::recording && G == Gradient::tracked) {
    const auto z = tape.track(y);
    tape.record(z, [=](auto& back, auto dy) {
      const auto dv = back.contribute_zeroed(v);
      back.run(K, [=](auto on) { gather_entries(dv, dy, places, K, N, on); });
    });
    return z;
  } else {
    return y;
  }
}

}  // namespace graft
