/// \file
/// Attention in bfloat16 (Dao et al. 2022, Dao 2023). Forwards, 32 queries at a time meet their keys in chunks, the
/// softmax kept running. Backwards, scores are computed transposed, keys by queries: then rows of keys and values, and
/// of pᵀ and dsᵀ, are operands of products as they lie. Equations: backend/host/attention.hpp.
#pragma once

#include <graft/backend/eigen/attention.hpp>
#include <graft/backend/xsimd/head_rows.hpp>
#include <graft/backend/xsimd/tag.hpp>

#include <array>
#include <cmath>
#include <limits>
#include <span>

namespace graft::backend {

void attention(Bfloat16* y, float* l, const Bfloat16* q, const Bfloat16* k, const Bfloat16* v, AttentionShape shape,
               xsimd_cpu);
void attention_inputs(AttentionGradients<Bfloat16> to, const Bfloat16* dy, const Bfloat16* y, const float* l,
                      const Bfloat16* q, const Bfloat16* k, const Bfloat16* v, AttentionShape shape, xsimd_cpu);

#if defined(GRAFT_KERNEL_INLINE)
namespace bf16 {

/// Tasks of one kind: every (sequence, first row of a chunk of its rows).
template <class Use, class Count>
std::span<const std::array<Index, 2>> chunk_tasks(Index sequences, const Count& count) {
  Index all = 0;
  for (Index s = 0; s < sequences; ++s) all += (count(s) + chunk - 1) / chunk;
  auto* const tasks = scratch<Use, std::array<Index, 2>>(all);
  Index next = 0;
  for (Index s = 0; s < sequences; ++s)
    for (Index i = 0; i < count(s); i += chunk) tasks[next++] = {s, i};
  return {tasks, all};
}

/// The chunk of queries that a forward task has, and the panels of all keys and values that any of them sees.
struct SeenPanels {
  Index sequence, begin, count;
  const Word *keys, *values;
};

/// Up to 32 queries of one head, from `i` on, against what they see.
inline void attend(Tiles& tiles, Bfloat16* y, Index y_stride, float* l, Index l_stride, Operand q, Index i, Index rows,
                   const AttentionShape& shape, SeenPanels panels_of) {
  const Index width = shape.width, wide = panels(width) * panel;
  alignas(64) static thread_local float scores[query_tile * chunk];
  alignas(64) static thread_local Bfloat16 p[query_tile * chunk];
  float* const o = scratch<struct Outputs, float>(query_tile * wide);
  alignas(64) float largest[query_tile], sum[query_tile], correction[query_tile];
  std::fill_n(largest, query_tile, -std::numeric_limits<float>::infinity());
  std::fill_n(sum, query_tile, 0.0F);
  const float scale = shape.scale();
  const Index s = panels_of.sequence;
  bool more = false;
  each_key_chunk(shape, s, panels_of.begin, panels_of.count, [&](Index other, Index j, Index there) {
    const Word *const keys = panels_of.keys, *const values = panels_of.values;
    panels_of.keys += panels(there) * panel_words(width);
    panels_of.values += panels(width) * panel_words(there);
    const auto seen = [&](Index r) {
      const Index visible = other == s ? shape.visible(s, i + r) : shape.key_count(other);
      return visible > j ? std::min(there, visible - j) : 0;
    };
    const Index count = seen(rows - 1);
    if (count == 0) return;
    const Factor product{q.rows, q.stride, keys, width, panel_words(width)};
    block(tiles, scores, chunk, &product, 1, 0, rows, panels(count));
    for (Index r = 0; r < rows; ++r) {
      float* const row = scores + r * chunk;
      const Index n = seen(r), filled = rounded(n, simd::width);
      for (Index c = n; c < filled; ++c) row[c] = -std::numeric_limits<float>::infinity();
      simd::Lanes most(-std::numeric_limits<float>::infinity());
      for (Index c = 0; c < filled; c += simd::width) most = xsimd::max(most, simd::load(row + c));
      correction[r] = largest[r];
      largest[r] = std::max(largest[r], simd::largest(most) * scale);
    }
    for (Index r = 0; r < query_tile; r += simd::width)
      simd::store(correction + r, simd::exp(simd::load(correction + r) - simd::load(largest + r)));
    for (Index r = 0; r < rows; ++r) {
      const Index filled = rounded(seen(r), simd::width);
      const simd::Lanes factor(scale), shift(-largest[r]);
      simd::Lanes total(0.0F);
      for (Index c = 0; c < filled; c += simd::width) {
        const auto e = simd::exp(xsimd::fma(simd::load(scores + r * chunk + c), factor, shift));
        total += e;
        simd::store(p + r * chunk + c, e);
      }
      std::fill(p + r * chunk + filled, p + r * chunk + depth(count), Bfloat16());
      sum[r] = sum[r] * correction[r] + simd::sum(total);
      if (more && correction[r] != 1.0F)
        for (Index c = 0; c < wide; c += simd::width)
          simd::store(o + r * wide + c, simd::load(o + r * wide + c) * simd::Lanes(correction[r]));
    }
    const Factor weighted{p, chunk, values, count, panel_words(there)};
    block(tiles, o, wide, &weighted, 1, 0, rows, panels(width), std::exchange(more, true));
  });
  for (Index r = 0; r < rows; ++r) {
    const simd::Lanes inverse(1.0F / sum[r]);
    simd::each(0, width, [&](Index c, auto... left) {
      simd::store(y + r * y_stride + c, simd::load(o + r * wide + c) * inverse, left...);
    });
    l[r * l_stride] = largest[r] + std::log(sum[r]);
  }
}

/// A few queries, as decoding has them: keys and values are read once, as they lie, for all heads that share them.
inline void attend_directly(Bfloat16* y, float* l, HeadRows q, HeadRows k, HeadRows v, const AttentionShape& shape,
                            Index s, Index i, Index group) {
  const Index width = shape.width, per_group = shape.heads / shape.groups, row = shape.query_begin(s) + i;
  Index all = 0;
  shape.each_seen(s, [&](Index other) { all += other == s ? shape.visible(s, i) : shape.key_count(other); });
  const Index room = rounded(all, simd::width);
  float* const scores = scratch<struct DirectScores, float>(per_group * room);
  float* const out = scratch<struct DirectOutputs, float>(per_group * width);
  std::fill_n(out, per_group * width, 0.0F);
  const auto each_key = [&](const auto& body) {
    Index j = 0;
    shape.each_seen(s, [&](Index other) {
      const Index count = other == s ? shape.visible(s, i) : shape.key_count(other);
      for (Index n = 0; n < count; ++n) body(j++, shape.key_begin(other) + n);
    });
  };
  each_key([&](Index j, Index key) {
    const auto* const words = reinterpret_cast<const Word*>(k.at(key, group));
    for (Index h = 0; h < per_group; ++h) {
      const auto* const query = reinterpret_cast<const Word*>(q.at(row, group * per_group + h));
      simd::Lanes sum(0.0F);
      for (Index c = 0; c < width / 2; c += simd::width)
        sum = simd::dot(sum, simd::load_words(words + c), simd::load_words(query + c));
      scores[h * room + j] = shape.scale() * simd::sum(sum);
    }
  });
  for (Index h = 0; h < per_group; ++h) {
    float* const p = scores + h * room;
    std::fill(p + all, p + room, -std::numeric_limits<float>::infinity());
    simd::Lanes most(-std::numeric_limits<float>::infinity()), total(0.0F);
    for (Index j = 0; j < room; j += simd::width) most = xsimd::max(most, simd::load(p + j));
    const float peak = simd::largest(most);
    for (Index j = 0; j < room; j += simd::width) {
      const auto e = simd::exp(simd::load(p + j) - simd::Lanes(peak));
      total += e;
      simd::store(p + j, e);
    }
    const float sum = simd::sum(total);
    for (Index j = 0; j < room; j += simd::width) simd::store(p + j, simd::load(p + j) * simd::Lanes(1.0F / sum));
    l[row * shape.heads + group * per_group + h] = peak + std::log(sum);
  }
  each_key([&](Index j, Index key) {
    const Bfloat16* const value = v.at(key, group);
    for (Index c = 0; c < width; c += simd::width) {
      const auto x = simd::load(value + c);
      for (Index h = 0; h < per_group; ++h)
        simd::store(out + h * width + c,
                    xsimd::fma(simd::Lanes(scores[h * room + j]), x, simd::load(out + h * width + c)));
    }
  });
  for (Index h = 0; h < per_group; ++h)
    for (Index c = 0; c < width; c += simd::width)
      simd::store(y + row * q.stride + (group * per_group + h) * width + c, simd::load(out + h * width + c));
}

/// Backwards: everything that one thread needs for a chunk of queries of one head against a chunk of keys.
class AttentionStep {
 public:
  AttentionStep(const AttentionShape& shape, HeadRows q, HeadRows k, HeadRows v, HeadRows dy, HeadRows y,
                const float* l)
      : shape_(shape), q_(q), k_(k), v_(v), dy_(dy), y_(y), l_(l), wide_(panels(shape.width) * panel) {
    const Index across = panels(chunk) * panel_words(shape.width), along = panels(shape.width) * panel_words(chunk);
    Word* const words = scratch<struct StepPanels, Word>(2 * across + 3 * along);
    q_across_ = words, dy_across_ = words + across, q_along_ = words + 2 * across, dy_along_ = q_along_ + along,
    k_along_ = dy_along_ + along;
    Bfloat16* const elements = scratch<struct StepRows, Bfloat16>(3 * chunk * chunk + 2 * chunk * depth(shape.width));
    pt_ = elements, dst_ = elements + chunk * chunk, ds_ = dst_ + chunk * chunk, k_room_ = ds_ + chunk * chunk,
    v_room_ = k_room_ + chunk * depth(shape.width);
    scores_ = scratch<struct StepScores, float>(2 * query_tile * chunk + 2 * chunk);
    shares_ = scores_ + query_tile * chunk, log_sum_ = shares_ + query_tile * chunk, delta_ = log_sum_ + chunk;
  }

