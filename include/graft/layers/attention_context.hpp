/// \file
/// What attention layers read beside their input: where tokens stand, and which keys their queries see.
#pragma once

#include <graft/autodiff/ops/attention/attention.hpp>
#include <graft/data/batch_limits.hpp>

#include <algorithm>
#include <utility>

namespace graft {

/// A batch in the memory of its backend, made by `place`.
template <class B>
struct PlacedBatch {
  Pointer<B, Id> tokens{}, positions{}, types{}, rows{}, targets{};  // rows: those that have a target
  Pointer<B> values{};                                               ///< numbers of texts
  Pointer<B, Id> spans{};                                            ///< where texts lie in which places are sought
  Pointer<B, Id> owners{}, target_owners{};  // of tokens and of targets, where a bank of adapters is trained
  Index token_count = 0, target_count = 0, task = 0, last_position = 0;
  Index keys_ahead = 0, source_keys_ahead = 0;
  bool has_types = false;  ///< otherwise all tokens are of the first text
  Sequences<B> sequences;
  Pointer<B, Id> source_tokens{};  ///< what an encoder reads
  Index source_count = 0;
  Sequences<B> source, cross;  ///< its tokens among themselves, and those that a decoder's see
  /// what a model must have for it
  BatchLimits needs{.tokens = 0, .targets = 0, .token_types = 0, .adapters = 0, .tasks = 0};
};

/// Copies a batch to the backend, for the length of this step.
/// \throws Error where the batch contradicts itself (`needs`).
template <class T>
PlacedBatch<typename T::backend> place(T& tape, const Batch& batch) {
  PlacedBatch<typename T::backend> placed;
  placed.needs = needs(batch);
  const auto to = [&tape](const std::vector<Id>& ids) { return tape.ids(ids.data(), ids.size()); };
  placed.tokens = to(batch.tokens);
  placed.positions = to(batch.positions);
  placed.has_types = !batch.types.empty();
  if (placed.has_types) placed.types = to(batch.types);
  placed.rows = to(batch.rows);
  placed.targets = to(batch.targets);
  placed.token_count = batch.tokens.size();
  placed.target_count = batch.targets.size();
  placed.task = batch.task;
  placed.keys_ahead = batch.keys_ahead;
  placed.source_keys_ahead = batch.source_keys_ahead;
  for (const Id p : batch.positions) placed.last_position = std::max(placed.last_position, static_cast<Index>(p));
  placed.sequences.queries = placed.sequences.keys = to(batch.starts);
  if (!batch.prefixes.empty()) placed.sequences.prefixes = to(batch.prefixes);
  if (!batch.key_ends.empty()) {
    auto ends = batch.key_ends;
    for (Id& end : ends) end += static_cast<Id>(batch.keys_ahead);
    placed.sequences.key_ends = to(ends);
  }
  if (!batch.values.empty()) placed.values = tape.numbers(batch.values.data(), batch.values.size());
  if (!batch.spans.empty()) placed.spans = to(batch.spans);
  placed.sequences.count = batch.starts.size() - 1;
  if (!batch.owners.empty()) {
    placed.owners = to(batch.owners);
    placed.target_owners = to(batch.target_owners);
  }
  if (batch.keys_ahead > 0) {  // the first sequence has keys and no tokens
    auto keys = batch.starts;
    for (Index s = 1; s < keys.size(); ++s) keys[s] += static_cast<Id>(batch.keys_ahead);
    placed.sequences.keys = to(keys);
  }
  if (batch.source_starts.size() > 1) {
    placed.source_tokens = to(batch.source_tokens);
    placed.source_count = batch.source_tokens.size();
    auto begins = batch.source_starts, keys = begins;
    if (batch.source_keys_ahead > 0) {  // a first sequence of keys alone, which all others see
      begins.insert(begins.begin(), 0);
      for (Id& k : keys) k += static_cast<Id>(batch.source_keys_ahead);
      keys.insert(keys.begin(), 0);
      std::vector<Id> prefixes(begins.size() - 1, 0);
      prefixes[0] = -1;
      placed.source.prefixes = placed.cross.prefixes = to(prefixes);
    }
    placed.source.queries = to(begins);
    placed.source.keys = to(keys);
    placed.source.count = begins.size() - 1;
    placed.source.causal = placed.cross.causal = false;
    placed.cross.queries = placed.sequences.queries;
    placed.cross.count = placed.sequences.count;
    if (batch.keys_ahead > 0 && batch.source_keys_ahead == 0) keys.insert(keys.begin(), 0);
    placed.cross.keys = to(keys);
    for (Index s = 0; s + 1 < batch.source_starts.size(); ++s) {
      const auto n = static_cast<Index>(batch.source_starts[s + 1] - batch.source_starts[s]);
      placed.source.pairs += n * (batch.source_keys_ahead + n);
      const Index reads = s + (batch.keys_ahead > 0 ? 1 : 0);  // behind the sequence that is a prefix's
      placed.cross.pairs +=
          (batch.source_keys_ahead + n) * static_cast<Index>(batch.starts[reads + 1] - batch.starts[reads]);
    }
  }
  const auto length = [&batch](Index s) {
    return s == 0 && batch.keys_ahead > 0 ? batch.keys_ahead
                                          : static_cast<Index>(batch.starts[s + 1] - batch.starts[s]);
  };
  for (Index s = batch.keys_ahead > 0 ? 1 : 0; s + 1 < batch.starts.size(); ++s) {
    placed.sequences.pairs += length(s) * (length(s) + 1) / 2;
    for (Id p = batch.prefix(s); p >= 0; p = batch.prefix(static_cast<Index>(p)))
      placed.sequences.pairs += length(s) * length(static_cast<Index>(p));
  }
  return placed;
}

/// The same allocations for a batch of which only the sizes are known; sequences are taken to be equally long.
template <class T>
constexpr PlacedBatch<typename T::backend> place(T& tape, BatchShape shape) {
  PlacedBatch<typename T::backend> placed;
  placed.tokens = tape.ids(nullptr, shape.tokens);
  placed.positions = tape.ids(nullptr, shape.tokens);
  placed.rows = tape.ids(nullptr, shape.targets);
  placed.targets = tape.ids(nullptr, shape.targets);
  placed.token_count = shape.tokens;
  placed.target_count = shape.targets;
  placed.has_types = shape.types > 0;
  if (placed.has_types) placed.types = tape.ids(nullptr, shape.types);
  placed.sequences.queries = placed.sequences.keys = tape.ids(nullptr, shape.sequences + 1);
  if (shape.prefixes > 0) placed.sequences.prefixes = tape.ids(nullptr, shape.prefixes);
  if (shape.key_ends > 0) placed.sequences.key_ends = tape.ids(nullptr, shape.key_ends);
  if (shape.keys_ahead > 0) placed.sequences.keys = tape.ids(nullptr, shape.sequences + 1);
  if (shape.owners > 0) {
    placed.owners = tape.ids(nullptr, shape.tokens);
    placed.target_owners = tape.ids(nullptr, shape.targets);
  }
  if (shape.values > 0) placed.values = tape.numbers(nullptr, shape.values);
  if (shape.spans > 0) placed.spans = tape.ids(nullptr, shape.spans);
  placed.sequences.count = shape.sequences;
  if (shape.source > 0) {
    const Index texts = shape.sequences - (shape.keys_ahead > 0 ? 1 : 0);
    placed.source_tokens = tape.ids(nullptr, shape.source);
    placed.source_count = shape.source;
    const Index sources = texts + (shape.source_keys_ahead > 0 ? 1 : 0);
    if (shape.source_keys_ahead > 0) placed.source.prefixes = placed.cross.prefixes = tape.ids(nullptr, sources);
    placed.source.queries = tape.ids(nullptr, sources + 1);
    placed.source.keys = tape.ids(nullptr, sources + 1);
    placed.source.count = sources;
    placed.source.causal = placed.cross.causal = false;
    placed.cross.queries = placed.sequences.queries;
    placed.cross.count = shape.sequences;
    placed.cross.keys = tape.ids(nullptr, shape.sequences + 1);
    placed.source.pairs = shape.source * (shape.source_keys_ahead + shape.source / texts);
    placed.cross.pairs = shape.tokens * (shape.source_keys_ahead + shape.source / texts);
  }
  placed.sequences.pairs =
      shape.tokens * (shape.tokens / std::max<Index>(shape.sequences - (shape.keys_ahead > 0 ? 1 : 0), 1) + 1) / 2 +
      shape.tokens * shape.keys_ahead;
  return placed;
}

/// Self-attention within the sequences of a batch.
template <class B>
struct PackedContext {
  Sequences<B> sequences;

  /// The keys and values that queries of block `block` see, given the new ones.
  template <class T, class K, class V>
  constexpr std::pair<K, V> visible(T&, Index, K keys, V values) const {
    return {keys, values};
  }
};

}  // namespace graft
