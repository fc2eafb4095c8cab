/// \file
/// Kernels that move rows by number: embedding, gathering, scattering.
#pragma once

#include <graft/backend/host/reference.hpp>

#include <algorithm>

namespace graft::backend {

/// y(T,n) ← rows `ids` of x(·,n)
template <class E>
void gather(E* y, const E* x, const Id* ids, Index rows, Index n, reference) {
  for (Index t = 0; t < rows; ++t) std::copy_n(x + static_cast<Index>(ids[t]) * n, n, y + t * n);
}

/// rows `ids` of y(·,n) ← x(T,n)
template <class E>
void place_rows(E* y, const Id* ids, const E* x, Index rows, Index n, reference) {
  for (Index t = 0; t < rows; ++t) std::copy_n(x + t * n, n, y + static_cast<Index>(ids[t]) * n);
}

/// rows `ids` of dx(·,n) += dy(T,n)
template <class E>
void scatter_add(E* dx, const E* dy, const Id* ids, Index rows, Index n, reference) {
  for (Index t = 0; t < rows; ++t)
    for (Index i = 0; i < n; ++i) put(dx[static_cast<Index>(ids[t]) * n + i], at(dy, t * n + i), true);
}

/// known(T) ← ids below `first`; others, which are numbers of another table, become 0
inline void split_ids(Id* known, const Id* ids, Index rows, Index first, reference) {
  for (Index t = 0; t < rows; ++t) known[t] = static_cast<Index>(ids[t]) < first ? ids[t] : 0;
}
/// y[t N + a] ← x[t], rows of n; the other way round: dx[t] (+)= dy[t N + a]
template <class E>
void spread_rows(E* y, const E* x, Index rows, Index n, Index count, Index a, reference) {
  for (Index t = 0; t < rows; ++t) std::copy_n(x + t * n, n, y + (t * count + a) * n);
}
template <class E>
void gather_spread(E* dx, const E* dy, Index rows, Index n, Index count, Index a, bool accumulate, reference) {
  for (Index t = 0; t < rows; ++t)
    for (Index i = 0; i < n; ++i) put(dx[t * n + i], at(dy, (t * count + a) * n + i), accumulate);
}

/// mask(T,n): 1 in rows that are among the first `first` tokens of a text and not its last `last`, or (`at_end`) among
/// its last; else 0. A sequence that others continue has no end, nor has one that goes on behind keys of its own in a
/// cache.
inline void edge_mask(float* mask, const Id* positions, const Id* queries, const Id* keys, const Id* key_ends,
                      const Id* prefixes, Index sequences, Index n, Index first, Index last, bool at_end, reference) {
  for (Index s = 0; s < sequences; ++s) {
    const Id begin = queries[s], end = queries[s + 1];
    bool ends = key_ends == nullptr || key_ends[s] - keys[s] == end - begin;
    for (Index other = s + 1; prefixes != nullptr && other < sequences; ++other)
      ends = ends && prefixes[other] != static_cast<Id>(s);
    for (Id t = begin; t < end; ++t) {
      const bool behind = ends && static_cast<Index>(end - t) <= last,
                 before = static_cast<Index>(positions[t]) < first && !behind;
      std::fill_n(mask + static_cast<Index>(t) * n, n, (at_end ? behind : before) ? 1.0F : 0.0F);
    }
  }
}

/// y[p[k], q[k]] ← v[k]; the other way round: dv[k] += dy[p[k], q[k]]
inline void place_entries(float* y, const float* v, const Id* places, Index count, Index columns, reference) {
  for (Index k = 0; k < count; ++k)
    y[static_cast<Index>(places[k]) * columns + static_cast<Index>(places[count + k])] = v[k];
}
inline void gather_entries(float* dv, const float* dy, const Id* places, Index count, Index columns, reference) {
  for (Index k = 0; k < count; ++k)
    dv[k] += dy[static_cast<Index>(places[k]) * columns + static_cast<Index>(places[count + k])];
}

/// renamed(T) ← table[id]
inline void rename_ids(Id* renamed, const Id* ids, const Id* table, Index rows, reference) {
  for (Index t = 0; t < rows; ++t) renamed[t] = table[ids[t]];
}
/// ids(N) ← 0, step, 2 step, …
inline void count_up(Id* ids, Index n, Index step, reference) {
  for (Index i = 0; i < n; ++i) ids[i] = static_cast<Id>(i * step);
}
/// y(T,n) ← columns `ids` of x(n,V); the other way round: dx[:, id] += dy(t)
inline void gather_columns(float* y, const float* x, const Id* ids, Index rows, Index n, Index columns, reference) {
  for (Index t = 0; t < rows; ++t)
    for (Index i = 0; i < n; ++i) y[t * n + i] = x[i * columns + static_cast<Index>(ids[t])];
}
inline void scatter_add_columns(float* dx, const float* dy, const Id* ids, Index rows, Index n, Index columns,
                                reference) {
  for (Index t = 0; t < rows; ++t)
    for (Index i = 0; i < n; ++i) dx[i * columns + static_cast<Index>(ids[t])] += dy[t * n + i];
}
/// y(T,n) of rows of `y_row` elements (+)= x(T,n) of rows of `x_row`
template <class E>
void copy_columns(E* y, Index y_row, const E* x, Index x_row, Index rows, Index n, bool accumulate, reference) {
  parallel_pieces(rows, row_piece, [=](Index begin, Index end) {
    for (Index t = begin; t < end; ++t) {
      GRAFT_SIMD for (Index i = 0; i < n; ++i) put(y[t * y_row + i], at(x, t * x_row + i), accumulate);
    }
  });
}

/// y[:, j] ← x[:, ids[j]], and dx[:, ids[j]] (+)= dy[:, j]
template <class E>
void permute_columns(E* y, const E* x, const Id* ids, Index rows, Index n, reference) {
  parallel_pieces(rows, row_piece, [=](Index begin, Index end) {
    for (Index t = begin; t < end; ++t)
      for (Index j = 0; j < n; ++j) y[t * n + j] = x[t * n + static_cast<Index>(ids[j])];
  });
}
template <class E>
void unpermute_columns(E* dx, const E* dy, const Id* ids, Index rows, Index n, bool accumulate, reference) {
  parallel_pieces(rows, row_piece, [=](Index begin, Index end) {
    for (Index t = begin; t < end; ++t)
      for (Index j = 0; j < n; ++j) put(dx[t * n + static_cast<Index>(ids[j])], at(dy, t * n + j), accumulate);
  });
}

/// Columns `ids` of y(T,V) ← x(T,n)
inline void replace_columns(float* y, const float* x, const Id* ids, Index rows, Index n, Index columns, reference) {
  for (Index t = 0; t < rows; ++t)
    for (Index i = 0; i < n; ++i) y[t * columns + static_cast<Index>(ids[i])] = x[t * n + i];
}
/// dx(T,n), if it is not null, (+)= columns `ids` of dy(T,V), which become 0
inline void take_columns(float* dx, float* dy, const Id* ids, Index rows, Index n, Index columns, bool accumulate,
                         reference) {
  for (Index t = 0; t < rows; ++t)
    for (Index i = 0; i < n; ++i) {
      float& from = dy[t * columns + static_cast<Index>(ids[i])];
      if (dx != nullptr) put(dx[t * n + i], from, accumulate);
      from = 0;
    }
}
/// y(P+T,n): P rows of columns begin … begin+n−1 of p(P,m), then x(T,n)
template <class E>
void rows_behind(E* y, const float* p, Index prefix, Index m, Index begin, const E* x, Index rows, Index n, reference) {
  for (Index t = 0; t < prefix; ++t)
    for (Index i = 0; i < n; ++i) y[t * n + i] = E(p[t * m + begin + i]);
  std::copy_n(x, rows * n, y + prefix * n);
}
template <class E>
void rows_behind_prefix(float* dp, const E* dy, Index prefix, Index m, Index begin, Index n, reference) {
  for (Index t = 0; t < prefix; ++t)
    for (Index i = 0; i < n; ++i) dp[t * m + begin + i] += at(dy, t * n + i);
}
/// Where id ≥ first: y(t) ← row id − first of x
inline void gather_from(float* y, const float* x, const Id* ids, Index rows, Index n, Index first, reference) {
  for (Index t = 0; t < rows; ++t)
    if (static_cast<Index>(ids[t]) >= first) std::copy_n(x + (static_cast<Index>(ids[t]) - first) * n, n, y + t * n);
}
inline void scatter_add_from(float* dx, const float* dy, const Id* ids, Index rows, Index n, Index first, reference) {
  for (Index t = 0; t < rows; ++t)
    for (Index i = 0; i < n && static_cast<Index>(ids[t]) >= first; ++i)
      dx[(static_cast<Index>(ids[t]) - first) * n + i] += dy[t * n + i];
}

/// ids(T) ← where each row of x(T,n) is largest, the first of equals
inline void largest_of_rows(Id* ids, const float* x, Index rows, Index n, reference) {
  for (Index t = 0; t < rows; ++t) ids[t] = static_cast<Id>(std::max_element(x + t * n, x + (t + 1) * n) - (x + t * n));
}

}  // namespace graft::backend
