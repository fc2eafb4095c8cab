/// \file
/// Products with block-diagonal matrices, of blocks one below the other:
///   block_product: y_i = a_i b_i,   a, b(n·B,B)                     da_i = dy_i b_iᵀ     db_i = a_iᵀ dy_i
///   inverse_of_sum: y_i = (I + q_i)⁻¹,   q_i antisymmetric          dq_i = −y_iᵀ dy_i y_iᵀ
///   multiply_blocks: y(T,n·B) = x diag(r_1 … r_n),   r(n·B,B)       dx = dy diag(rᵀ)     dr_i = x_iᵀ dy_i
#pragma once

#include <graft/autodiff/tape.hpp>
#include <graft/backend/host/blocks.hpp>

namespace graft {

/// Products a_i b_i of square blocks that lie one below the other; a and b (n·B, B).
template <class T, Index Size, Gradient Ga, Gradient Gb>
constexpr auto block_product(T& tape, Var<typename T::backend, Size, Ga> a, Var<typename T::backend, Size, Gb> b) {
  const auto y = tape.template value<Size>(a.rows);
  const Index blocks = a.rows / Size, flops = 2 * a.rows * Size * Size;
  tape.run(flops, [=](auto on) { product_of_blocks(y.data, a.data, b.data, blocks, Size, false, false, false, on); });
  if constexpr (T::recording && (Ga | Gb) == Gradient::tracked) {
    const auto z = tape.track(y);
    tape.record(z, [=](auto& back, auto dy) {
      if constexpr (Ga == Gradient::tracked) {
        const auto da = back.contribute(a);
        back.run(flops, [=](auto on) {
          product_of_blocks(da.data, dy, b.data, blocks, Size, false, true, da.accumulate, on);
        });
      }
      if constexpr (Gb == Gradient::tracked) {
        const auto db = back.contribute(b);
        back.run(flops, [=](auto on) {
          product_of_blocks(db.data, a.data, dy, blocks, Size, true, false, db.accumulate, on);
        });
      }
    });
    return z;
  } else {
    return y;
  }
}

/// (I + q_i)⁻¹ of every antisymmetric block of q(n·B, B): with 2 and −I around it Cayley's rotation.
template <class T, Index Size, Gradient G>
constexpr auto inverse_of_sum(T& tape, Var<typename T::backend, Size, G> q) {
  const auto y = tape.template value<Size>(q.rows);
  const Index blocks = q.rows / Size, flops = 4 * q.rows * Size * Size;
  tape.run(flops, [=](auto on) { inverse_of_sum(y.data, q.data, blocks, Size, on); });
  if constexpr (T::recording && G == Gradient::tracked) {
    const auto z = tape.track(y);
    tape.record(z, [=](auto& back, auto dy) {
      const auto dq = back.contribute_zeroed(q);
      back.run(flops, [=](auto on) { inverse_of_sum_input(dq, dy, y.data, blocks, Size, on); });
    });
    return z;
  } else {
    return y;
  }
}

/// x(T, n·B) times the block-diagonal matrix of the blocks of r(n·B, B).
template <class T, Index N, Gradient G, class E, Index Size, Gradient Gr>
constexpr auto multiply_blocks(T& tape, Var<typename T::backend, N, G, E> x, Var<typename T::backend, Size, Gr> r) {
  static_assert(N % Size == 0);
  const auto y = tape.template value<N, E>(x.rows);
  const Index flops = 2 * x.size() * Size;
  tape.run(flops, [=](auto on) { multiply_blocks(y.data, x.data, r.data, x.rows, N, Size, false, false, on); });
  if constexpr (T::recording && (G | Gr) == Gradient::tracked) {
    const auto z = tape.track(y);
    tape.record(z, [=](auto& back, auto dy) {
      if constexpr (Gr == Gradient::tracked) {
        const auto dr = back.contribute_zeroed(r);
        back.run(flops, [=](auto on) { multiply_blocks_weight(dr, dy, x.data, x.rows, N, Size, on); });
      }
      if constexpr (G == Gradient::tracked) {
        const auto dx = back.contribute(x);
        back.run(flops,
                 [=](auto on) { multiply_blocks(dx.data, dy, r.data, x.rows, N, Size, true, dx.accumulate, on); });
      }
    });
    return z;
  } else {
    return y;
  }
}

}  // namespace graft
