/// \file
/// The kernels of kernels/weights.hpp.
#pragma once

#include <graft/backend/check/checker.hpp>

namespace graft::backend {

/// On rows of elements E.
template <class E, class B>
void check_rotations(Checker<B>& c) {
  const Index rows = 37, in = 70, n = rows * in;
  for (const bool more : {false, true}) {
    c.template check<E>("multiply_blocks", {n, n}, {in * 7}, [=](auto v, auto f, auto on) {
      multiply_blocks(v[0], v[1], f[0], rows, in, 7, more, !more, on);
    });
    c.template check<E>("reflect", {n, n}, {in * 3},
                        [=](auto v, auto f, auto on) { reflect(v[0], v[1], f[0] + 1, 3, rows, in, 0.7F, more, on); });
  }
  c.template check<E>("multiply_blocks_weight", {n, n}, {in * 7},
                      [=](auto v, auto f, auto on) { multiply_blocks_weight(f[0], v[0], v[1], rows, in, 7, on); });
  c.template check<E>("reflect_weight", {n, n}, {in * 3, in * 3}, [=](auto v, auto f, auto on) {
    reflect_weight(f[0] + 1, v[0], v[1], f[1] + 1, 3, rows, in, 0.7F, on);
  });
}

template <class B>
void check_weights(Checker<B>& c) {
  const Index blocks = 3, size = 5, all = blocks * size * size, above = blocks * size * (size - 1) / 2;
  c.check("skew", {}, {all, above, above, all}, [=](auto, auto f, auto on) {
    skew(f[0], f[1], blocks, size, on);
    skew_input(f[2], f[3], blocks, size, on);
  });
  for (const bool more : {false, true})
    c.check("skew_part", {}, {all, all}, [=](auto, auto f, auto on) { skew_part(f[0], f[1], blocks, size, more, on); });
  c.check("unit_diagonals", {}, {all}, [=](auto, auto f, auto on) { unit_diagonals(f[0], blocks, size, on); });
  c.check("unit_lower", {}, {9 * 4, 4 * 9, 4 * 9, 9 * 4}, [](auto, auto f, auto on) {
    unit_lower(f[0], f[1], 4, 9, on);
    unit_lower_input(f[2], f[3], 4, 9, on);
  });
  c.check("signed_identity", {}, {4 * 9, 4 * 9}, [](auto, auto f, auto on) { signed_identity(f[0], f[1], 4, 9, on); });
  c.check("inverse_of_sum", {}, {all, above, all, all, all}, [=](auto, auto f, auto on) {
    skew(f[3], f[1], blocks, size, on);
    inverse_of_sum(f[0], f[3], blocks, size, on);
    inverse_of_sum_input(f[2], f[4], f[0], blocks, size, on);
  });
  for (const int which : {0, 1, 2, 3})
    c.check("product_of_blocks", {}, {all, all, all}, [=](auto, auto f, auto on) {
      product_of_blocks(f[0], f[1], f[2], blocks, size, which % 2 == 1, which > 1, which == 2, on);
    });
  c.check("kronecker", {}, {3 * 4 * 2 * 5, 3 * 2, 4 * 5, 3 * 2, 4 * 5, 3 * 4 * 2 * 5}, [](auto, auto f, auto on) {
    kronecker(f[0], f[1], f[2], 3, 2, 4, 5, on);
    kronecker_left(f[3], f[5], f[2], 3, 2, 4, 5, on);
    kronecker_right(f[4], f[5], f[1], 3, 2, 4, 5, on);
  });
  c.check("scaled_bases", {}, {3 * 4 * 6, 3 * 6, 3 * 4, 4 * 6, 3 * 4, 4 * 6, 3 * 4 * 6}, [](auto, auto f, auto on) {
    scaled_bases(f[0], f[1], f[2], f[3], 3, 4, 6, on);
    scaled_bases_inputs(f[4], f[5], f[6], f[1], f[2], f[3], 3, 4, 6, on);
  });
  c.with_ids("spectrum", {}, {6 * 2 * 7, 4, 4, 6 * 2 * 7}, {0, 5, 2, 3, 6, 0, 1, 3},
             [](auto, auto f, const Id* ids, auto on) {
               spectrum(f[0], f[1], ids, 4, 6, 7, on);
               spectrum_input(f[2], f[3], ids, 4, 6, 7, on);
             });
  c.check("fourier_matrix", {}, {2 * 9 * 9}, [](auto, auto f, auto on) { fourier_matrix(f[0], 9, on); });
  for (const bool reverse : {false, true})
    c.check("lstm", {}, {6 * 3, 6 * 12, 6 * 3, 6 * 12, 12 * 3, 6 * 12, 12 * 3, 6 * 3}, [=](auto, auto f, auto on) {
      lstm(f[0], f[1], f[2], f[3], f[4], 6, 3, reverse, on);
      lstm_inputs(f[5], f[6], f[7], f[0], f[1], f[2], f[4], 6, 3, reverse, on);
    });
}

}  // namespace graft::backend
