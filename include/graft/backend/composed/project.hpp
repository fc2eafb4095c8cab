/// \file
/// Products that share an input, each perhaps with a low-rank path beside it, made of the products of matmul.hpp and
/// frozen.hpp. A backend may have better ones.
#pragma once

#include <graft/backend/host/elementwise.hpp>
#include <graft/backend/host/frozen.hpp>

#include <algorithm>
#include <concepts>
#include <utility>

namespace graft::backend {

/// Several low-rank paths beside one product, each for rows of its own (a bank of adapters): R is the rank of all
/// together, u has zeros where a row is not a path's, and B is (members, out, R/members). `owners(T)`: whose a row is,
/// `count` if it is nobody's; null: the first's.
struct Members {
  Index count = 1;
  const Id* owners = nullptr;

  /// The columns of u that row t keeps.
  [[nodiscard]] std::pair<Index, Index> columns(Index t, Index rank) const {
    const Index own = rank / count, first = owners == nullptr ? 0 : static_cast<Index>(owners[t]) * own;
    return {std::min(first, rank), std::min(first + own, rank)};
  }
  template <class U>
  void keep_own(U* u, Index rows, Index rank) const {
    if (count == 1 && owners == nullptr) return;
    for (Index t = 0; t < rows; ++t, u += rank) {
      const auto [first, last] = columns(t, rank);
      std::fill(u, u + first, U());
      std::fill(u + last, u + rank, U());
    }
  }
  /// Where B(o, r) lies.
  [[nodiscard]] Index at(Index o, Index r, Index out, Index rank) const {
    const Index own = rank / count;
    return (r / own * out + o) * own + r % own;
  }
  /// B(out, R): b itself, or made at `to` where there are several members
  const float* side_by_side(float* to, const float* b, Index out, Index rank) const {
    if (count == 1) return b;
    for (Index o = 0; o < out; ++o)
      for (Index r = 0; r < rank; ++r) to[o * rank + r] = b[at(o, r, out, rank)];
    return to;
  }
};

/// One of the products of x(T,in):  y(T,out) = x wᵀ + s u Bᵀ,  u(T,R) = x Aᵀ,  for A(R,in) and B(out,R); rank 0: no u.
template <class Y, class X>
struct Branch {
  const std::byte* w;
  Index out, rank;
  const float *a, *b;
  float scale;
  X* u;
  Y* y;
  Members members{};
};

/// The same, backwards:  du = s dy B,  dB += s dyᵀ u,  dA += duᵀ x,  dw += dyᵀ x.
///     What is null is not computed; a branch
/// whose dy is null has no share in anything.
template <class Y, class X>
struct BranchGradient {
  const std::byte* w;
  Index out, rank;
  const float *a, *b;
  float scale;
  const X* u;
  const Y* dy;
  float *da, *db, *dw;
  Members members{};
};

/// All branches of x(T,in); `residual(T,out)`, where it is not null, is added to the only one.
template <class Y, class X, class S, std::derived_from<reference> On>
void project(const Branch<Y, X>* branches, Index count, const X* x, const Y* residual, Index rows, Index in, S storage,
             On on) {
  for (const auto* p = branches; p != branches + count; ++p) {
    if (residual != nullptr) copy(p->y, residual, rows * p->out, on);
    matmul_frozen(p->y, x, p->w, rows, in, p->out, residual != nullptr, storage, on);
    if (p->rank == 0) continue;
    matmul(p->u, x, p->a, rows, in, p->rank, 1.0F, false, on);
    p->members.keep_own(p->u, rows, p->rank);
    const float* const b =
        p->members.side_by_side(scratch<struct SideBySide, float>(p->out * p->rank), p->b, p->out, p->rank);
    matmul(p->y, p->u, b, rows, p->rank, p->out, p->scale, true, on);
  }
}

/// dx(T,in) (+)= Σ dy w + du A over the branches, and the gradients of their weights. x may be null where no branch has
/// any.
template <class Y, class X, class S, std::derived_from<reference> On>
void project_backward(const BranchGradient<Y, X>* branches, Index count, X* dx, bool accumulate, const X* x, Index rows,
                      Index in, S storage, On on) {
  constexpr bool floats = std::is_same_v<X, float>;
  float* const sum = scratch<struct InputSum, float>(floats || dx == nullptr ? 0 : rows * in);
  const auto to = [&] {  // shares are added up as floats
    if constexpr (floats) return dx;
    else return sum;
  }();
  bool more = floats && accumulate;
  for (const auto* p = branches; p != branches + count; ++p) {
    if (p->dy == nullptr) continue;
    if (dx != nullptr) matmul_frozen_input(to, p->dy, p->w, rows, in, p->out, std::exchange(more, true), storage, on);
    if (p->dw != nullptr) matmul_weight(p->dw, p->dy, x, rows, in, p->out, 1.0F, on);
    if (p->rank == 0) continue;
    float *const du = scratch<struct NarrowGradient, float>(rows * p->rank), *const room =
                                                                                 scratch<struct SideBySide, float>(
                                                                                     p->out * p->rank);
    matmul_input(du, p->dy, p->members.side_by_side(room, p->b, p->out, p->rank), rows, p->rank, p->out, p->scale,
                 false, on);
    p->members.keep_own(du, rows, p->rank);
    if (dx != nullptr) matmul_input(to, du, p->a, rows, in, p->rank, 1.0F, true, on);
    if (p->db != nullptr && p->members.count == 1)
      matmul_weight(p->db, p->dy, p->u, rows, p->rank, p->out, p->scale, on);
    if (p->db != nullptr && p->members.count > 1) {
      std::fill_n(room, p->out * p->rank, 0.0F);
      matmul_weight(room, p->dy, p->u, rows, p->rank, p->out, p->scale, on);
      for (Index o = 0; o < p->out; ++o)
        for (Index r = 0; r < p->rank; ++r) p->db[p->members.at(o, r, p->out, p->rank)] += room[o * p->rank + r];
    }
    if (p->da != nullptr) matmul_weight(p->da, du, x, rows, in, p->rank, 1.0F, on);
  }
  if constexpr (!floats)
    if (dx != nullptr) scale(dx, sum, 1.0F, rows * in, accumulate, on);
}

}  // namespace graft::backend
