/// \file
/// A value on a backend. Its type says how wide it is, whether a gradient can reach it, and what its numbers are kept
/// as.
#pragma once

#include <graft/core/buffer.hpp>

namespace graft {

/// x(rows, Columns) of elements E (float or Bfloat16): a view, copied freely. A constant value has no adjoint member at
/// all. A value of bfloat16 has an adjoint of bfloat16, and products with it are products of bfloat16 with float sums.
template <class B, Index Columns, Gradient G = Gradient::none, class E = float>
struct Var {
  using backend = B;
  using element = E;
  static constexpr Index columns = Columns;
  static constexpr bool tracked = false;

  Index rows = 0;
  Pointer<B, E> data{};

  [[nodiscard]] constexpr Index size() const { return rows * Columns; }
  /// The value itself, into which no gradient flows.
  [[nodiscard]] constexpr Var constant() const { return *this; }
};

/// The same, with the number of the slot in which its adjoint gathers.
template <class B, Index Columns, class E>
struct Var<B, Columns, Gradient::tracked, E> {
  using backend = B;
  using element = E;
  static constexpr Index columns = Columns;
  static constexpr bool tracked = true;

  Index rows = 0;
  Pointer<B, E> data{};
  Index adjoint = 0;  ///< number of its adjoint's place

  [[nodiscard]] constexpr Index size() const { return rows * Columns; }
  /// The same value as something no gradient flows into.
  [[nodiscard]] constexpr Var<B, Columns, Gradient::none, E> constant() const { return {rows, data}; }
};

}  // namespace graft