  [[nodiscard]] Index wide() const { return wide_; }

  /// Takes queries [i, i+count) of sequence s, head h.
  void queries(Index s, Index h, Index i, Index count, bool for_keys) {
    s_ = s, i_ = i, queries_ = count;
    const Index row = shape_.query_begin(s) + i;
    panels_across(q_across_, q_, row, h, count);
    panels_across(dy_across_, dy_, row, h, count);
    if (for_keys) {
      panels_along(q_along_, q_, row, h, count);
      panels_along(dy_along_, dy_, row, h, count);
    }
    for (Index r = 0; r < count; ++r) {
      const Bfloat16 *const up = dy_.at(row + r, h), *const out = y_.at(row + r, h);
      simd::Lanes dot(0.0F);
      simd::each(0, shape_.width, [&](Index c, auto... left) {
        dot = xsimd::fma(simd::load(up + c, left...), simd::load(out + c, left...), dot);
      });
      delta_[r] = simd::sum(dot);
      log_sum_[r] = l_[(row + r) * shape_.heads + h];
    }
    std::fill(delta_ + count, delta_ + chunk, 0.0F);
    std::fill(log_sum_ + count, log_sum_ + chunk, 0.0F);
  }

  /// Takes keys [j, j+count) of a sequence that the queries see.
  void keys(Index other, Index group, Index j, Index count, bool for_queries) {
    other_ = other, j_ = j, keys_ = count;
    const Index row = shape_.key_begin(other) + j;
    k_rows_ = k_.rows(k_room_, row, group, count);
    v_rows_ = v_.rows(v_room_, row, group, count);
    if (for_queries) panels_along(k_along_, k_, row, group, count);
  }

