/// \file
/// The rows of one head in a tensor of several, as operands and panels of products.
#pragma once

#include <graft/backend/kernels/attention.hpp>
#include <graft/backend/xsimd/product.hpp>

#include <algorithm>

namespace graft::backend::bf16 {

/// Queries, and keys, that are looked at together.
inline constexpr Index chunk = 256, query_tile = 32;

/// What attention reads and writes of one tensor x(T,heads,width).
struct HeadRows {
  const Bfloat16* data;
  Index stride, width;

  /// Row `row` of head `head`.
  [[nodiscard]] const Bfloat16* at(Index row, Index head) const { return data + row * stride + head * width; }
  /// Rows as an operand, padded in `room` where they must be.
  [[nodiscard]] Operand rows(Bfloat16* room, Index row, Index head, Index count) const {
    const Bfloat16* const from = at(row, head);
    if (stride % step == 0 && in_place(from, width)) return {from, stride};
    for (Index r = 0; r < count; ++r) {
      std::copy_n(from + r * stride, width, room + r * depth(width));
      std::fill(room + r * depth(width) + width, room + (r + 1) * depth(width), Bfloat16());
    }
    return {room, depth(width)};
  }
};

/// Panels whose columns are rows [row, row+count) of a head: for products along the width.
inline void panels_across(Word* to, HeadRows x, Index row, Index head, Index count) {
  for (Index p = 0; p < panels(count); ++p)
    panel_of_columns(to + p * panel_words(x.width), x.at(row + p * panel, head), x.stride, x.width,
                     std::min(panel, count - p * panel));
}
/// Panels whose columns are those of a head: for products along rows [row, row+count).
inline void panels_along(Word* to, HeadRows x, Index row, Index head, Index count) {
  for (Index p = 0; p < panels(x.width); ++p)
    panel_of_rows(to + p * panel_words(count), x.at(row, head) + p * panel, x.stride, count,
                  std::min(panel, x.width - p * panel));
}

/// Calls body(other sequence, first key, count) for the chunks of keys that queries [i, i+rows) of sequence s see.
template <class Body>
void each_key_chunk(const AttentionShape& shape, Index s, Index i, Index rows, const Body& body) {
  shape.each_seen(s, [&](Index other) {
    const Index seen = other == s ? shape.visible(s, i + rows - 1) : shape.key_count(other);
    for (Index j = 0; j < seen; j += chunk) body(other, j, std::min(chunk, seen - j));
  });
}

}  // namespace graft::backend::bf16
