/// \file
/// Attention in tiles (Dao et al. 2022): a block of queries against blocks of keys, softmax kept running, scores never
/// larger than one tile. Threads own key/value heads of sequences, so that no two write one gradient.
#pragma once

#include <graft/backend/attention_shape.hpp>
#include <graft/backend/eigen/matmul.hpp>

#include <limits>

namespace graft::backend {

namespace eigen {
inline constexpr Index tile = 64;

/// A tile of scores: queries [i, i+rows) against keys [j, j+columns) of one sequence, with what each query may see.
struct Tile {
  Index i, j, rows, columns;
};

/// s ← q kᵀ / √D; unseen entries are −∞.
inline void scores(Matrix& s, Rows q, Rows k, Tile t, Index sequence, const AttentionShape& shape) {
  s.resize(static_cast<Eigen::Index>(t.rows), static_cast<Eigen::Index>(t.columns));
  product_nt(s.data(), t.columns, q, k, t.rows, t.columns, shape.width, shape.scale(), false);
  for (Index r = 0; r < t.rows; ++r) {
    const Index seen = shape.visible(sequence, t.i + r);
    for (Index c = seen > t.j ? std::min(seen - t.j, t.columns) : 0; c < t.columns; ++c)
      s(static_cast<Eigen::Index>(r), static_cast<Eigen::Index>(c)) = -std::numeric_limits<float>::infinity();
  }
}

/// Calls body(sequence, head, tile row start, rows) for the query tiles of one key/value head.
template <class Body>
void each_query_tile(const AttentionShape& shape, Index sequence, Index group, const Body& body) {
  const Index per_group = shape.heads / shape.groups, count = shape.query_count(sequence);
  for (Index h = group * per_group; h < (group + 1) * per_group; ++h)
    for (Index i = 0; i < count; i += tile) body(h, i, std::min(tile, count - i));
}
}  // namespace eigen

inline void attention(float* y, float* l, const float* q, const float* k, const float* v, AttentionShape shape, eigen_cpu) {
  using namespace eigen;
  const Index qs = shape.heads * shape.width, ks = shape.groups * shape.width, d = shape.width;
  parallel_for(shape.sequences * shape.groups, true, [=](Index task) {
    const Index s = task / shape.groups, group = task % shape.groups;
    static thread_local Matrix p, o;
    Eigen::ArrayXf largest, sum, correction;
    each_query_tile(shape, s, group, [&](Index h, Index i, Index rows) {
      const Index row = shape.query_begin(s) + i;
      const auto n = static_cast<Eigen::Index>(rows);
      largest.setConstant(n, -std::numeric_limits<float>::infinity());
      sum.setZero(n);
      o.setZero(n, static_cast<Eigen::Index>(d));
      const Index seen = shape.visible(s, i + rows - 1);
      for (Index j = 0; j < seen; j += tile) {
        const Tile t{i, j, rows, std::min(tile, seen - j)};
        const Index key = shape.key_begin(s) + j;
        scores(p, {q + row * qs + h * d, qs}, {k + key * ks + group * d, ks}, t, s, shape);
        const Eigen::ArrayXf peak = p.rowwise().maxCoeff().array().max(largest);
        correction = (largest - peak).exp();
        largest = peak;
        p = (p.array().colwise() - peak).exp();
        sum = sum * correction + p.array().rowwise().sum();
        o.array().colwise() *= correction;
        product_nn(o.data(), d, {p.data(), t.columns}, {v + key * ks + group * d, ks}, rows, d, t.columns, 1.0F, true);
      }
      write(y + row * qs + h * d, rows, d, qs) = o.array().colwise() / sum;
      for (Index r = 0; r < rows; ++r) l[(row + r) * shape.heads + h] = largest(static_cast<Eigen::Index>(r)) + std::log(sum(static_cast<Eigen::Index>(r)));
    });
  });
}

inline void attention_inputs(float* dq, float* dk, float* dv, const float* dy, const float* y, const float* l, const float* q, const float* k, const float* v, AttentionShape shape, eigen_cpu) {
  using namespace eigen;
  const Index qs = shape.heads * shape.width, ks = shape.groups * shape.width, d = shape.width;
  parallel_for(shape.sequences * shape.groups, true, [=](Index task) {
    const Index s = task / shape.groups, group = task % shape.groups;
    static thread_local Matrix p, ds;
    each_query_tile(shape, s, group, [&](Index h, Index i, Index rows) {
      const Index row = shape.query_begin(s) + i, at = row * qs + h * d;
      const auto n = static_cast<Eigen::Index>(rows);
      const Rows query{q + at, qs}, upper{dy + at, qs};
      const Eigen::ArrayXf delta = (read(dy + at, rows, d, qs).array() * read(y + at, rows, d, qs).array()).rowwise().sum();
      Eigen::ArrayXf log_sum(n);
      for (Index r = 0; r < rows; ++r) log_sum(static_cast<Eigen::Index>(r)) = l[(row + r) * shape.heads + h];
      const Index seen = shape.visible(s, i + rows - 1);
      for (Index j = 0; j < seen; j += tile) {
        const Tile t{i, j, rows, std::min(tile, seen - j)};
        const Index other = (shape.key_begin(s) + j) * ks + group * d;
        const Rows key{k + other, ks};
        scores(p, query, key, t, s, shape);
        ds.resize(n, static_cast<Eigen::Index>(t.columns));
        p = (p.array().colwise() - log_sum).exp();
        if (dv != nullptr) product_tn(dv + other, ks, {p.data(), t.columns}, upper, t.columns, d, rows, 1.0F, true);
        product_nt(ds.data(), t.columns, upper, {v + other, ks}, rows, t.columns, d, 1.0F, false);
        ds = p.array() * (ds.array().colwise() - delta) * shape.scale();
        if (dq != nullptr) product_nn(dq + at, qs, {ds.data(), t.columns}, key, rows, d, t.columns, 1.0F, true);
        if (dk != nullptr) product_tn(dk + other, ks, {ds.data(), t.columns}, query, t.columns, d, rows, 1.0F, true);
      }
    });
  });
}

}  // namespace graft::backend
