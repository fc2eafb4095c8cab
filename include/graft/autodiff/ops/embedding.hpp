/// \file
/// y(T,C) = rows `ids` of w(V,C)     dw[id] += dy[t]
#pragma once

#include <graft/autodiff/parameter.hpp>
#include <graft/autodiff/tape.hpp>

namespace graft {

template <class T, class Role, Index V, Index C>
constexpr auto embedding(T& tape, Pointer<typename T::backend, Id> ids, Index count, const Parameter<typename T::backend, Role, V, C>& w) {
  using P = Parameter<typename T::backend, Role, V, C>;
  const auto y = tape.template value<C>(count);
  tape.run(0, [=, &w](auto on) {
    if constexpr (P::trainable) gather(y.data, w.value(), ids, count, C, on);
    else lookup_frozen(y.data, ids, w.packed(), count, V, C, typename P::storage{}, on);
  });
  if constexpr (T::recording && P::trainable) {
    const auto z = tape.track(y);
    tape.record(z, [=, &w](auto& back, auto dy) {
      back.run(y.size(), [=, &w](auto on) { scatter_add(w.gradient(), dy, ids, count, C, on); });
    });
    return z;
  } else {
    return y;
  }
}

}  // namespace graft