  /// dk(keys, wide) += dsᵀ q, dv += pᵀ dy, dq(queries, wide) += ds k, as floats; what is null is not computed.
  void run(Tiles& tiles, float* dq, float* dk, float* dv) {
    for (Index j = 0; j < keys_; j += query_tile) {
      const Index rows = std::min(query_tile, keys_ - j), from = first_query(j) / panel * panel;
      if (from >= queries_) continue;
      const Index width = panels(queries_ - from), across = from / panel * panel_words(shape_.width);
      const Factor score{k_rows_.rows + j * k_rows_.stride, k_rows_.stride, q_across_ + across, shape_.width,
                         panel_words(shape_.width)};
      const Factor share{v_rows_.rows + j * v_rows_.stride, v_rows_.stride, dy_across_ + across, shape_.width,
                         panel_words(shape_.width)};
      block(tiles, scores_ + from, chunk, &score, 1, 0, rows, width);
      block(tiles, shares_ + from, chunk, &share, 1, 0, rows, width);
      for (Index r = 0; r < rows; ++r) differentiate(r, j + r, from, from + width * panel);
      const auto along = [&](const Bfloat16* left, const Word* panels_of) {
        return Factor{left + j * chunk + from, chunk, panels_of + from / 2 * panel, queries_ - from,
                      panel_words(queries_)};
      };
      const Factor to_v = along(pt_, dy_along_), to_k = along(dst_, q_along_);
      if (dv != nullptr) block(tiles, dv + j * wide_, wide_, &to_v, 1, 0, rows, panels(shape_.width), true);
      if (dk != nullptr) block(tiles, dk + j * wide_, wide_, &to_k, 1, 0, rows, panels(shape_.width), true);
    }
    if (dq == nullptr) return;
    for (Index i = 0; i < queries_; i += query_tile) {
      // Keys that some of these queries see, by whole blocks: only for those has ds been computed.
      const Index rows = std::min(query_tile, queries_ - i),
                  seen = other_ == s_ ? shape_.visible(s_, i_ + i + rows - 1) : shape_.key_count(other_);
      const Index count = seen > j_ ? std::min(keys_, rounded(seen - j_, query_tile)) : 0;
      if (count == 0) continue;
      rows_of_columns(ds_ + i * chunk, chunk, dst_ + i, chunk, count, rows);
      const Factor to_q{ds_ + i * chunk, chunk, k_along_, count, panel_words(keys_)};
      block(tiles, dq + i * wide_, wide_, &to_q, 1, 0, rows, panels(shape_.width), true);
    }
  }

