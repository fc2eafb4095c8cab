/// \file
/// Gradient checkpointing (Chen et al. 2016): y = f(x) keeps x and y only; the backward step runs f again, recording,
/// and then backwards. What f draws at random is drawn again the same.
#pragma once

#include <graft/autodiff/tape.hpp>

namespace graft {

/// f(tape, x) → Var, built of views and references only; it may be called with a recording tape or a silent one.
template <class T, Index N, Gradient G, class E, class F>
constexpr auto checkpoint(T& tape, Var<typename T::backend, N, G, E> x, F f) {
  const auto mark = tape.mark();
  const auto random = tape.random();
  auto silent = tape.silent();
  const auto y = silent.keep(mark, f(silent, x.constant()));
  if constexpr (decltype(f(tape, x))::tracked) {
    const auto z = tape.track(y);
    tape.record(z, [=](auto& back, auto) {
      const auto later = back.random();
      const auto bottom = back.mark();
      const Index first = back.records();
      back.set_random(random);
      back.pass_adjoint(z, f(back, x));
      back.unwind(first, bottom);
      back.set_random(later);
    });
    return z;
  } else {
    return y;
  }
}

}  // namespace graft
