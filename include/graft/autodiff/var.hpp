/// \file
/// A value on a backend. Its type says how wide it is and whether a gradient can reach it.
#pragma once

#include <graft/core/buffer.hpp>

namespace graft {

/// x(rows, Columns): a view, copied freely. A constant value has no adjoint member at all.
template <class B, Index Columns, Gradient G = Gradient::none>
struct Var {
  using backend = B;
  static constexpr Index columns = Columns;
  static constexpr bool tracked = false;

  Index rows = 0;
  Pointer<B> data{};

  [[nodiscard]] constexpr Index size() const { return rows * Columns; }
  [[nodiscard]] constexpr Var constant() const { return *this; }
};

/// The same, with the number of the slot in which its adjoint gathers.
template <class B, Index Columns>
struct Var<B, Columns, Gradient::tracked> {
  using backend = B;
  static constexpr Index columns = Columns;
  static constexpr bool tracked = true;

  Index rows = 0;
  Pointer<B> data{};
  Index adjoint = 0;

  [[nodiscard]] constexpr Index size() const { return rows * Columns; }
  /// The same value as something no gradient flows into.
  [[nodiscard]] constexpr Var<B, Columns> constant() const { return {rows, data}; }
};

}  // namespace graft
