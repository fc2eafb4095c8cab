/// \file
/// Where an op's input comes from: a value that exists, or one that is cheap to make from what is saved anyway and so
/// need not be saved itself.
#pragma once

#include <graft/autodiff/tape.hpp>

namespace graft {

/// A value as the source of another op.
template <class V>
struct Given {
  using backend = typename V::backend;
  using element = typename V::element;
  static constexpr Index columns = V::columns;
  static constexpr Gradient gradient = V::tracked ? Gradient::tracked : Gradient::none;
  static constexpr bool made = false;

  V value;
  [[nodiscard]] constexpr Index rows() const { return value.rows; }
};
/// The source of this value.
template <class V>
Given(V) -> Given<V>;

/// requires: `make(tape, y)` computes the value, the same at every call; `undo(tape, dy)` adds its share to the
/// adjoints of what it is made from. A source is a view: it is copied freely.
template <class S>
concept Source = requires(const S& source) {
  typename S::backend;
  typename S::element;
  { S::columns } -> std::convertible_to<Index>;
  { S::gradient } -> std::convertible_to<Gradient>;
  { S::made } -> std::convertible_to<bool>;
  { source.rows() } -> std::convertible_to<Index>;
};

/// The value of a source, saved and recorded like that of any op.
template <class T, Source S>
constexpr auto value_of(T& tape, S source) {
  if constexpr (!S::made) {
    return source.value;
  } else {
    const auto y = tape.template value<S::columns, typename S::element>(source.rows());
    source.make(tape, y);
    if constexpr (T::recording && S::gradient == Gradient::tracked) {
      const auto z = tape.track(y);
      tape.record(z, [source](auto& back, auto dy) { source.undo(back, dy); });
      return z;
    } else {
      return y;
    }
  }
}

}  // namespace graft
