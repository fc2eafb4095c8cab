/// \file
/// y = SiLU(g) ∘ u     dg = dy u SiLU′(g)     du = dy SiLU(g)     (Shazeer 2020), one pass over memory
#pragma once

#include <graft/autodiff/tape.hpp>

namespace graft {

template <class T, Index N, Gradient Gg, Gradient Gu>
constexpr auto swiglu(T& tape, Var<typename T::backend, N, Gg> gate, Var<typename T::backend, N, Gu> up) {
  const auto y = tape.template value<N>(gate.rows);
  tape.run(5 * y.size(), [=](auto on) { swiglu(y.data, gate.data, up.data, gate.size(), on); });
  if constexpr (T::recording && (Gg | Gu) == Gradient::tracked) {
    const auto z = tape.track(y);
    tape.record(z, [=](auto& back, auto dy) {
      // An untracked side still gets memory for a moment: the kernel computes both in one pass.
      const auto side = [&back](auto x) {
        if constexpr (decltype(x)::tracked) return back.contribute(x);
        else return Contribution<typename T::backend>{back.template scratch<float>(x.size()), false};
      };
      const auto dgate = side(gate);
      const auto dup = side(up);
      back.run(10 * gate.size(), [=](auto on) {
        swiglu_inputs(dgate.data, dgate.accumulate, dup.data, dup.accumulate, dy, gate.data, up.data, gate.size(), on);
      });
    });
    return z;
  } else {
    return y;
  }
}

}  // namespace graft
