/// \file
/// Attention in tiles (Dao et al. 2022): a block of queries against blocks of keys, softmax kept running, scores never
/// larger than one tile. Threads own key/value heads of sequences, so that no two write one gradient.
#pragma once

#include <graft/backend/eigen/matmul.hpp>
#include <graft/backend/kernels/attention.hpp>

#include <limits>

namespace graft::backend {

void attention(float* y, float* l, const float* q, const float* k, const float* v, AttentionShape shape, eigen_cpu);
void attention_inputs(AttentionGradients<float> to, const float* dy, const float* y, const float* l, const float* q,
                      const float* k, const float* v, AttentionShape shape, eigen_cpu);

#if defined(GRAFT_KERNEL_INLINE)
namespace eigen {
inline constexpr Index tile = 64;

/// A tile of scores: queries [i, i+rows) of one sequence against keys [j, j+columns) of a sequence that they see.
struct Tile {
  Index i, j, rows, columns;
};

/// s ← q kᵀ / √D, capped where the rule says so, and how capped scores change with what they were; unseen entries are
/// −∞.
inline void scores(Matrix& s, Matrix* slope, Rows q, Rows k, Tile t, Index sequence, Index other,
                   const AttentionShape& shape) {
  s.resize(static_cast<Eigen::Index>(t.rows), static_cast<Eigen::Index>(t.columns));
  product_nt(s.data(), t.columns, q, k, t.rows, t.columns, shape.width, shape.scale(), false);
  if (shape.rule.cap > 0) {
    s = (s.array() / shape.rule.cap).tanh();
    if (slope != nullptr) *slope = 1.0F - s.array().square();
    s *= shape.rule.cap;
  }
  const auto unsee = [&](Index r, Index begin, Index end) {
    for (Index c = begin; c < end; ++c)
      s(static_cast<Eigen::Index>(r), static_cast<Eigen::Index>(c)) = -std::numeric_limits<float>::infinity();
  };
  for (Index r = 0; r < t.rows && sequence == other; ++r) {
    const Index seen = shape.visible(sequence, t.i + r);
    unsee(r, seen > t.j ? std::min(seen - t.j, t.columns) : 0, t.columns);
  }
  for (Index r = 0; r < t.rows && shape.rule.window > 0; ++r)
    if (const Index hidden = shape.hidden(sequence, t.i + r, other); hidden > t.j)
      unsee(r, 0, std::min(hidden - t.j, t.columns));
}

/// p ← exp(p − shift), row by row: Eigen computes exponentials in SIMD lanes only along contiguous rows.
inline void exponentials(Matrix& p, const Eigen::ArrayXf& shift) {
  for (Eigen::Index r = 0; r < p.rows(); ++r) p.row(r) = (p.row(r).array() - shift(r)).exp();
}

/// Calls body(head, tile row start, rows) for the query tiles of one key/value head.
template <class Body>
void each_query_tile(const AttentionShape& shape, Index sequence, Index group, const Body& body) {
  const Index per_group = shape.heads / shape.groups, count = shape.query_count(sequence);
  for (Index h = group * per_group; h < (group + 1) * per_group; ++h)
    for (Index i = 0; i < count; i += tile) body(h, i, std::min(tile, count - i));
}

/// Calls body(other sequence, tile, row of its first key) for the tiles of keys that queries [i, i+rows) see.
template <class Body>
void each_key_tile(const AttentionShape& shape, Index sequence, Index i, Index rows, const Body& body) {
  shape.each_seen(sequence, [&](Index other) {
    const Index seen = other == sequence ? shape.visible(sequence, i + rows - 1) : shape.key_count(other);
    for (Index j = shape.hidden(sequence, i, other) / tile * tile; j < seen; j += tile)
      body(other, Tile{i, j, rows, std::min(tile, seen - j)}, shape.key_begin(other) + j);
  });
}
}  // namespace eigen

GRAFT_KERNEL_INLINE void attention(float* y, float* l, const float* q, const float* k, const float* v,
                                   AttentionShape shape, eigen_cpu) {
  using namespace eigen;
  const Index qs = shape.heads * shape.width, ks = shape.groups * shape.width, d = shape.width;
  parallel_for(shape.sequences * shape.groups, true, [=](Index task) {
    const Index s = task / shape.groups, group = task % shape.groups;
    static thread_local Matrix p, o;
    static thread_local Eigen::ArrayXf largest, sum, correction, peak;
    each_query_tile(shape, s, group, [&](Index h, Index i, Index rows) {
      const Index row = shape.query_begin(s) + i;
      const auto n = static_cast<Eigen::Index>(rows);
      // not −∞: a window may leave a row nothing in its first tile
      largest.setConstant(n, std::numeric_limits<float>::lowest() / 2);
      sum.setZero(n);
      o.setZero(n, static_cast<Eigen::Index>(d));
      each_key_tile(shape, s, i, rows, [&](Index other, Tile t, Index key) {
        scores(p, nullptr, {q + row * qs + h * d, qs}, {k + key * ks + group * d, ks}, t, s, other, shape);
        peak = p.rowwise().maxCoeff().array().max(largest);
        correction = (largest - peak).exp();
        largest = peak;
        exponentials(p, peak);
        sum = sum * correction + p.array().rowwise().sum();
        o.array().colwise() *= correction;
        product_nn(o.data(), d, {p.data(), t.columns}, {v + key * ks + group * d, ks}, rows, d, t.columns, 1.0F, true);
      });
      write(y + row * qs + h * d, rows, d, qs) = o.array().colwise() / sum;
      for (Index r = 0; r < rows; ++r)
        l[(row + r) * shape.heads + h] =
            largest(static_cast<Eigen::Index>(r)) + std::log(sum(static_cast<Eigen::Index>(r)));
    });
  });
}

GRAFT_KERNEL_INLINE void attention_inputs(AttentionGradients<float> to, const float* dy, const float* y, const float* l,
                                          const float* q, const float* k, const float* v, AttentionShape shape,
                                          eigen_cpu) {
  using namespace eigen;
  const Index qs = shape.heads * shape.width, ks = shape.groups * shape.width, d = shape.width;
  const auto cleared = [](float* out, Index n, bool accumulate) {
    if (out != nullptr && !accumulate) std::fill_n(out, n, 0.0F);
    return out;
  };
  float *const dq = cleared(to.dq, shape.query_rows() * qs, to.accumulate_q),
               *const dk = cleared(to.dk, shape.key_rows() * ks, to.accumulate_k),
               *const dv = cleared(to.dv, shape.key_rows() * ks, to.accumulate_v);
  // Sequences that share keys add to the same gradients: then one thread takes all of a key/value head.
  const Index together = shape.prefixes == nullptr ? 1 : shape.sequences;
  parallel_for(shape.sequences / together * shape.groups, true, [=](Index task) {
    static thread_local Matrix p, ds, slope;
    static thread_local Eigen::ArrayXf delta, log_sum;
    const Index group = task % shape.groups;
    for (Index s = task / shape.groups * together; s < (task / shape.groups + 1) * together; ++s)
      each_query_tile(shape, s, group, [&](Index h, Index i, Index rows) {
        const Index row = shape.query_begin(s) + i, at = row * qs + h * d;
        const auto n = static_cast<Eigen::Index>(rows);
        const Rows query{q + at, qs}, upper{dy + at, qs};
        delta = (read(dy + at, rows, d, qs).array() * read(y + at, rows, d, qs).array()).rowwise().sum();
        log_sum.resize(n);
        for (Index r = 0; r < rows; ++r) log_sum(static_cast<Eigen::Index>(r)) = l[(row + r) * shape.heads + h];
        each_key_tile(shape, s, i, rows, [&](Index other, Tile t, Index first_key) {
          const Index from = first_key * ks + group * d;
          const Rows key{k + from, ks};
          scores(p, &slope, query, key, t, s, other, shape);
          ds.resize(n, static_cast<Eigen::Index>(t.columns));
          exponentials(p, log_sum);
          if (dv != nullptr) product_tn(dv + from, ks, {p.data(), t.columns}, upper, t.columns, d, rows, 1.0F, true);
          product_nt(ds.data(), t.columns, upper, {v + from, ks}, rows, t.columns, d, 1.0F, false);
          ds = p.array() * (ds.array().colwise() - delta) * shape.scale();
          if (shape.rule.cap > 0) ds.array() *= slope.array();
          if (dq != nullptr) product_nn(dq + at, qs, {ds.data(), t.columns}, key, rows, d, t.columns, 1.0F, true);
          if (dk != nullptr) product_tn(dk + from, ks, {ds.data(), t.columns}, query, t.columns, d, rows, 1.0F, true);
        });
      });
  });
}
#endif

}  // namespace graft::backend