 private:
  /// The first of the queries that sees key j of the chunk.
  [[nodiscard]] Index first_query(Index j) const {
    if (other_ != s_ || !shape_.causal) return 0;
    // keys that the chunk's first query sees, less one
    const Index reach = shape_.key_count(s_) - shape_.query_count(s_) + i_;
    return j_ + j > reach ? j_ + j - reach : 0;
  }

  /// Row `key` of pᵀ = exp(kqᵀ/√D − l) and dsᵀ = pᵀ ∘ (v dyᵀ − δ)/√D, columns [from, to); unseen ones are zero.
  void differentiate(Index r, Index key, Index from, Index to) {
    const simd::Lanes scale(shape_.scale());
    const float *const s = scores_ + r * chunk, *const dp = shares_ + r * chunk;
    Bfloat16 *const p = pt_ + key * chunk, *const ds = dst_ + key * chunk;
    const Index first = first_query(key);
    for (Index c = from; c < to; c += simd::width) {
      const auto e = simd::exp(simd::load(s + c) * scale - simd::load(log_sum_ + c));
      simd::store(p + c, e);
      simd::store(ds + c, e * (simd::load(dp + c) - simd::load(delta_ + c)) * scale);
    }
    if (first > from) {
      std::fill(p + from, p + std::min(first, to), Bfloat16());
      std::fill(ds + from, ds + std::min(first, to), Bfloat16());
    }
    if (to > queries_) {
      std::fill(p + std::max(from, queries_), p + to, Bfloat16());
      std::fill(ds + std::max(from, queries_), ds + to, Bfloat16());
    }
  }

