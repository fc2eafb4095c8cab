/// \file
/// y(T,H,D) = softmax(q kᵀ/√D) v per head and sequence;  q(T,H,D), k(S,G,D), v(S,G,D), head h reads group h·G/H
/// A rule may scale scores otherwise, cap them, and hide keys that stand far before
/// (backend/kernels/attention.hpp).
/// dv = pᵀ dy     ds = p (dy vᵀ − rowsum(dy y))     dq = ds k/√D     dk = dsᵀ q/√D     p recomputed, never stored
#pragma once

#include <graft/autodiff/tape.hpp>
#include <graft/backend/kernels/attention.hpp>

namespace graft {

/// Where the sequences of a batch lie. Queries and keys differ when earlier keys come from a cache (which has
/// `key_ends`) or an encoder; `prefixes` names for each sequence the one whose keys it sees besides its own (see
/// backend/kernels/attention.hpp).
template <class B>
struct Sequences {
  /// where each sequence's queries and keys begin; where its keys end, if not where the next ones begin; the sequence
  /// that it continues, or −1
  Pointer<B, Id> queries{}, keys{}, key_ends{}, prefixes{};
  Index count = 0;
  bool causal = true;
  /// Pairs (query, key) looked at, for the count of operations.
  Index pairs = 0;
};

/// Softmax attention, head by head within each sequence.
/// \param tape where the op is recorded \param q queries (T, H·D) \param k keys (S, G·D) \param v values (S, G·D)
/// \param sequences where texts begin, and whether a token sees only those before it
/// \param rule scale, cap and window of the scores \return y(T, H·D)
template <Index Heads, Index Groups, class T, Gradient Gq, Gradient Gk, Gradient Gv, Index Q, Index K, class E>
constexpr auto attention(T& tape, Var<typename T::backend, Q, Gq, E> q, Var<typename T::backend, K, Gk, E> k,
                         Var<typename T::backend, K, Gv, E> v, Sequences<typename T::backend> sequences,
                         AttentionRule rule = {}) {
  static_assert(Q % Heads == 0 && K % Groups == 0 && Q / Heads == K / Groups && Heads % Groups == 0,
                "graft: attention needs queries of H*D columns and keys of G*D columns with H a multiple of G");
  constexpr Index width = Q / Heads;
  const Index flops = 4 * sequences.pairs * Q;
  const auto shape = [=] {
    if constexpr (T::backend::executes)
      return backend::AttentionShape{sequences.queries,
                                     sequences.keys,
                                     sequences.key_ends,
                                     sequences.prefixes,
                                     sequences.count,
                                     Heads,
                                     Groups,
                                     width,
                                     sequences.causal,
                                     rule};
  };
  const auto y = tape.template value<Q, E>(q.rows);
  const auto l = tape.template scratch<float>(q.rows * Heads);
  tape.run(flops, [=](auto on) { attention(y.data, l, q.data, k.data, v.data, shape(), on); });
  if constexpr (T::recording && (Gq | Gk | Gv) == Gradient::tracked) {
    const auto z = tape.track(y);
    tape.record(z, [=](auto& back, auto dy) {
      const auto dq = back.contribute(q);
      const auto dk = back.contribute(k);
      const auto dv = back.contribute(v);
      back.run(2 * flops + flops / 2, [=](auto on) {
        attention_inputs(
            backend::AttentionGradients<E>{dq.data, dk.data, dv.data, dq.accumulate, dk.accumulate, dv.accumulate}, dy,
            y.data, l, q.data, k.data, v.data, shape(), on);
      });
    });
    return z;
  } else {
    return y;
  }
}

}  // namespace graft
