/// \file
/// What attention kernels need to know of the sequences in a batch.
#pragma once

#include <graft/core/types.hpp>

#include <cmath>

namespace graft::backend {

/// Sequence s owns query rows [queries[s], queries[s+1]) and key rows
/// [keys[s], keys[s+1]); the last query sits at the last key. `causal`: a query sees no key after its own position.
struct AttentionShape {
  const Id* queries;
  const Id* keys;
  Index sequences, heads, groups, width;
  bool causal;

  [[nodiscard]] Index query_begin(Index s) const { return static_cast<Index>(queries[s]); }
  [[nodiscard]] Index query_count(Index s) const { return static_cast<Index>(queries[s + 1] - queries[s]); }
  [[nodiscard]] Index key_begin(Index s) const { return static_cast<Index>(keys[s]); }
  [[nodiscard]] Index key_count(Index s) const { return static_cast<Index>(keys[s + 1] - keys[s]); }
  [[nodiscard]] float scale() const { return 1.0F / std::sqrt(static_cast<float>(width)); }
  /// Keys that local query i of sequence s sees.
  [[nodiscard]] Index visible(Index s, Index i) const { return causal ? key_count(s) - query_count(s) + i + 1 : key_count(s); }
};

}  // namespace graft::backend