  const AttentionShape& shape_;
  HeadRows q_, k_, v_, dy_, y_;
  const float* l_;
  Index wide_, s_ = 0, i_ = 0, queries_ = 0, other_ = 0, j_ = 0, keys_ = 0;
  Word *q_across_, *dy_across_, *q_along_, *dy_along_, *k_along_;
  Bfloat16 *pt_, *dst_, *ds_, *k_room_, *v_room_;
  float *scores_, *shares_, *log_sum_, *delta_;
  Operand k_rows_{}, v_rows_{};
};

/// to(rows of one head) ← or +← from(rows, wide)
inline void store_head(Bfloat16* to, Index stride, const float* from, Index wide, Index rows, Index width,
                       bool accumulate) {
  for (Index r = 0; r < rows; ++r)
    simd::each(0, width, [&](Index c, auto... left) {
      simd::put(to + r * stride + c, simd::load(from + r * wide + c), accumulate, left...);
    });
}

/// The row behind the last key of any sequence.
inline Index key_end(const AttentionShape& shape) {
  Index end = 0;
  for (Index s = 0; s < shape.sequences; ++s) end = std::max(end, shape.key_begin(s) + shape.key_count(s));
  return end;
}
/// Whether the rule is more than tiles of bfloat16 know: then it is followed in floats (backend/eigen/attention.hpp).
inline bool in_floats(const AttentionShape& shape) { return shape.rule.cap > 0 || shape.hides(); }

template <class Use>
float* floats(const Bfloat16* from, Index n) {
  float* const to = scratch<Use, float>(n);
  for (Index i = 0; i < n; ++i) to[i] = static_cast<float>(from[i]);
  return to;
}
template <class Use>
float* room_like(const Bfloat16* wanted, Index n) {
  return wanted == nullptr ? nullptr : scratch<Use, float>(n);
}
inline void store_all(Bfloat16* to, const float* from, Index n, bool accumulate) {
  for (Index i = 0; to != nullptr && i < n; ++i) put(to[i], from[i], accumulate);
}

}  // namespace bf16

GRAFT_KERNEL_INLINE void attention(Bfloat16* y, float* l, const Bfloat16* q, const Bfloat16* k, const Bfloat16* v,
                                   AttentionShape shape, xsimd_cpu) {
  using namespace bf16;
  if (in_floats(shape)) {
    const Index of_queries = shape.query_rows() * shape.heads * shape.width,
                of_keys = key_end(shape) * shape.groups * shape.width;
    float* const out = scratch<struct FloatOutputs, float>(of_queries);
    attention(out, l, floats<struct FloatQueries>(q, of_queries), floats<struct FloatKeys>(k, of_keys),
              floats<struct FloatValues>(v, of_keys), shape, eigen_cpu{});
    return store_all(y, out, of_queries, false);
  }
  const HeadRows queries{q, shape.heads * shape.width, shape.width}, keys{k, shape.groups * shape.width, shape.width},
      values{v, keys.stride, shape.width};
  const auto tasks = chunk_tasks<struct ForwardTasks>(shape.sequences, [&](Index s) { return shape.query_count(s); });
  parallel_for(tasks.size() * shape.groups, true, [&](Index task) {
    const auto [s, begin] = tasks[task / shape.groups];
    const Index group = task % shape.groups, per_group = shape.heads / shape.groups,
                count = std::min(chunk, shape.query_count(s) - begin);
    if (shape.query_count(s) <= 4 && shape.width % (2 * simd::width) == 0) {
      for (Index i = 0; i < count; ++i) attend_directly(y, l, queries, keys, values, shape, s, i, group);
      return;
    }
    Index across = 0, along = 0;
    each_key_chunk(shape, s, begin, count, [&](Index, Index, Index n) {
      across += panels(n) * panel_words(shape.width);
      along += panels(shape.width) * panel_words(n);
    });
    SeenPanels seen{s, begin, count, scratch<struct Keys, Word>(across), scratch<struct Values, Word>(along)};
    Word *key_end = scratch<struct Keys, Word>(across), *value_end = scratch<struct Values, Word>(along);
    each_key_chunk(shape, s, begin, count, [&](Index other, Index j, Index n) {
      panels_across(key_end, keys, shape.key_begin(other) + j, group, n);
      panels_along(value_end, values, shape.key_begin(other) + j, group, n);
      key_end += panels(n) * panel_words(shape.width);
      value_end += panels(shape.width) * panel_words(n);
    });
    Tiles tiles;
    for (Index h = group * per_group; h < (group + 1) * per_group; ++h)
      for (Index i = begin; i < begin + count; i += query_tile) {
        const Index rows = std::min(query_tile, begin + count - i), row = shape.query_begin(s) + i;
        const Operand tile =
            queries.rows(scratch<struct Queries, Bfloat16>(query_tile * depth(shape.width)), row, h, rows);
        attend(tiles, y + row * queries.stride + h * shape.width, queries.stride, l + row * shape.heads + h,
               shape.heads, tile, i, rows, shape, seen);
      }
  });
}

GRAFT_KERNEL_INLINE void attention_inputs(AttentionGradients<Bfloat16> to, const Bfloat16* dy, const Bfloat16* y,
                                          const float* l, const Bfloat16* q, const Bfloat16* k, const Bfloat16* v,
                                          AttentionShape shape, xsimd_cpu) {
  using namespace bf16;
  const Index width = shape.width, q_stride = shape.heads * width, k_stride = shape.groups * width,
              per_group = shape.heads / shape.groups, wide = panels(width) * panel;
  if (in_floats(shape) || shape.key_ends != nullptr) {  // padding has no gradient at its keys
    const Index of_queries = shape.query_rows() * q_stride, of_keys = shape.key_rows() * k_stride;
    const AttentionGradients<float> made{room_like<struct FloatQueryGradients>(to.dq, of_queries),
                                         room_like<struct FloatKeyGradients>(to.dk, of_keys),
                                         room_like<struct FloatValueGradients>(to.dv, of_keys),
                                         false,
                                         false,
                                         false};
    attention_inputs(made, floats<struct FloatUpper>(dy, of_queries), floats<struct FloatOutputs>(y, of_queries), l,
                     floats<struct FloatQueries>(q, of_queries), floats<struct FloatKeys>(k, of_keys),
                     floats<struct FloatValues>(v, of_keys), shape, eigen_cpu{});
    store_all(to.dq, made.dq, of_queries, to.accumulate_q);
    store_all(to.dk, made.dk, of_keys, to.accumulate_k);
    return store_all(to.dv, made.dv, of_keys, to.accumulate_v);
  }
  const HeadRows queries{q, q_stride, width}, keys{k, k_stride, width}, values{v, k_stride, width},
      upper{dy, q_stride, width}, output{y, q_stride, width};
  const bool for_keys = to.dk != nullptr || to.dv != nullptr;
  const auto store_keys = [=](Index row, Index group, Index count, const float* dk, const float* dv) {
    if (to.dk != nullptr)
      store_head(to.dk + row * k_stride + group * width, k_stride, dk, wide, count, width, to.accumulate_k);
    if (to.dv != nullptr)
      store_head(to.dv + row * k_stride + group * width, k_stride, dv, wide, count, width, to.accumulate_v);
  };
  const auto store_queries = [=](Index row, Index h, Index count, const float* dq) {
    store_head(to.dq + row * q_stride + h * width, q_stride, dq, wide, count, width, to.accumulate_q);
  };

  Index longest = 0;
  for (Index s = 0; s < shape.sequences; ++s) longest = std::max(longest, shape.key_count(s));
  if (shape.prefixes == nullptr && longest <= 8 * chunk && shape.sequences * shape.groups >= thread_count()) {
    // Enough sequences for all threads: one thread computes all that belongs to a sequence and a key/value head, the
    // scores once.
    parallel_for(shape.sequences * shape.groups, true, [&](Index task) {
      const Index s = task / shape.groups, group = task % shape.groups, all = shape.key_count(s);
      float *const dk = scratch<struct KeySums, float>(2 * all * wide), *const dv = dk + all * wide,
                   *const dq = scratch<struct QuerySums, float>(chunk * wide);
      std::fill_n(dk, 2 * all * wide, 0.0F);
      AttentionStep work(shape, queries, keys, values, upper, output, l);
      Tiles tiles;
      for (Index i = 0; i < shape.query_count(s); i += chunk)
        for (Index h = group * per_group; h < (group + 1) * per_group; ++h) {
          const Index count = std::min(chunk, shape.query_count(s) - i);
          work.queries(s, h, i, count, for_keys);
          std::fill_n(dq, count * wide, 0.0F);
          each_key_chunk(shape, s, i, count, [&](Index, Index j, Index n) {
            work.keys(s, group, j, n, to.dq != nullptr);
            work.run(tiles, to.dq != nullptr ? dq : nullptr, to.dk != nullptr ? dk + j * wide : nullptr,
                     to.dv != nullptr ? dv + j * wide : nullptr);
          });
          if (to.dq != nullptr) store_queries(shape.query_begin(s) + i, h, count, dq);
        }
      store_keys(shape.key_begin(s), group, all, dk, dv);
    });
    return;
  }
  // Otherwise chunks of queries, then chunks of keys, are tasks: the same sums in the same order, the scores twice.
  const auto of_queries = chunk_tasks<struct QueryTasks>(to.dq != nullptr ? shape.sequences : 0,
                                                         [&](Index s) { return shape.query_count(s); });
  const auto of_keys =
      chunk_tasks<struct KeyTasks>(for_keys ? shape.sequences : 0, [&](Index s) { return shape.key_count(s); });
  const Index first = of_queries.size() * shape.groups;
  parallel_for(first + of_keys.size() * shape.groups, true, [&](Index task) {
    AttentionStep work(shape, queries, keys, values, upper, output, l);
    Tiles tiles;
    const Index group = task % shape.groups;
    if (task < first) {
      const auto [s, i] = of_queries[task / shape.groups];
      const Index count = std::min(chunk, shape.query_count(s) - i);
      float* const dq = scratch<struct QuerySums, float>(chunk * wide);
      for (Index h = group * per_group; h < (group + 1) * per_group; ++h) {
        work.queries(s, h, i, count, false);
        std::fill_n(dq, count * wide, 0.0F);
        each_key_chunk(shape, s, i, count, [&](Index other, Index j, Index n) {
          work.keys(other, group, j, n, true);
          work.run(tiles, dq, nullptr, nullptr);
        });
        store_queries(shape.query_begin(s) + i, h, count, dq);
      }
    } else {
      const auto [other, j] = of_keys[(task - first) / shape.groups];
      const Index n = std::min(chunk, shape.key_count(other) - j);
      float *const dk = scratch<struct KeySums, float>(2 * chunk * wide), *const dv = dk + chunk * wide;
      std::fill_n(dk, 2 * chunk * wide, 0.0F);
      for (Index s = other; s < shape.sequences; ++s) {
        if (!shape.sees(s, other)) continue;
        for (Index i = 0; i < shape.query_count(s); i += chunk) {
          const Index count = std::min(chunk, shape.query_count(s) - i);
          if (s == other && shape.visible(s, i + count - 1) <= j) continue;
          for (Index h = group * per_group; h < (group + 1) * per_group; ++h) {
            work.queries(s, h, i, count, true);
            work.keys(other, group, j, n, false);
            work.run(tiles, nullptr, to.dk != nullptr ? dk : nullptr, to.dv != nullptr ? dv : nullptr);
          }
        }
      }
      store_keys(shape.key_begin(other) + j, group, n, dk, dv);
    }
  });
}
#endif

}  // namespace graft::backend
