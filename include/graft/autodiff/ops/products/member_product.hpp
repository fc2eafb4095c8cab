/// \file
/// A linear layer of each of N members, and rows that are one's or another's:   y_t = W_m x_t + b_m,   m = owners[t],
///   x(T,I), W(N·O,I) one below the other, b(N·O)     dx_t = W_mᵀ dy_t
///       dW_m = Σ dy_t x_tᵀ, db_m = Σ dy_t over the rows of m
#pragma once

#include <graft/autodiff/parameter.hpp>
#include <graft/autodiff/tape.hpp>
#include <graft/backend/host/member_product.hpp>

namespace graft {

/// A linear layer each for rows of several members.
/// \param tape where the op is recorded \param x rows (T,In) \param w the members' matrices, one below the other \param
/// b their biases
/// \param owners whose each row is \return y(T,Out)
template <Index Members, class T, Index In, Gradient G, class E, Index AllOut>
constexpr auto member_product(T& tape, Var<typename T::backend, In, G, E> x,
                              const Parameter<typename T::backend, Trainable, AllOut, In>& w,
                              const Parameter<typename T::backend, Trainable, 1, AllOut>& b,
                              Pointer<typename T::backend, Id> owners) {
  constexpr Index out = AllOut / Members;
  const Index flops = 2 * x.size() * out;
  const auto y = tape.template value<out, E>(x.rows);
  tape.run(flops,
           [=, &w, &b](auto on) { member_product(y.data, x.data, w.value(), b.value(), owners, x.rows, In, out, on); });
  if constexpr (T::recording) {
    const auto z = tape.track(y);
    tape.record(z, [=, &w, &b](auto& back, auto dy) {
      back.run(flops, [=, dw = w.gradient(), db = b.gradient()](auto on) {
        member_product_weight(dw, db, dy, x.data, owners, x.rows, In, out, on);
      });
      if constexpr (G == Gradient::tracked) {
        const auto dx = back.contribute(x);
        back.run(flops, [=, &w](auto on) {
          member_product_input(dx.data, dy, w.value(), owners, x.rows, In, out, dx.accumulate, on);
        });
      }
    });
    return z;
  } else {
    return y;
  }
}

}  // namespace graft
