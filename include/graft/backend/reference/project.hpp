/// \file
/// Products that share an input, each perhaps with a low-rank path beside it, made of the products of matmul.hpp and
/// frozen.hpp. A backend may have better ones.
#pragma once

#include <graft/backend/reference/elementwise.hpp>
#include <graft/backend/reference/frozen.hpp>

#include <concepts>
#include <utility>
#include <vector>

namespace graft::backend {

/// One of the products of x(T,in):  y(T,out) = x wᵀ + s u Bᵀ,  u(T,R) = x Aᵀ,  for A(R,in) and B(out,R); rank 0: no u.
template <class Y, class X>
struct Branch {
  const std::byte* w;
  Index out, rank;
  const float *a, *b;
  float scale;
  X* u;
  Y* y;
};

/// The same, backwards:  du = s dy B,  dB += s dyᵀ u,  dA += duᵀ x,  dw += dyᵀ x.  What is null is not computed; a branch
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
};

/// All branches of x(T,in); `residual(T,out)`, where it is not null, is added to the only one.
template <class Y, class X, class S, std::derived_from<reference> On>
void project(const Branch<Y, X>* branches, Index count, const X* x, const Y* residual, Index rows, Index in, S storage, On on) {
  for (const auto* p = branches; p != branches + count; ++p) {
    if (residual != nullptr) copy(p->y, residual, rows * p->out, on);
    matmul_frozen(p->y, x, p->w, rows, in, p->out, residual != nullptr, storage, on);
    if (p->rank == 0) continue;
    matmul(p->u, x, p->a, rows, in, p->rank, 1.0F, false, on);
    matmul(p->y, p->u, p->b, rows, p->rank, p->out, p->scale, true, on);
  }
}

/// dx(T,in) (+)= Σ dy w + du A over the branches, and the gradients of their weights. x may be null where no branch has any.
template <class Y, class X, class S, std::derived_from<reference> On>
void project_backward(const BranchGradient<Y, X>* branches, Index count, X* dx, bool accumulate, const X* x, Index rows, Index in, S storage, On on) {
  std::vector<float> du, sum(std::is_same_v<X, float> || dx == nullptr ? 0 : rows * in);
  const auto to = [&] {  // shares are added up as floats
    if constexpr (std::is_same_v<X, float>) return dx;
    else return sum.data();
  }();
  bool more = std::is_same_v<X, float> && accumulate;
  for (const auto* p = branches; p != branches + count; ++p) {
    if (p->dy == nullptr) continue;
    if (dx != nullptr) matmul_frozen_input(to, p->dy, p->w, rows, in, p->out, std::exchange(more, true), storage, on);
    if (p->dw != nullptr) matmul_weight(p->dw, p->dy, x, rows, in, p->out, 1.0F, on);
    if (p->rank == 0) continue;
    du.resize(rows * p->rank);
    matmul_input(du.data(), p->dy, p->b, rows, p->rank, p->out, p->scale, false, on);
    if (dx != nullptr) matmul_input(to, du.data(), p->a, rows, in, p->rank, 1.0F, true, on);
    if (p->db != nullptr) matmul_weight(p->db, p->dy, p->u, rows, p->rank, p->out, p->scale, on);
    if (p->da != nullptr) matmul_weight(p->da, du.data(), x, rows, in, p->rank, 1.0F, on);
  }
  if constexpr (!std::is_same_v<X, float>)
    if (dx != nullptr) scale(dx, sum.data(), 1.0F, rows * in, accumulate, on);
}

}  // namespace graft::backend
