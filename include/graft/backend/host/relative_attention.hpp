/// \file
/// Attention with a bias for how far a key is from the query, one score row at a time: heads on all threads.
#pragma once

#include <graft/backend/host/reference.hpp>
#include <graft/backend/kernels/attention.hpp>

#include <algorithm>
#include <cmath>
#include <limits>

namespace graft::backend {

/// Calls body(query row, seen, bucket) for every query: seen(j) is the row of the j-th of `count` keys it sees,
/// bucket(j) that of its distance.
template <class Body>
void each_relative_query(const AttentionShape& shape, RelativeBuckets buckets, Index* rows, const Body& body) {
  for (Index s = 0; s < shape.sequences; ++s) {
    Index before = 0;
    shape.each_seen(s, [&](Index other) {
      for (Index j = 0; other != s && j < shape.key_count(other); ++j) rows[before++] = shape.key_begin(other) + j;
    });
    for (Index j = 0; j < shape.key_count(s); ++j) rows[before + j] = shape.key_begin(s) + j;
    for (Index i = 0; i < shape.query_count(s); ++i) {
      const Index place = before + shape.key_count(s) - shape.query_count(s) + i - buckets.unnumbered;
      body(shape.query_begin(s) + i, before + shape.visible(s, i), [&](Index j) { return buckets(place, j); });
    }
  }
}

/// y(T,H,D) = softmax(q kᵀ + bias[bucket]) v per head. Saves l(T,H) = log sum exp of the scores.
template <class E>
void relative_attention(E* y, float* l, const E* q, const E* k, const E* v, const float* bias, RelativeBuckets buckets,
                        AttentionShape shape, reference) {
  const Index heads = shape.heads, width = shape.width;
  parallel_for(heads, true, [=](Index h) {
    const Index most = shape.most_seen();
    Index* const rows = scratch<struct SeenRows, Index>(most);
    float* const scores = scratch<struct RelativeScores, float>(most + width);
    float* const out = scores + most;
    each_relative_query(shape, buckets, rows, [=](Index row, Index count, const auto& bucket) {
      const Index query = (row * heads + h) * width;
      float largest = -std::numeric_limits<float>::infinity(), sum = 0;
      for (Index j = 0; j < count; ++j) {
        float score = bias[bucket(j) * heads + h];
        for (Index d = 0; d < width; ++d) score += at(q, query + d) * at(k, (rows[j] * heads + h) * width + d);
        largest = std::max(largest, scores[j] = score);
      }
      for (Index j = 0; j < count; ++j) sum += scores[j] = std::exp(scores[j] - largest);
      l[row * heads + h] = largest + std::log(sum);
      std::fill_n(out, width, 0.0F);
      for (Index j = 0; j < count; ++j)
        for (Index d = 0; d < width; ++d) out[d] += scores[j] / sum * at(v, (rows[j] * heads + h) * width + d);
      for (Index d = 0; d < width; ++d) y[query + d] = E(out[d]);
    });
  });
}

/// With p = exp(q kᵀ + bias − l):  dv (+)= pᵀ dy;  ds = p (dy vᵀ − rowsum(dy y));  dq (+)= ds k;  dk (+)= dsᵀ q;
///     dbias += ds, where it is not null.
template <class E>
void relative_attention_inputs(AttentionGradients<E> to, float* dbias, const E* dy, const E* y, const float* l,
                               const E* q, const E* k, const E* v, const float* bias, RelativeBuckets buckets,
                               AttentionShape shape, reference) {
  const Index heads = shape.heads, width = shape.width, query_size = shape.query_rows() * width,
              key_size = shape.key_rows() * width;
  parallel_for(heads, true, [=](Index h) {
    Index* const rows = scratch<struct SeenRows, Index>(shape.key_rows());
    float* const dq = scratch<struct HeadGradients, float>(query_size + 2 * key_size);
    float *const dk = dq + query_size, *const dv = dk + key_size;
    std::fill_n(dq, query_size + 2 * key_size, 0.0F);
    each_relative_query(shape, buckets, rows, [=](Index row, Index count, const auto& bucket) {
      const Index query = (row * heads + h) * width;
      float delta = 0;
      for (Index d = 0; d < width; ++d) delta += at(dy, query + d) * at(y, query + d);
      for (Index j = 0; j < count; ++j) {
        const Index key = (rows[j] * heads + h) * width, number = bucket(j) * heads + h;
        float score = bias[number], dp = 0;
        for (Index d = 0; d < width; ++d) {
          score += at(q, query + d) * at(k, key + d);
          dp += at(dy, query + d) * at(v, key + d);
        }
        const float p = std::exp(score - l[row * heads + h]), ds = p * (dp - delta);
        if (dbias != nullptr) dbias[number] += ds;
        for (Index d = 0; d < width; ++d) {
          dv[rows[j] * width + d] += p * at(dy, query + d);
          dq[row * width + d] += ds * at(k, key + d);
          dk[rows[j] * width + d] += ds * at(q, query + d);
        }
      }
    });
    const auto store = [=](E* out, const float* from, Index count, bool accumulate) {
      for (Index t = 0; out != nullptr && t < count; ++t)
        for (Index d = 0; d < width; ++d) put(out[(t * heads + h) * width + d], from[t * width + d], accumulate);
    };
    store(to.dq, dq, shape.query_rows(), to.accumulate_q);
    store(to.dk, dk, shape.key_rows(), to.accumulate_k);
    store(to.dv, dv, shape.key_rows(), to.accumulate_v);
  });
}

}  // namespace graft::backend
