/// \file
/// y = a ∘ b     da = dy ∘ b     db = dy ∘ a
#pragma once

#include <graft/autodiff/tape.hpp>

namespace graft {

/// a ∘ b, element by element; both (T,N).
template <class T, Index N, Gradient Ga, Gradient Gb, class E>
constexpr auto multiply(T& tape, Var<typename T::backend, N, Ga, E> a, Var<typename T::backend, N, Gb, E> b) {
  const auto y = tape.template value<N, E>(a.rows);
  tape.run(a.size(), [=](auto on) { multiply(y.data, a.data, b.data, a.size(), false, on); });
  if constexpr (T::recording && (Ga | Gb) == Gradient::tracked) {
    const auto z = tape.track(y);
    tape.record(z, [=](auto& back, auto dy) {
      if constexpr (Ga == Gradient::tracked) {
        const auto da = back.contribute(a);
        back.run(a.size(), [=](auto on) { multiply(da.data, dy, b.data, a.size(), da.accumulate, on); });
      }
      if constexpr (Gb == Gradient::tracked) {
        const auto db = back.contribute(b);
        back.run(a.size(), [=](auto on) { multiply(db.data, dy, a.data, a.size(), db.accumulate, on); });
      }
    });
    return z;
  } else {
    return y;
  }
}

}  // namespace graft
