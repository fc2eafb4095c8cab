/// \file
/// The output head, its cross entropy and the gradient of both in one go: no matrix of tokens × vocabulary exists. A
/// backend's own, or made of kernels/products.hpp and kernels/losses.hpp.
#pragma once

#include <graft/backend/kernels/losses.hpp>
#include <graft/backend/kernels/products.hpp>

#include <algorithm>

namespace graft::backend {

/// Rows of logits that exist at a time.
inline constexpr Index vocabulary_rows = 64;

namespace composition {

/// Floats that `vocabulary_loss` borrows: logits of some rows and their gradients, the losses of all such
/// pieces, and a one.
constexpr Index vocabulary_workspace(Index rows, Index vocabulary) {
  return 2 * std::min(rows, vocabulary_rows) * vocabulary + (rows + vocabulary_rows - 1) / vocabulary_rows + 1;
}

/// loss(1) = Σ_t (log Σ_v exp z[t,v] − z[t, target_t]),  z = x wᵀ,  for x(T,in), w(V,in); every target is ≥ 0.
/// l(T) = log Σ exp z;  dx(T,in) = (softmax(z) − onehot(target)) w, where it is not null.
template <class X, class S, class On>
void vocabulary_loss(float* loss, float* l, X* dx, const X* x, const std::byte* w, const Id* targets, Index rows,
                     Index in, Index vocabulary, float* work, S storage, On on) {
  const Index most = std::min(rows, vocabulary_rows), pieces = (rows + vocabulary_rows - 1) / vocabulary_rows;
  float *const logits = work, *const share = logits + most * vocabulary, *const parts = share + most * vocabulary,
               *const one = parts + pieces;
  fill(one, 1, 1.0F, on);
  for (Index begin = 0, piece = 0; begin < rows; begin += vocabulary_rows, ++piece) {
    const Index count = std::min(vocabulary_rows, rows - begin);
    matmul_frozen(logits, x + begin * in, w, count, in, vocabulary, false, storage, on);
    cross_entropy(parts + piece, l + begin, logits, targets + begin, count, vocabulary, on);
    if (dx == nullptr) continue;
    cross_entropy_input(share, one, logits, l + begin, targets + begin, count, vocabulary, false, on);
    matmul_frozen_input(dx + begin * in, share, w, count, in, vocabulary, false, storage, on);
  }
  sum_up(loss, parts, pieces, on);
}

}  // namespace composition

/// Floats that the backend's own `vocabulary_loss` borrows for values of elements X, or else that.
template <class X, class S, class On>
constexpr Index best_vocabulary_workspace(Index rows, Index vocabulary, Index in, S storage, On on) {
  if constexpr (requires { vocabulary_workspace<X>(rows, vocabulary, in, storage, on); })
    return vocabulary_workspace<X>(rows, vocabulary, in, storage, on);
  else return composition::vocabulary_workspace(rows, vocabulary);
}
template <class X, class S, class On>
void best_vocabulary_loss(float* loss, float* l, X* dx, const X* x, const std::byte* w, const Id* targets, Index rows,
                          Index in, Index vocabulary, float* work, S storage, On on) {
  if constexpr (requires { vocabulary_loss(loss, l, dx, x, w, targets, rows, in, vocabulary, work, storage, on); })
    vocabulary_loss(loss, l, dx, x, w, targets, rows, in, vocabulary, work, storage, on);
  else composition::vocabulary_loss(loss, l, dx, x, w, targets, rows, in, vocabulary, work, storage, on);
}

}  // namespace graft::backend
