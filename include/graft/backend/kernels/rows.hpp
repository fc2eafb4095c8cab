/// \file
/// The kernels that move rows, columns and entries by number.
#pragma once

#include <graft/core/buffer.hpp>

namespace graft::backend {

/// Of values of elements E.
template <class B, class E>
concept RowKernels = requires(const B& on, Pointer<B, E> y, Pointer<B, const E> x, Pointer<B> f,
                              Pointer<B, const float> c, Pointer<B, const Id> ids, Index n, bool more) {
  gather(y, x, ids, n, n, on);
  place_rows(y, ids, x, n, n, on);
  scatter_add(y, x, ids, n, n, on);
  spread_rows(y, x, n, n, n, n, on);
  gather_spread(y, x, n, n, n, n, more, on);
  copy_columns(y, n, x, n, n, n, more, on);
  permute_columns(y, x, ids, n, n, on);
  unpermute_columns(y, x, ids, n, n, more, on);
  rows_behind(y, c, n, n, n, x, n, n, on);
  rows_behind_prefix(f, x, n, n, n, n, on);
  scale_columns(y, x, c, n, n, more, on);
  scale_columns_weight(f, x, x, n, n, on);
  fold(y, x, n, n, n, on);
  unfold(y, x, n, n, n, more, on);
};

/// Of floats and of the numbers themselves.
template <class B>
concept NumberedKernels = requires(const B& on, Pointer<B> y, Pointer<B, const float> x, Pointer<B, Id> numbers,
                                   Pointer<B, const Id> ids, Index n, bool more) {
  split_ids(numbers, ids, n, n, on);
  rename_ids(numbers, ids, ids, n, on);
  count_up(numbers, n, n, on);
  largest_of_rows(numbers, x, n, n, on);
  edge_mask(y, ids, ids, ids, ids, ids, n, n, n, n, more, on);
  place_entries(y, x, ids, n, n, on);
  gather_entries(y, x, ids, n, n, on);
  gather_columns(y, x, ids, n, n, n, on);
  scatter_add_columns(y, x, ids, n, n, n, on);
  replace_columns(y, x, ids, n, n, n, on);
  take_columns(y, y, ids, n, n, n, more, on);
  gather_from(y, x, ids, n, n, n, on);
  scatter_add_from(y, x, ids, n, n, n, on);
  inverse_row_norms(y, x, n, n, on);
};

}  // namespace graft::backend
