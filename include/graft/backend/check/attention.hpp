/// \file
/// The kernels of kernels/attention.hpp, for values of elements E.
#pragma once

#include <graft/backend/check/checker.hpp>

namespace graft::backend {

template <class E, class B>
void check_attention(Checker<B>& c) {
  c.template with_ids<E>("rotary", {3 * 60}, {3 * 10}, {0, 5, 900}, [=](auto v, auto f, const Id* ids, auto on) {
    rotary_table(f[0], ids, 3, 10, RotaryFrequencies{1e4F}, on);
    rotary(v[0], f[0], 3, 6, 10, 10, 1.0F, on);
    rotary(v[0], f[0], 3, 3, 20, 10, -1.0F, on);
  });
  // Sequences of 3, 137 and 10 queries; the keys begin elsewhere, in a cache; the last sequence continues the second
  // one. Besides, one query at a time against a cache with room behind each sequence's keys, as decoding has it.
  {
    const Index kv = 100 * 2 * 64;
    c.template with_ids<E>("attention of single queries", {2 * 6 * 64, 2 * 6 * 64, kv, kv}, {2 * 6},
                           {0, 1, 2, 0, 50, 23, 90}, [=](auto v, auto f, const Id* i, auto on) {
                             attention(v[0], f[0], v[1], v[2], v[3],
                                       AttentionShape{i, i + 3, i + 5, nullptr, 2, 6, 2, 64, true, {}}, on);
                           });
  }
  const Index heads = 6, groups = 2, d = 12, queries = 150, keys = 160, q = queries * heads * d, kv = keys * groups * d;
  // In the last two modes, a window of 40 keys and capped scores as well.
  const auto shape = [=](const Id* ids, bool causal, bool prefix, bool ruled) {
    return AttentionShape{ids,     ids + 4,
                          nullptr, prefix ? ids + 8 : nullptr,
                          3,       heads,
                          groups,  d,
                          causal,  ruled ? AttentionRule{0.4F, 1.5F, 40} : AttentionRule{}};
  };
  for (const int mode : {0, 1, 2, 3, 4}) {
    const bool causal = mode != 1, prefix = mode == 2 || mode == 4, ruled = mode > 2;
    const std::vector<Id> ids{0, 3, 140, 150, 0, 3, 145, 160, -1, -1, 1};
    c.template with_ids<E>(ruled    ? "attention by a rule"
                           : prefix ? "attention with a prefix"
                                    : "attention",
                           {q, q, kv, kv}, {queries * heads}, ids, [=](auto v, auto f, const Id* i, auto on) {
                             attention(v[0], f[0], v[1], v[2], v[3], shape(i, causal, prefix, ruled), on);
                           });
    c.template with_ids<E>(
        ruled    ? "attention_inputs by a rule"
        : prefix ? "attention_inputs with a prefix"
                 : "attention_inputs",
        {q, kv, kv, q, q, q, kv, kv}, {queries * heads}, ids, [=](auto v, auto f, const Id* i, auto on) {
          attention(v[4], f[0], v[5], v[6], v[7], shape(i, causal, prefix, ruled), on);
          attention_inputs(AttentionGradients<E>{v[0], v[1], mode == 0 ? nullptr : v[2], true, false, true}, v[3], v[4],
                           f[0], v[5], v[6], v[7], shape(i, causal, prefix, ruled), on);
        });
  }
  // Distances in buckets, one-sided beside a prefix and both-sided.
  for (const bool both : {false, true}) {
    const RelativeBuckets buckets{8, 20, both, both ? Index{0} : Index{2}};
    const std::vector<Id> ids{0, 3, 14, 0, 3, 16};
    const Index few = 14 * heads * d, known = 16 * heads * d;
    c.template with_ids<E>("relative_attention", {few, few, known, known, few, few, known, known},
                           {14 * heads, 8 * heads, 8 * heads}, ids, [=](auto v, auto f, const Id* i, auto on) {
                             const AttentionShape of{i, i + 3, nullptr, nullptr, 2, heads, heads, d, !both, {}};
                             relative_attention(v[0], f[0], v[1], v[2], v[3], f[1], buckets, of, on);
                             relative_attention_inputs(AttentionGradients<E>{v[4], v[6], v[7], true, false, true}, f[2],
                                                       v[5], v[0], f[0], v[1], v[2], v[3], f[1], buckets, of, on);
                           });
  }
}

}  // namespace graft::backend
