/// \file
/// The kernels of kernels/rows.hpp.
#pragma once

#include <graft/backend/check/checker.hpp>

namespace graft::backend {

/// For values of elements E.
template <class E, class B>
void check_rows(Checker<B>& c) {
  const Index rows = 37, in = 70, n = rows * in;
  c.template with_ids<E>("gather", {5 * in, n}, {}, {3, 0, 36, 3, 9},
                         [=](auto v, auto, const Id* ids, auto on) { gather(v[0], v[1], ids, 5, in, on); });
  c.template with_ids<E>("place_rows", {n, 4 * in}, {}, {3, 0, 36, 9},
                         [=](auto v, auto, const Id* ids, auto on) { place_rows(v[0], ids, v[1], 4, in, on); });
  c.template with_ids<E>("scatter_add", {n, 5 * in}, {}, {3, 0, 36, 3, 9},
                         [=](auto v, auto, const Id* ids, auto on) { scatter_add(v[0], v[1], ids, 5, in, on); });
  for (const bool more : {false, true}) {
    c.template check<E>("spread_rows", {n, 9 * in, 9 * in, n}, {}, [=](auto v, auto, auto on) {
      spread_rows(v[0], v[1], 9, in, 4, 2, on);
      gather_spread(v[2], v[3], 9, in, 4, 2, more, on);
    });
    c.template check<E>("copy_columns", {rows * 80, n}, {}, [=](auto v, auto, auto on) {
      copy_columns(v[0] + 7, 80, v[1] + 3, in, rows, in - 3, more, on);
    });
    c.template with_ids<E>("permute_columns", {9 * 5, 9 * 5, 9 * 5, 9 * 5}, {}, {3, 0, 4, 1, 2},
                           [=](auto v, auto, const Id* ids, auto on) {
                             permute_columns(v[0], v[1], ids, 9, 5, on);
                             unpermute_columns(v[2], v[3], ids, 9, 5, more, on);
                           });
    c.template check<E>("scale_columns", {n, n}, {in},
                        [=](auto v, auto f, auto on) { scale_columns(v[0], v[1], f[0], rows, in, more, on); });
    c.template check<E>("fold", {rows * 7, n, n, rows * 7}, {}, [=](auto v, auto, auto on) {
      fold(v[0], v[1], rows, in, 7, on);
      unfold(v[2], v[3], rows, in, 7, more, on);
    });
  }
  c.template check<E>("scale_columns_weight", {n, n}, {in},
                      [=](auto v, auto f, auto on) { scale_columns_weight(f[0], v[0], v[1], rows, in, on); });
  c.template check<E>("rows_behind", {(rows + 3) * in, n, (rows + 3) * in}, {3 * 90, 3 * 90},
                      [=](auto v, auto f, auto on) {
                        rows_behind(v[0], f[0], 3, 90, 20, v[1], rows, in, on);
                        rows_behind_prefix(f[1], v[2], 3, 90, 20, in, on);
                      });
}

/// Of floats and of the numbers themselves, which gathering makes visible.
template <class B>
void check_numbers(Checker<B>& c) {
  const Index in = 70, table = 40;
  const auto numbers = [&](const std::string& name, const std::vector<Id>& host, auto kernel) {
    c.compare(name, {}, {5 * in, table * in}, [&](auto tag, auto, auto f) {
      const Id* const ids = c.template ids<decltype(tag)>(host);
      auto* const made = reinterpret_cast<Id*>(c.template bytes<decltype(tag)>(5 * sizeof(Id)));
      launch(tag, [=](auto on) {
        kernel(made, ids, f[1], on);
        gather(f[0], f[1], static_cast<const Id*>(made), 5, in, on);
      });
    });
  };
  numbers("split_ids", {3, 39, 0, 12, 7},
          [](Id* made, const Id* ids, auto, auto on) { split_ids(made, ids, 5, 12, on); });
  numbers("rename_ids", {0, 4, 2, 2, 1, 9, 30, 5, 1, 0},
          [](Id* made, const Id* ids, auto, auto on) { rename_ids(made, ids, ids + 5, 5, on); });
  numbers("count_up", {}, [](Id* made, const Id*, auto, auto on) { count_up(made, 5, 7, on); });
  numbers("largest_of_rows", {},
          [](Id* made, const Id*, const float* x, auto on) { largest_of_rows(made, x, 5, 33, on); });
  // Sequences of 4 and 3 tokens; the second continues the first in the last case.
  for (const bool at_end : {false, true})
    c.with_ids("edge_mask", {}, {7 * 3}, {0, 1, 2, 3, 0, 1, 2, 0, 4, 7, 0, 4, 7, -1, 0},
               [=](auto, auto f, const Id* i, auto on) {
                 edge_mask(f[0], i, i + 7, i + 10, nullptr, at_end ? i + 13 : nullptr, 2, 3, 2, 1, at_end, on);
               });
  c.with_ids("place_entries", {}, {6 * 5, 4, 4, 6 * 5}, {0, 2, 5, 5, 1, 4, 0, 3},
             [](auto, auto f, const Id* ids, auto on) {
               place_entries(f[0], f[1], ids, 4, 5, on);
               gather_entries(f[2], f[3], ids, 4, 5, on);
             });
  const std::vector<Id> columns{8, 0, 3};
  c.with_ids("gather_columns", {}, {3 * 7, 7 * 9, 7 * 9, 3 * 7}, columns, [](auto, auto f, const Id* ids, auto on) {
    gather_columns(f[0], f[1], ids, 3, 7, 9, on);
    scatter_add_columns(f[2], f[3], ids, 3, 7, 9, on);
  });
  for (const bool more : {false, true})
    c.with_ids("replace_columns", {}, {7 * 9, 7 * 3, 7 * 3, 7 * 9}, columns, [=](auto, auto f, const Id* ids, auto on) {
      replace_columns(f[0], f[1], ids, 7, 3, 9, on);
      take_columns(f[2], f[3], ids, 7, 3, 9, more, on);
    });
  c.with_ids("gather_from", {}, {4 * in, 3 * in, 3 * in, 4 * in}, {9, 11, 2, 10},
             [=](auto, auto f, const Id* ids, auto on) {
               gather_from(f[0], f[1], ids, 4, in, 9, on);
               scatter_add_from(f[2], f[3], ids, 4, in, 9, on);
             });
  c.check("inverse_row_norms", {}, {9, 9 * in},
          [=](auto, auto f, auto on) { inverse_row_norms(f[0], f[1], 9, in, on); });
}

}  // namespace graft::backend
