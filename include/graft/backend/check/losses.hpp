/// \file
/// The kernels of kernels/losses.hpp.
#pragma once

#include <graft/backend/check/checker.hpp>

namespace graft::backend {

template <class B>
void check_losses(Checker<B>& c) {
  const Index out = 133, n = 37 * 70;
  const std::vector<Id> targets{7, -1, 132};
  c.with_ids(
      "cross_entropy", {}, {1, 3, 3 * out}, targets,
      [=](auto, auto f, const Id* ids, auto on) { cross_entropy(f[0], f[1], f[2], ids, 3, out, on); }, 5.0F);
  c.with_ids(
      "cross_entropy_input", {}, {3 * out, 1, 3 * out, 3}, targets,
      [=](auto, auto f, const Id* ids, auto on) { cross_entropy_input(f[0], f[1], f[2], f[3], ids, 3, out, true, on); },
      5.0F);
  c.check("sum_up", {}, {1, n}, [=](auto, auto f, auto on) { sum_up(f[0], f[1], n, on); });
  c.check("squared_error", {}, {1, n, n}, [=](auto, auto f, auto on) { squared_error(f[0], f[1], f[2], n, on); });
  c.check("squared_error_input", {}, {n, 1, n, n},
          [=](auto, auto f, auto on) { squared_error_input(f[0], f[1], f[2], f[3], n, true, on); });
  const std::vector<Id> texts_and_places{0, 3, 3, 9, 1, 2, 3, 8};
  c.with_ids("span_loss", {}, {1, 4, 18}, texts_and_places,
             [](auto, auto f, const Id* ids, auto on) { span_loss(f[0], f[1], f[2], ids, ids + 4, 4, on); });
  c.with_ids("span_loss_input", {}, {18, 1, 18, 4}, texts_and_places, [](auto, auto f, const Id* ids, auto on) {
    span_loss_input(f[0], f[1], f[2], f[3], ids, ids + 4, 4, on);
  });
  for (const bool of_columns : {false, true}) {
    const Index side = of_columns ? 5 : 9;
    c.check("gram_error", {}, {1, side * side, 9 * 5, 9 * 5, 1}, [=](auto, auto f, auto on) {
      gram_error(f[0], f[1], f[2], 9, 5, of_columns, on);
      gram_error_input(f[3], f[4], f[0], f[1], f[2], 9, 5, of_columns, on);
    });
  }
}

}  // namespace graft::backend
