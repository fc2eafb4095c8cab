/// \file
/// A trained parameter as a value, for ops that compute with weights:     dp += dy
#pragma once

#include <graft/autodiff/parameter.hpp>
#include <graft/autodiff/tape.hpp>

namespace graft {

/// y(M,N), a view of p(Rows,Columns) row by row: N columns of it, all Rows · Columns numbers.
template <Index N, class T, class P>
constexpr auto leaf_of_columns(T& tape, const P& p) {
  static_assert(P::size % N == 0);
  const Var<typename T::backend, N> y{P::size / N, p.value()};
  if constexpr (T::recording && P::trainable) {
    const auto z = tape.track(y);
    tape.record(z, [&p](auto& back, auto dy) {
      back.run(P::size, [=, dp = p.gradient()](auto on) { scale(dp, dy, 1.0F, P::size, true, on); });
    });
    return z;
  } else {
    return y;
  }
}

/// y(Rows,Columns); of a frozen matrix a copy in floats
template <class T, class P>
constexpr auto leaf(T& tape, const P& p) {
  if constexpr (FrozenParameter<P> && P::rows > 1) {
    const auto y = tape.template value<P::columns>(P::rows);
    tape.run(0, [=, &p](auto on) {
      lookup_frozen(y.data, nullptr, p.packed(), P::rows, P::rows, P::columns, typename P::storage{}, on);
    });
    return y;
  } else {
    return leaf_of_columns<P::columns>(tape, p);
  }
}

/// y(1, Rows · Columns)
template <class T, class P>
constexpr auto row(T& tape, const P& p) {
  return leaf_of_columns<P::size>(tape, p);
}

}  // namespace graft
