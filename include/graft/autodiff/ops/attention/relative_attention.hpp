/// \file
/// y(T,H,D) = softmax(q kᵀ + bias[bucket(distance)]) v per head and sequence;
///     q(T,H,D), k(S,H,D), v(S,H,D), bias(Buckets,H)  (Raffel et al. 2020)
/// dv = pᵀ dy     ds = p (dy vᵀ − rowsum(dy y))     dq = ds k     dk = dsᵀ q
///     dbias[b] = Σ ds over pairs at distances of b
#pragma once

#include <graft/autodiff/ops/attention/attention.hpp>
#include <graft/backend/host/relative_attention.hpp>

namespace graft {

/// Attention whose scores have a trained bias by distance, as T5's have (Raffel et al. 2020). Scores are not scaled.
/// \param tape where the op is recorded \param q queries (T, H·D) \param k keys (S, H·D) \param v values (S, H·D)
/// \param bias one number a bucket of distances and head \param farthest the distance from which all share a bucket
/// \param sequences where texts begin \param unnumbered keys that stand first and have no distance \return y(T, H·D)
template <Index Heads, class T, Gradient Gq, Gradient Gk, Gradient Gv, Index Q, class E, Gradient Gb>
constexpr auto relative_attention(T& tape, Var<typename T::backend, Q, Gq, E> q, Var<typename T::backend, Q, Gk, E> k,
                                  Var<typename T::backend, Q, Gv, E> v, Var<typename T::backend, Heads, Gb> bias,
                                  Index farthest, Sequences<typename T::backend> sequences, Index unnumbered = 0) {
  const Index flops = 4 * sequences.pairs * Q;
  const auto shape = [=] {
    if constexpr (T::backend::executes)
      return backend::AttentionShape{
          sequences.queries, sequences.keys,  sequences.key_ends, sequences.prefixes, sequences.count, Heads, Heads,
          Q / Heads,         sequences.causal};
  };
  const backend::RelativeBuckets buckets{bias.rows, farthest, !sequences.causal, unnumbered};
  const auto y = tape.template value<Q, E>(q.rows);
  const auto l = tape.template scratch<float>(q.rows * Heads);
  tape.run(flops,
           [=](auto on) { relative_attention(y.data, l, q.data, k.data, v.data, bias.data, buckets, shape(), on); });
  if constexpr (T::recording && (Gq | Gk | Gv | Gb) == Gradient::tracked) {
    const auto z = tape.track(y);
    tape.record(z, [=](auto& back, auto dy) {
      const auto dq = back.contribute(q);
      const auto dk = back.contribute(k);
      const auto dv = back.contribute(v);
      const auto db = [&] {
        if constexpr (Gb == Gradient::tracked) return back.contribute_zeroed(bias);
        else return Pointer<typename T::backend>{};
      }();
      back.run(2 * flops + flops / 2, [=](auto on) {
        relative_attention_inputs(
            backend::AttentionGradients<E>{dq.data, dk.data, dv.data, dq.accumulate, dk.accumulate, dv.accumulate}, db,
            dy, y.data, l, q.data, k.data, v.data, bias.data, buckets, shape(), on);
      });
    });
    return z;
  } else {
    return y;
  }
}

}  // namespace graft
