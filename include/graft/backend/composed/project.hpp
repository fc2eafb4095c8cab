/// \file
/// Products that share an input, each perhaps with a low-rank path beside it: a backend's own, or made of
/// kernels/products.hpp.
#pragma once

#include <graft/backend/kernels/products.hpp>

#include <type_traits>
#include <utility>

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

namespace composition {

/// Where a branch has the paths of several members, or rows that are not all the first's, u keeps each row's own.
template <class P, class U, class On>
void keep_own(const P& branch, U* u, Index rows, On on) {
  const auto [count, owners] = branch.members;
  if (count > 1 || owners != nullptr) keep_members(u, owners, rows, branch.rank, branch.rank / count, on);
}
/// B(out,R): b itself, or made in scratch memory where there are several members.
template <class P, class On>
const float* side_by_side(const P& branch, On on) {
  const auto [count, owners] = branch.members;
  if (count == 1) return branch.b;
  auto* const room = on.template scratch<struct SideBySide, float>(branch.out * branch.rank);
  members_side_by_side(room, branch.b, count, branch.out, branch.rank, on);
  return room;
}

/// All branches of x(T,in); `residual(T,out)`, where it is not null, is added to the only one.
template <class Y, class X, class S, class On>
void project(const Branch<Y, X>* branches, Index count, const X* x, const Y* residual, Index rows, Index in, S storage,
             On on) {
  for (const auto* p = branches; p != branches + count; ++p) {
    if (residual != nullptr) copy(p->y, residual, rows * p->out, on);
    matmul_frozen(p->y, x, p->w, rows, in, p->out, residual != nullptr, storage, on);
    if (p->rank == 0) continue;
    matmul(p->u, x, p->a, rows, in, p->rank, 1.0F, false, on);
    keep_own(*p, p->u, rows, on);
    matmul(p->y, static_cast<const X*>(p->u), side_by_side(*p, on), rows, p->rank, p->out, p->scale, true, on);
  }
}

/// dx(T,in) (+)= Σ dy w + du A over the branches, and the gradients of their weights. x may be null where no branch has
/// any.
template <class Y, class X, class S, class On>
void project_backward(const BranchGradient<Y, X>* branches, Index count, X* dx, bool accumulate, const X* x, Index rows,
                      Index in, S storage, On on) {
  constexpr bool floats = std::is_same_v<X, float>;
  float* const sum = on.template scratch<struct InputSum, float>(floats || dx == nullptr ? 0 : rows * in);
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
    float* const du = on.template scratch<struct NarrowGradient, float>(rows * p->rank);
    const float* const narrow = du;
    matmul_input(du, p->dy, side_by_side(*p, on), rows, p->rank, p->out, p->scale, false, on);
    keep_own(*p, du, rows, on);
    if (dx != nullptr) matmul_input(to, narrow, p->a, rows, in, p->rank, 1.0F, true, on);
    if (p->db != nullptr && p->members.count == 1)
      matmul_weight(p->db, p->dy, p->u, rows, p->rank, p->out, p->scale, on);
    if (p->db != nullptr && p->members.count > 1) {
      float* const room = on.template scratch<struct SideBySide, float>(p->out * p->rank);
      fill(room, p->out * p->rank, 0.0F, on);
      matmul_weight(room, p->dy, p->u, rows, p->rank, p->out, p->scale, on);
      add_members_apart(p->db, static_cast<const float*>(room), p->members.count, p->out, p->rank, on);
    }
    if (p->da != nullptr) matmul_weight(p->da, narrow, x, rows, in, p->rank, 1.0F, on);
  }
  if constexpr (!floats)
    if (dx != nullptr) scale(dx, static_cast<const float*>(sum), 1.0F, rows * in, accumulate, on);
}

}  // namespace composition

/// The backend's own `project`, or else that.
template <class Y, class X, class S, class On>
void best_project(const Branch<Y, X>* branches, Index count, const X* x, const Y* residual, Index rows, Index in,
                  S storage, On on) {
  if constexpr (requires { project(branches, count, x, residual, rows, in, storage, on); })
    project(branches, count, x, residual, rows, in, storage, on);
  else composition::project(branches, count, x, residual, rows, in, storage, on);
}
template <class Y, class X, class S, class On>
void best_project_backward(const BranchGradient<Y, X>* branches, Index count, X* dx, bool accumulate, const X* x,
                           Index rows, Index in, S storage, On on) {
  if constexpr (requires { project_backward(branches, count, dx, accumulate, x, rows, in, storage, on); })
    project_backward(branches, count, dx, accumulate, x, rows, in, storage, on);
  else composition::project_backward(branches, count, dx, accumulate, x, rows, in, storage, on);
}

}  // namespace graft::backend
