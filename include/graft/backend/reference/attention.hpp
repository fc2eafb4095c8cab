/// \file
/// Grouped-query attention over packed sequences, one score row at a time: no T×T matrix exists.
#pragma once

#include <graft/backend/attention_shape.hpp>
#include <graft/backend/reference/reference.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <vector>

namespace graft::backend {

/// y(T,H,D) = softmax(q kᵀ / √D) v per head, head h reading key/value head h·G/H.
/// Saves l(T,H) = log sum exp of the scores.
inline void attention(float* y, float* l, const float* q, const float* k, const float* v, AttentionShape shape, reference) {
  const auto [heads, groups, width] = std::array{shape.heads, shape.groups, shape.width};
  std::vector<float> scores;
  for (Index s = 0; s < shape.sequences; ++s)
    for (Index i = 0; i < shape.query_count(s); ++i)
      for (Index h = 0; h < heads; ++h) {
        const Index row = shape.query_begin(s) + i, group = h * groups / heads, seen = shape.visible(s, i);
        const float* const query = q + (row * heads + h) * width;
        const auto key_row = [&](const float* x, Index j) { return x + ((shape.key_begin(s) + j) * groups + group) * width; };
        scores.assign(seen, 0.0F);
        float largest = -std::numeric_limits<float>::infinity(), sum = 0;
        for (Index j = 0; j < seen; ++j) {
          for (Index d = 0; d < width; ++d) scores[j] += query[d] * key_row(k, j)[d];
          scores[j] *= shape.scale();
          largest = std::max(largest, scores[j]);
        }
        for (float& score : scores) sum += score = std::exp(score - largest);
        l[row * heads + h] = largest + std::log(sum);
        float* const out = y + (row * heads + h) * width;
        std::fill_n(out, width, 0.0F);
        for (Index j = 0; j < seen; ++j)
          for (Index d = 0; d < width; ++d) out[d] += scores[j] / sum * key_row(v, j)[d];
      }
}

/// With p = exp(q kᵀ/√D − l):  dv += pᵀ dy;  ds = p (dy vᵀ − rowsum(dy y));  dq += ds k/√D;  dk += dsᵀ q/√D.
/// A null dq, dk or dv is not computed. (Dao et al. 2022, appendix B.2)
inline void attention_inputs(float* dq, float* dk, float* dv, const float* dy, const float* y, const float* l, const float* q, const float* k, const float* v, AttentionShape shape, reference) {
  const auto [heads, groups, width] = std::array{shape.heads, shape.groups, shape.width};
  for (Index s = 0; s < shape.sequences; ++s)
    for (Index i = 0; i < shape.query_count(s); ++i)
      for (Index h = 0; h < heads; ++h) {
        const Index row = shape.query_begin(s) + i, group = h * groups / heads, at = (row * heads + h) * width;
        float delta = 0;
        for (Index d = 0; d < width; ++d) delta += dy[at + d] * y[at + d];
        for (Index j = 0; j < shape.visible(s, i); ++j) {
          const Index other = ((shape.key_begin(s) + j) * groups + group) * width;
          float score = 0, dp = 0;
          for (Index d = 0; d < width; ++d) {
            score += q[at + d] * k[other + d];
            dp += dy[at + d] * v[other + d];
          }
          const float p = std::exp(score * shape.scale() - l[row * heads + h]);
          const float ds = p * (dp - delta) * shape.scale();
          for (Index d = 0; d < width; ++d) {
            if (dv != nullptr) dv[other + d] += p * dy[at + d];
            if (dq != nullptr) dq[at + d] += ds * k[other + d];
            if (dk != nullptr) dk[other + d] += ds * q[at + d];
          }
        }
      }
}

}  // namespace graft::backend
