/// \file
/// y = SiLU(g) ∘ u     dg = dy u SiLU′(g)     du = dy SiLU(g)     (Shazeer 2020), one pass over memory
#pragma once

#include <graft/autodiff/ops/source.hpp>

namespace graft {

/// SiLU(gate) ∘ up as a source: only gate and up are saved.
template <class G, class U>
struct SwigluOf {
  using backend = typename G::backend;
  using element = typename G::element;
  static constexpr Index columns = G::columns;
  static constexpr Gradient gradient = G::tracked || U::tracked ? Gradient::tracked : Gradient::none;
  static constexpr bool made = true;

  G gate;
  U up;

  [[nodiscard]] constexpr Index rows() const { return gate.rows; }

  template <class T>
  constexpr void make(T& tape, Var<backend, columns, Gradient::none, element> y) const {
    tape.run(5 * y.size(), [=, gate = gate, up = up](auto on) { swiglu(y.data, gate.data, up.data, y.size(), on); });
  }
  template <class T>
  constexpr void undo(T& back, Pointer<backend, element> dy) const {
    const auto dgate = back.contribute(gate);
    const auto dup = back.contribute(up);
    back.run(10 * gate.size(), [=, gate = gate, up = up](auto on) {
      swiglu_inputs(dgate.data, dgate.accumulate, dup.data, dup.accumulate, dy, gate.data, up.data, gate.size(), on);
    });
  }
};
/// The source of these two values.
template <class G, class U>
SwigluOf(G, U) -> SwigluOf<G, U>;

/// SiLU(gate) ∘ up, element by element; both (T,F) (Shazeer 2020).
template <class T, Index N, Gradient Gg, Gradient Gu, class E>
constexpr auto swiglu(T& tape, Var<typename T::backend, N, Gg, E> gate, Var<typename T::backend, N, Gu, E> up) {
  return value_of(tape, SwigluOf{gate, up});
}

}  // namespace graft
