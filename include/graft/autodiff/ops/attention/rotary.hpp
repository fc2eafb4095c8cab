/// \file
/// x(T,H,D) ← R(position) x, in place     dx = R(−position) dy
///     (Su et al. 2021); R turns all columns of a head, or the first ones
#pragma once

#include <graft/autodiff/tape.hpp>
#include <graft/backend/host/rotary.hpp>

namespace graft {

/// The cosines and sines of a batch's positions, table(T,Turned), computed once for all blocks. Width: a head's.
template <class B, Index Width, Index Turned>
struct RotaryTable {
  Pointer<B> data{};
};

/// Cosines and sines by which `rotary` turns the columns of heads.
/// \param tape whose memory they take \param positions one a token \param count how many tokens
/// \param frequencies the base, and how positions are stretched \return the table of `count` rows
template <Index Width, Index Turned = Width, class T>
constexpr RotaryTable<typename T::backend, Width, Turned> rotary_table(T& tape,
                                                                       Pointer<typename T::backend, Id> positions,
                                                                       Index count,
                                                                       backend::RotaryFrequencies frequencies) {
  const RotaryTable<typename T::backend, Width, Turned> table{tape.template scratch<float>(count * Turned)};
  tape.run(0, [=](auto on) { rotary_table(table.data, positions, count, Turned, frequencies, on); });
  return table;
}

/// requires: x's own backward does not need x's value (a product's does not).
template <class T, Index N, Gradient G, class E, Index Width, Index Turned>
constexpr auto rotary(T& tape, Var<typename T::backend, N, G, E> x,
                      RotaryTable<typename T::backend, Width, Turned> table) {
  tape.run(3 * x.size(), [=](auto on) { rotary(x.data, table.data, x.rows, N / Width, Width, Turned, 1.0F, on); });
  if constexpr (T::recording && G == Gradient::tracked) {
    const auto y = tape.track(x.constant());
    tape.record(y, [=](auto& back, auto dy) {
      back.run(3 * x.size(), [=](auto on) { rotary(dy, table.data, x.rows, N / Width, Width, Turned, -1.0F, on); });
      back.pass_adjoint(y, x);
    });
    return y;
  } else {
    return x;
  }
}

}  // namespace graft
