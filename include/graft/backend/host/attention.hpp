/// \file
/// Grouped-query attention over packed sequences, one score row at a time: no T×T matrix exists.
#pragma once

#include <graft/backend/host/reference.hpp>
#include <graft/backend/kernels/attention.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <vector>

namespace graft::backend {

/// Calls body(query row, its head, key/value head, rows of the keys it sees) for every query and head.
template <class Body>
void each_query(const AttentionShape& shape, const Body& body) {
  std::vector<Index> seen;
  for (Index s = 0; s < shape.sequences; ++s)
    for (Index i = 0; i < shape.query_count(s); ++i) {
      seen.clear();
      shape.each_seen(s, [&](Index other) {
        const Index count = other == s ? shape.visible(s, i) : shape.key_count(other);
        for (Index j = shape.hidden(s, i, other); j < count; ++j) seen.push_back(shape.key_begin(other) + j);
      });
      for (Index h = 0; h < shape.heads; ++h) body(shape.query_begin(s) + i, h, h * shape.groups / shape.heads, seen);
    }
}

/// A score, capped where the rule says so, and how it changes with what it was.
inline std::array<float, 2> capped(float score, const AttentionRule& rule) {
  if (rule.cap == 0) return {score, 1.0F};
  const float share = std::tanh(score / rule.cap);
  return {rule.cap * share, 1.0F - share * share};
}

/// y(T,H,D) = softmax(q kᵀ / √D) v per head, head h reading key/value head h·G/H.
/// Saves l(T,H) = log sum exp of the scores.
template <class E>
void attention(E* y, float* l, const E* q, const E* k, const E* v, AttentionShape shape, reference) {
  const Index heads = shape.heads, groups = shape.groups, width = shape.width;
  std::vector<float> scores, out(width);
  each_query(shape, [&](Index row, Index h, Index group, const std::vector<Index>& seen) {
    const Index query = (row * heads + h) * width;
    scores.assign(seen.size(), 0.0F);
    float largest = -std::numeric_limits<float>::infinity(), sum = 0;
    for (Index j = 0; j < seen.size(); ++j) {
      for (Index d = 0; d < width; ++d) scores[j] += at(q, query + d) * at(k, (seen[j] * groups + group) * width + d);
      scores[j] = capped(scores[j] * shape.scale(), shape.rule)[0];
      largest = std::max(largest, scores[j]);
    }
    for (float& score : scores) sum += score = std::exp(score - largest);
    l[row * heads + h] = largest + std::log(sum);
    std::fill(out.begin(), out.end(), 0.0F);
    for (Index j = 0; j < seen.size(); ++j)
      for (Index d = 0; d < width; ++d) out[d] += scores[j] / sum * at(v, (seen[j] * groups + group) * width + d);
    for (Index d = 0; d < width; ++d) y[query + d] = E(out[d]);
  });
}

/// With p = exp(q kᵀ/√D − l):  dv (+)= pᵀ dy;  ds = p (dy vᵀ − rowsum(dy y));  dq (+)= ds k/√D;  dk (+)= dsᵀ q/√D.
/// (Dao et al. 2022, appendix B.2)
template <class E>
void attention_inputs(AttentionGradients<E> to, const E* dy, const E* y, const float* l, const E* q, const E* k,
                      const E* v, AttentionShape shape, reference) {
  const Index heads = shape.heads, groups = shape.groups, width = shape.width;
  const Index query_size = shape.query_rows() * heads * width, key_size = shape.key_rows() * groups * width;
  std::vector<float> dq(query_size), dk(key_size), dv(key_size);
  each_query(shape, [&](Index row, Index h, Index group, const std::vector<Index>& seen) {
    const Index query = (row * heads + h) * width;
    float delta = 0;
    for (Index d = 0; d < width; ++d) delta += at(dy, query + d) * at(y, query + d);
    for (const Index j : seen) {
      const Index key = (j * groups + group) * width;
      float score = 0, dp = 0;
      for (Index d = 0; d < width; ++d) {
        score += at(q, query + d) * at(k, key + d);
        dp += at(dy, query + d) * at(v, key + d);
      }
      const auto [kept, slope] = capped(score * shape.scale(), shape.rule);
      const float p = std::exp(kept - l[row * heads + h]);
      const float ds = p * (dp - delta) * slope * shape.scale();
      for (Index d = 0; d < width; ++d) {
        dv[key + d] += p * at(dy, query + d);
        dq[query + d] += ds * at(k, key + d);
        dk[key + d] += ds * at(q, query + d);
      }
    }
  });
  const auto store = [](E* out, const std::vector<float>& from, bool accumulate) {
    for (Index i = 0; out != nullptr && i < from.size(); ++i) put(out[i], from[i], accumulate);
  };
  store(to.dq, dq, to.accumulate_q);
  store(to.dk, dk, to.accumulate_k);
  store(to.dv, dv, to.accumulate_v);
}

}  // namespace graft::backend
