/// \file
/// Rows that each have a weight of their own among several: see ops/products/member_product.hpp. owners(T): whose a row
/// is; null: the first's.
#pragma once

#include <graft/backend/host/reference.hpp>
#include <graft/backend/kernels/products.hpp>

namespace graft::backend {

inline Index owner_of(const Id* owners, Index t) { return owners == nullptr ? 0 : static_cast<Index>(owners[t]); }

/// y(T,out) = x(T,in) w[m]ᵀ + b[m]
template <class E>
void member_product(E* y, const E* x, const float* w, const float* b, const Id* owners, Index rows, Index in, Index out,
                    reference) {
  parallel_pieces(rows, row_piece, [=](Index begin, Index end) {
    for (Index t = begin; t < end; ++t)
      for (Index o = 0, m = owner_of(owners, t); o < out; ++o) {
        const float* const row = w + (m * out + o) * in;
        float sum = 0;
        GRAFT_SIMD for (Index i = 0; i < in; ++i) sum += at(x, t * in + i) * row[i];
        y[t * out + o] = E(sum + b[m * out + o]);
      }
  });
}

/// dx(T,in) (+)= dy(T,out) w[m]
template <class E>
void member_product_input(E* dx, const E* dy, const float* w, const Id* owners, Index rows, Index in, Index out,
                          bool accumulate, reference) {
  parallel_pieces(rows, row_piece, [=](Index begin, Index end) {
    float* const sum = scratch<struct MemberSums, float>(in);
    for (Index t = begin; t < end; ++t) {
      std::fill_n(sum, in, 0.0F);
      for (Index o = 0, m = owner_of(owners, t); o < out; ++o) {
        const float d = at(dy, t * out + o);
        const float* const row = w + (m * out + o) * in;
        GRAFT_SIMD for (Index i = 0; i < in; ++i) sum[i] += d * row[i];
      }
      for (Index i = 0; i < in; ++i) put(dx[t * in + i], sum[i], accumulate);
    }
  });
}

/// dw[m](out,in) += dyᵀ x and db[m] += Σ dy, over the rows of m: outputs on all threads, rows in their order
template <class E>
void member_product_weight(float* dw, float* db, const E* dy, const E* x, const Id* owners, Index rows, Index in,
                           Index out, reference) {
  parallel_for(out, rows * in * out > parallel_threshold, [=](Index o) {
    for (Index t = 0; t < rows; ++t) {
      const Index at_row = owner_of(owners, t) * out + o;
      const float d = at(dy, t * out + o);
      float* const row = dw + at_row * in;
      db[at_row] += d;
      GRAFT_SIMD for (Index i = 0; i < in; ++i) row[i] += d * at(x, t * in + i);
    }
  });
}

/// u(T,R) keeps, in each row, the `own` columns of the member whose it is, and zeros elsewhere
template <class U>
void keep_members(U* u, const Id* owners, Index rows, Index rank, Index own, reference) {
  const Members members{rank / own, owners};
  for (Index t = 0; t < rows; ++t, u += rank) {
    const auto [first, last] = members.columns(t, rank);
    std::fill(u, u + first, U());
    std::fill(u + last, u + rank, U());
  }
}
/// y(out,R) ← b(members, out, R/members); the other way round: db += dy
inline void members_side_by_side(float* y, const float* b, Index members, Index out, Index rank, reference) {
  for (Index o = 0; o < out; ++o)
    for (Index r = 0; r < rank; ++r) y[o * rank + r] = b[Members{members}.at(o, r, out, rank)];
}
inline void add_members_apart(float* db, const float* dy, Index members, Index out, Index rank, reference) {
  for (Index o = 0; o < out; ++o)
    for (Index r = 0; r < rank; ++r) db[Members{members}.at(o, r, out, rank)] += dy[o * rank + r];
}

}  // namespace graft::backend
