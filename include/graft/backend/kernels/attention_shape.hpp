/// \file
/// What attention kernels need to know of the sequences in a batch.
#pragma once

#include <graft/core/types.hpp>

#include <algorithm>
#include <cmath>

namespace graft {

/// How a family's attention differs from softmax(q kᵀ/√D) v over all that stands before.
struct AttentionRule {
  float scale = 0;   ///< of scores; 0: 1/√D
  float cap = 0;     ///< scores s become cap · tanh(s/cap); 0: they stay  (Gemma 2: Riviere et al. 2024)
  Index window = 0;  ///< the last keys that a query sees, its own among them; 0: all  (Beltagy et al. 2020)
};

}  // namespace graft

namespace graft::backend {

/// Sequence s owns query rows [queries[s], queries[s+1]) and key rows [keys[s], keys[s+1]), or [keys[s], key_ends[s])
/// where `key_ends` is not null: keys in a cache have room behind them. The last query sits at the last key. `causal`:
/// a query sees no key after its own position. `prefixes[s]`, where it is not negative, is an earlier sequence whose
/// keys all queries of s see too, as if they stood before its own; so do those of that one's prefix. Without shared
/// prefixes `prefixes` is null.
struct AttentionShape {
  const Id* queries;
  const Id* keys;
  const Id* key_ends;
  const Id* prefixes;
  Index sequences, heads, groups, width;
  bool causal;
  AttentionRule rule{};

  [[nodiscard]] Index query_begin(Index s) const { return static_cast<Index>(queries[s]); }
  [[nodiscard]] Index query_count(Index s) const { return static_cast<Index>(queries[s + 1] - queries[s]); }
  [[nodiscard]] Index key_begin(Index s) const { return static_cast<Index>(keys[s]); }
  [[nodiscard]] Index key_count(Index s) const {
    return static_cast<Index>((key_ends != nullptr ? key_ends[s] : keys[s + 1]) - keys[s]);
  }
  [[nodiscard]] Index query_rows() const { return static_cast<Index>(queries[sequences]); }
  [[nodiscard]] Index key_rows() const { return static_cast<Index>(keys[sequences]); }
  [[nodiscard]] float scale() const {
    return rule.scale != 0 ? rule.scale : 1.0F / std::sqrt(static_cast<float>(width));
  }
  /// Keys of its own sequence that local query i of sequence s sees.
  [[nodiscard]] Index visible(Index s, Index i) const {
    return causal ? key_count(s) - query_count(s) + i + 1 : key_count(s);
  }
  /// Keys that stand before those of sequence s: its prefixes'.
  [[nodiscard]] Index keys_before(Index s) const {
    return prefixes == nullptr || prefixes[s] < 0
               ? 0
               : keys_before(static_cast<Index>(prefixes[s])) + key_count(static_cast<Index>(prefixes[s]));
  }
  /// Keys of sequence `other`, which s sees, that are out of local query i's window: its first ones.
  [[nodiscard]] Index hidden(Index s, Index i, Index other) const {
    if (rule.window == 0) return 0;
    const Index end = keys_before(s) + visible(s, i), begin = keys_before(other);
    return end > begin + rule.window ? std::min(end - rule.window - begin, key_count(other)) : 0;
  }
  /// Keys that a query sees at most, windows aside.
  [[nodiscard]] Index most_seen() const {
    Index most = 0;
    for (Index s = 0; s < sequences; ++s) most = std::max(most, keys_before(s) + key_count(s));
    return most;
  }
  /// Whether any query's window is shorter than what it would see.
  [[nodiscard]] bool hides() const { return rule.window > 0 && most_seen() > rule.window; }
  /// Calls body(sequence) for every sequence whose keys those of s see: its prefixes', then its own.
  template <class Body>
  void each_seen(Index s, const Body& body) const {
    if (prefixes != nullptr && prefixes[s] >= 0) each_seen(static_cast<Index>(prefixes[s]), body);
    body(s);
  }
  /// Whether the queries of s see the keys of `other`.
  [[nodiscard]] bool sees(Index s, Index other) const {
    return s == other || (prefixes != nullptr && prefixes[s] >= 0 && sees(static_cast<Index>(prefixes[s]), other));
  }
};

/// Where the gradients of attention go; a null one is not computed.
template <class E>
struct AttentionGradients {
  E *dq, *dk, *dv;
  bool accumulate_q, accumulate_k, accumulate_v;
};

}  // namespace graft::backend
