/// \file
/// The kernels of products: with float weights, and with frozen ones as a backend packs them.
#pragma once

#include <graft/core/buffer.hpp>
#include <graft/core/types.hpp>

#include <algorithm>
#include <utility>

namespace graft::backend {

/// Several low-rank paths beside one product, each for rows of its own (a bank of adapters): R is the rank of all
/// together, u has zeros where a row is not a path's, and B is (members, out, R/members). `owners(T)`: whose a row is,
/// `count` if it is nobody's; null: the first's.
struct Members {
  Index count = 1;
  const Id* owners = nullptr;  ///< whose each row is, or null: all are one's

  /// The columns of u that row t keeps.
  [[nodiscard]] std::pair<Index, Index> columns(Index t, Index rank) const {
    const Index own = rank / count, first = owners == nullptr ? 0 : static_cast<Index>(owners[t]) * own;
    return {std::min(first, rank), std::min(first + own, rank)};
  }
  /// Where B(o, r) lies.
  [[nodiscard]] Index at(Index o, Index r, Index out, Index rank) const {
    const Index own = rank / count;
    return (r / own * out + o) * own + r % own;
  }
};

/// With weights of floats; values of elements X, results of elements Y.
template <class B, class Y, class X>
concept ProductKernels =
    requires(const B& on, Pointer<B, Y> y, Pointer<B, X> dx, Pointer<B, const Y> dy, Pointer<B, const X> x,
             Pointer<B> f, Pointer<B, const float> w, Index n, float s, bool more) {
      matmul(y, x, w, n, n, n, s, more, on);
      matmul_input(dx, dy, w, n, n, n, s, more, on);
      matmul_weight(f, dy, x, n, n, n, s, on);
    };

/// Biases, and banks of adapters (`Members`), for values of elements E.
template <class B, class E>
concept RowwiseKernels = requires(const B& on, Pointer<B, E> y, Pointer<B, const E> x, Pointer<B> f,
                                  Pointer<B, const float> w, Pointer<B, const Id> ids, Index n, bool more) {
  add_bias(y, w, n, n, on);
  add_bias_weight(f, x, n, n, on);
  member_product(y, x, w, w, ids, n, n, n, on);
  member_product_input(y, x, w, ids, n, n, n, more, on);
  member_product_weight(f, f, x, x, ids, n, n, n, on);
  keep_members(y, ids, n, n, n, on);
  members_side_by_side(f, w, n, n, n, on);
  add_members_apart(f, w, n, n, n, on);
};

/// With weights kept as S. The memory that one takes is known without running anything.
template <class B, class S, class Y, class X>
concept FrozenKernels =
    requires(const B& on, S storage, Pointer<B, Y> y, Pointer<B, X> dx, Pointer<B, const Y> dy, Pointer<B, const X> x,
             Pointer<B> f, Pointer<B, const float> w, Pointer<B, std::byte> to, Pointer<B, const std::byte> packed,
             Pointer<B, const Id> ids, Index n, bool more) {
      packed_bytes(n, n, storage, on);
      row_alignment(storage, on);
      pack(to, w, n, n, storage, on);
      lookup_frozen(f, ids, packed, n, n, n, storage, on);
      matmul_frozen(y, x, packed, n, n, n, more, storage, on);
      matmul_frozen_input(dx, dy, packed, n, n, n, more, storage, on);
    };

}  // namespace graft::backend
