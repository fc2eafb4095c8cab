/// \file
/// y(S,N) = rows `ids` of x(T,N)     dx[id] += dy[s]
#pragma once

#include <graft/autodiff/tape.hpp>

namespace graft {

/// Rows `ids` of x(T,N): y(count, N).
template <class T, Index N, Gradient G, class E>
constexpr auto gather(T& tape, Var<typename T::backend, N, G, E> x, Pointer<typename T::backend, Id> ids, Index count) {
  const auto y = tape.template value<N, E>(count);
  tape.run(0, [=](auto on) { gather(y.data, x.data, ids, count, N, on); });
  if constexpr (T::recording && G == Gradient::tracked) {
    const auto z = tape.track(y);
    tape.record(z, [=](auto& back, auto dy) {
      const auto dx = back.contribute_zeroed(x);
      back.run(y.size(), [=](auto on) { scatter_add(dx, dy, ids, count, N, on); });
    });
    return z;
  } else {
    return y;
  }
}

/// Which rows of a value go on: all, or those whose output anybody reads.
template <class B>
struct Rows {
  Pointer<B, Id> ids{};
  Index count = 0;
  bool all = true;          ///< whether all rows are meant
  Pointer<B, Id> owners{};  ///< of the rows that go on, in a bank

  template <class T, class X>
  constexpr X operator()(T& tape, X x) const {
    return all ? x : gather(tape, x, ids, count);
  }
};

}  // namespace graft
