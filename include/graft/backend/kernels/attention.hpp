/// \file
/// The kernels of attention, and what they need to know of the sequences in a batch.
#pragma once

#include <graft/core/buffer.hpp>
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
  const Id* queries;   ///< where each sequence begins among the queries, and the end
  const Id* keys;      ///< where each sequence begins among the keys, and the end
  const Id* key_ends;  ///< where each sequence's keys end, or null: where the next ones begin
  const Id* prefixes;  ///< the sequence that each continues or −1; null: none continues one
  Index sequences, heads, groups, width;
  bool causal;
  AttentionRule rule{};  ///< scale, cap and window

  /// The first row of sequence s among the queries.
  [[nodiscard]] Index query_begin(Index s) const { return static_cast<Index>(queries[s]); }
  /// How many queries sequence s has.
  [[nodiscard]] Index query_count(Index s) const { return static_cast<Index>(queries[s + 1] - queries[s]); }
  /// The first row of sequence s among the keys.
  [[nodiscard]] Index key_begin(Index s) const { return static_cast<Index>(keys[s]); }
  /// How many keys sequence s has of its own.
  [[nodiscard]] Index key_count(Index s) const {
    return static_cast<Index>((key_ends != nullptr ? key_ends[s] : keys[s + 1]) - keys[s]);
  }
  /// All queries.
  [[nodiscard]] Index query_rows() const { return static_cast<Index>(queries[sequences]); }
  /// All keys.
  [[nodiscard]] Index key_rows() const { return static_cast<Index>(keys[sequences]); }
  /// What scores are multiplied with.
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
  E *dq, *dk, *dv;                                ///< gradients of queries, keys and values
  bool accumulate_q, accumulate_k, accumulate_v;  ///< whether something is there already
};

/// Distances as T5 has them in buckets (Raffel et al. 2020): single ones up to half of the buckets, then wider and
/// wider ones up to `farthest`.
struct RelativeBuckets {
  Index count, farthest;  ///< how many there are; the distance from which all share one
  bool both_sides;        ///< keys behind the query have half of the buckets
  Index unnumbered = 0;   ///< keys before the tokens' own that queries, but not keys, are counted without

  [[nodiscard]] Index operator()(Index query, Index key) const {
    const Index own = both_sides ? count / 2 : count, exact = own / 2;
    const Index first = both_sides && key > query ? own : 0;
    const Index distance = key > query ? (both_sides ? key - query : 0) : query - key;
    if (distance < exact) return first + distance;
    const float share = std::log(static_cast<float>(distance) / static_cast<float>(exact)) /
                        static_cast<float>(std::log(static_cast<double>(farthest) / static_cast<double>(exact)));
    return first + std::min(exact + static_cast<Index>(share * static_cast<float>(own - exact)), own - 1);
  }
};

/// How fast pairs turn:
///     f(j) = base^(−2j/width), divided by `factor` where a model was stretched to longer texts. With `original`
///     positions set
/// only slow pairs are (Llama 3.1): those of wavelengths above original/low wholly, those below original/high not at
/// all. With a ramp (YaRN: Peng et al. 2023) pairs up to its beginning are not, those from its end on wholly. Or every
/// pair has a divisor of its own (LongRoPE: Ding et al. 2024).
struct RotaryFrequencies {
  /// the base of the angles; Llama 3's factors: of low frequencies, and the bounds
  float base, factor = 1, low = 1, high = 4;
  Index original = 0;                  ///< positions that the model was pretrained on
  float ramp_begin = 0, ramp_end = 0;  ///< the dimensions between which YaRN's ramp lies
  float amplitude = 1;                 ///< of cosines and sines
  const float* divisors = nullptr;     ///< one number a frequency that it is divided by, or null

  [[nodiscard]] double operator()(Index j, Index width) const {
    const double f = std::pow(static_cast<double>(base), -2.0 * static_cast<double>(j) / static_cast<double>(width)),
                 slow = f / static_cast<double>(factor);
    if (divisors != nullptr) return f / static_cast<double>(divisors[j]);
    const bool ramps = ramp_end > ramp_begin;
    if (original == 0 && !ramps) return slow;
    const double turns = static_cast<double>(original) * f / 6.283185307179586;  // within the original length
    const double share =
        ramps ? (static_cast<double>(ramp_end) - static_cast<double>(j)) / static_cast<double>(ramp_end - ramp_begin)
              : (turns - static_cast<double>(low)) / static_cast<double>(high - low);
    return share <= 0 ? slow : share >= 1 ? f : (1 - share) * slow + share * f;
  }
};

/// For E float and Bfloat16.
template <class B, class E>
concept AttentionKernels =
    requires(const B& on, Pointer<B, E> y, Pointer<B, const E> x, Pointer<B> l, Pointer<B, const float> c,
             Pointer<B, const Id> ids, Index n, float sign, AttentionShape shape, AttentionGradients<E> to,
             RelativeBuckets buckets, RotaryFrequencies frequencies) {
      attention(y, l, x, x, x, shape, on);
      attention_inputs(to, x, x, c, x, x, x, shape, on);
      relative_attention(y, l, x, x, x, c, buckets, shape, on);
      relative_attention_inputs(to, l, x, x, c, x, x, x, c, buckets, shape, on);
      rotary_table(l, ids, n, n, frequencies, on);
      rotary(y, c, n, n, n, n, sign, on);
    };

}  // namespace graft::backend
