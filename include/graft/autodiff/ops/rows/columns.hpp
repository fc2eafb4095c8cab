/// \file
/// Columns by number:
///   gather_columns:  y(T,N) = columns `ids` of x(N,V)                            dx[:, id] += dy[t]
///   permute_columns: y[:, j] = x[:, ids[j]],   ids a permutation                 dx[:, ids[j]] = dy[:, j]
///   columns_from:    y(T,N) = the N columns of x(T,M) from First on              dx[:, First + j] += dy[:, j]
///   replace_columns: y(T,V) = x(T,V), but for columns `ids`, which are z(T,N)
///       dx = dy but for those columns, dz = those
#pragma once

#include <graft/autodiff/tape.hpp>
#include <graft/backend/host/rows.hpp>

namespace graft {

/// Columns `ids` of x(T,V), in this order.
template <Index N, class T, Index V, Gradient G>
constexpr auto gather_columns(T& tape, Var<typename T::backend, V, G> x, Pointer<typename T::backend, Id> ids,
                              Index count) {
  const auto y = tape.template value<N>(count);
  tape.run(0, [=](auto on) { gather_columns(y.data, x.data, ids, count, N, V, on); });
  if constexpr (T::recording && G == Gradient::tracked) {
    const auto z = tape.track(y);
    tape.record(z, [=](auto& back, auto dy) {
      const auto dx = back.contribute_zeroed(x);
      back.run(y.size(), [=](auto on) { scatter_add_columns(dx, dy, ids, count, N, V, on); });
    });
    return z;
  } else {
    return y;
  }
}

/// The columns of x(T,N) in the order of `ids`, a permutation.
template <class T, Index N, Gradient G, class E>
constexpr auto permute_columns(T& tape, Var<typename T::backend, N, G, E> x, Pointer<typename T::backend, Id> ids) {
  const auto y = tape.template value<N, E>(x.rows);
  tape.run(0, [=](auto on) { permute_columns(y.data, x.data, ids, x.rows, N, on); });
  if constexpr (T::recording && G == Gradient::tracked) {
    const auto z = tape.track(y);
    tape.record(z, [=](auto& back, auto dy) {
      const auto dx = back.contribute(x);
      back.run(0, [=](auto on) { unpermute_columns(dx.data, dy, ids, x.rows, N, dx.accumulate, on); });
    });
    return z;
  } else {
    return y;
  }
}

/// N columns of x(T,M), from First on.
template <Index First, Index N, class T, Index M, Gradient G, class E>
constexpr auto columns_from(T& tape, Var<typename T::backend, M, G, E> x) {
  static_assert(First + N <= M);
  const auto y = tape.template value<N, E>(x.rows);
  tape.run(0, [=](auto on) { copy_columns(y.data, N, x.data + First, M, x.rows, N, false, on); });
  if constexpr (T::recording && G == Gradient::tracked) {
    const auto z = tape.track(y);
    tape.record(z, [=](auto& back, auto dy) {
      const auto dx = back.contribute_zeroed(x);
      back.run(0, [=](auto on) { copy_columns(dx + First, M, dy, N, x.rows, N, true, on); });
    });
    return z;
  } else {
    return y;
  }
}

/// In place: y takes x's memory. requires: x's own backward does not need its value (a product's does not).
template <class T, Index V, Gradient Gx, Index N, Gradient Gz>
constexpr auto replace_columns(T& tape, Var<typename T::backend, V, Gx> x, Var<typename T::backend, N, Gz> z,
                               Pointer<typename T::backend, Id> ids) {
  tape.run(0, [=](auto on) { replace_columns(x.data, z.data, ids, z.rows, N, V, on); });
  if constexpr (T::recording && (Gx | Gz) == Gradient::tracked) {
    const auto y = tape.track(x.constant());
    tape.record(y, [=](auto& back, auto dy) {
      const auto dz = back.contribute(z);
      back.run(0, [=](auto on) { take_columns(dz.data, dy, ids, z.rows, N, V, dz.accumulate, on); });
      back.pass_adjoint(y, x);
    });
    return y;
  } else {
    return x;
  }
}

}  // namespace graft
