/// \file
/// The output head, its cross entropy and the gradient of both in one go: no matrix of tokens × vocabulary exists.
#pragma once

#include <graft/backend/host/cross_entropy.hpp>
#include <graft/backend/host/elementwise.hpp>
#include <graft/backend/host/frozen.hpp>

#include <concepts>

namespace graft::backend {

/// Rows of logits that exist at a time.
inline constexpr Index vocabulary_rows = 64;

/// Floats that `vocabulary_loss` of elements X borrows.
template <class X, class S>
constexpr Index vocabulary_workspace(Index rows, Index vocabulary, Index, S, reference) {
  return 2 * (rows < vocabulary_rows ? rows : vocabulary_rows) * vocabulary;
}

/// loss(1) = Σ_t (log Σ_v exp z[t,v] − z[t, target_t]),  z = x wᵀ,  for x(T,in), w(V,in); every target is ≥ 0.
/// l(T) = log Σ exp z;  dx(T,in) = (softmax(z) − onehot(target)) w, where it is not null.
template <class X, class S, std::derived_from<reference> On>
void vocabulary_loss(float* loss, float* l, X* dx, const X* x, const std::byte* w, const Id* targets, Index rows,
                     Index in, Index vocabulary, float* work, S storage, On on) {
  double total = 0;
  for (Index begin = 0; begin < rows; begin += vocabulary_rows) {
    const Index count = std::min(vocabulary_rows, rows - begin);
    float *const logits = work, *const share = work + count * vocabulary;
    float part = 0;
    const float one = 1;
    matmul_frozen(logits, x + begin * in, w, count, in, vocabulary, false, storage, on);
    cross_entropy(&part, l + begin, logits, targets + begin, count, vocabulary, on);
    total += static_cast<double>(part);
    if (dx == nullptr) continue;
    cross_entropy_input(share, &one, logits, l + begin, targets + begin, count, vocabulary, false, on);
    matmul_frozen_input(dx + begin * in, share, w, count, in, vocabulary, false, storage, on);
  }
  *loss = static_cast<float>(total);
}

}  // namespace graft::backend
