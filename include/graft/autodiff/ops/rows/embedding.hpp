/// \file
/// embedding:        y(T,C) = rows `ids` of w(V,C)     dw[id] += dy[t]
/// embedding_beyond: y(T,C) = rows of w where id < V, else rows id − V of p(N,C)     dp[id − V] += dy[t]     w frozen
#pragma once

#include <graft/autodiff/parameter.hpp>
#include <graft/autodiff/tape.hpp>

namespace graft {

/// Rows `ids` of w(V,C): y(count, C).
template <class T, class Role, Index V, Index C>
constexpr auto embedding(T& tape, Pointer<typename T::backend, Id> ids, Index count,
                         const Parameter<typename T::backend, Role, V, C>& w) {
  using P = Parameter<typename T::backend, Role, V, C>;
  const auto y = tape.template value<C>(count);
  tape.run(0, [=, &w](auto on) {
    if constexpr (PlainParameter<P>) gather(y.data, w.value(), ids, count, C, on);
    else lookup_frozen(y.data, ids, w.packed(), count, V, C, typename P::storage{}, on);
  });
  if constexpr (T::recording && P::trainable) {
    const auto z = tape.track(y);
    tape.record(z, [=, &w](auto& back, auto dy) {
      back.run(y.size(), [=, dw = w.gradient()](auto on) { scatter_add(dw, dy, ids, count, C, on); });
    });
    return z;
  } else {
    return y;
  }
}

/// Rows of a frozen w(V,C), or beyond it of p(N,C): id V is the first row of p.
/// \param tape where the op is recorded \param ids which rows \param count how many \param w the embedding \param p the
/// rows behind it \return y(count, C)
template <class T, class S, Index V, Index C, Gradient G>
constexpr auto embedding_beyond(T& tape, Pointer<typename T::backend, Id> ids, Index count,
                                const Parameter<typename T::backend, Constant<S>, V, C>& w,
                                Var<typename T::backend, C, G> p) {
  const auto y = tape.template value<C>(count);
  const auto known = tape.template scratch<Id>(count);
  tape.run(0, [=, &w](auto on) {
    split_ids(known, ids, count, V, on);
    lookup_frozen(y.data, known, w.packed(), count, V, C, S{}, on);
    gather_from(y.data, p.data, ids, count, C, V, on);
  });
  if constexpr (T::recording && G == Gradient::tracked) {
    const auto z = tape.track(y);
    tape.record(z, [=](auto& back, auto dy) {
      const auto dp = back.contribute_zeroed(p);
      back.run(p.size(), [=](auto on) { scatter_add_from(dp, dy, ids, count, C, V, on); });
    });
    return z;
  } else {
    return y;
  }
}

}  // namespace graft
