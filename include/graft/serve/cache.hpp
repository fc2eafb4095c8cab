/// \file
/// The key/value cache: what attention has already seen of each sequence, block by block.
#pragma once

#include <graft/core/error.hpp>
#include <graft/data/ahead.hpp>
#include <graft/layers/attention_context.hpp>

#include <limits>
#include <vector>

namespace graft {

/// Keys and values (sequences · capacity, G·D) for every block of a model: each sequence has room for `capacity`
/// tokens.
template <class Model>
class KeyValueCache {
 public:
  using backend = typename Model::backend;
  using config = typename Model::config;
  using element = typename Model::element;
  static constexpr Index columns = config::groups * config::head_width;

  /// \throws Error where there is room for no sequence, or for more rows than have numbers.
  KeyValueCache(Index sequences, Index capacity) : capacity_(capacity) {
    if (sequences == 0 || capacity == 0 || sequences > static_cast<Index>(std::numeric_limits<Id>::max()) / capacity)
      fail("a cache has room for ", sequences, " sequences of ", capacity,
           " tokens; it needs one at least, and at most 2³¹ tokens");
    lengths_.resize(sequences);
    for (Index i = 0; i < 2 * config::blocks; ++i)
      memory_.emplace_back(sequences * capacity * columns * sizeof(element));
  }

  [[nodiscard]] Index sequences() const { return lengths_.size(); }
  /// The most tokens of a sequence.
  [[nodiscard]] Index capacity() const { return capacity_; }
  [[nodiscard]] Index rows() const { return lengths_.size() * capacity_; }
  /// How many tokens of a sequence are kept.
  [[nodiscard]] Index length(Index sequence) const { return lengths_[known(sequence)]; }
  /// The row of a sequence's token number `at`, which need not be there yet.
  [[nodiscard]] Id row(Index sequence, Index at) const {
    if (at >= capacity_) fail("a sequence of a cache has room for ", capacity_, " tokens, and no row ", at);
    return static_cast<Id>(known(sequence) * capacity_ + at);
  }
  /// Room that a sequence has left.
  [[nodiscard]] Index room(Index sequence) const { return capacity_ - length(sequence); }
  /// So many tokens more are kept of a sequence.
  /// \throws Error where there is no room
  void advance(Index sequence, Index tokens) {
    if (tokens > room(sequence))
      fail(tokens, " tokens more do not fit a sequence of ", length(sequence), " in a cache of ", capacity_);
    lengths_[sequence] += tokens;
  }
  /// Forgets a sequence.
  void clear(Index sequence) { lengths_[known(sequence)] = 0; }

  /// Keys of a block, all sequences behind each other.
  [[nodiscard]] Pointer<backend, element> keys(Index block) const { return of_block(block, 0); }
  /// Values of a block, all sequences behind each other.
  [[nodiscard]] Pointer<backend, element> values(Index block) const { return of_block(block, 1); }

 private:
  [[nodiscard]] Index known(Index sequence) const {
    if (sequence >= lengths_.size())
      fail("there is no sequence ", sequence, " in a cache of ", lengths_.size(), " (counted from 0)");
    return sequence;
  }
  [[nodiscard]] Pointer<backend, element> of_block(Index block, Index part) const {
    if (block >= config::blocks)
      fail("a cache has nothing of block ", block, "; the model has ", config::blocks, " (counted from 0)");
    return memory_[2 * block + part].template as<element>();
  }
  Index capacity_;
  std::vector<Index> lengths_;
  std::vector<Buffer<backend>> memory_;
};

/// Puts a model's prefix, if it has one, at the beginning of an empty sequence.
template <class Model>
void remember_prefix(Inference<typename Model::backend>& tape, const Model& model, KeyValueCache<Model>& cache,
                     Index sequence) {
  if constexpr (Model::ahead.keys > 0) {
    if (cache.length(sequence) != 0 || Model::ahead.keys > cache.room(sequence))
      fail("a prefix of ", Model::ahead.keys, " keys begins a sequence, and a cache of ", cache.capacity(),
           " must have room for it");
    constexpr Index n = KeyValueCache<Model>::columns;
    using E = typename Model::element;
    const auto p = model.shared.prompt(tape);
    for (Index block = 0; block < Model::config::blocks; ++block)
      for (const Index part : {Index{0}, Index{1}}) {
        const auto to =
            (part == 0 ? cache.keys(block) : cache.values(block)) + static_cast<Index>(cache.row(sequence, 0)) * n;
        const Index from = (2 * decltype(model.shared)::pair_of(block) + part) * n;
        tape.run(0, [=](auto on) {
          rows_behind(to, p.data, p.rows, decltype(p)::columns, from, static_cast<const E*>(nullptr), 0, n, on);
        });
      }
    cache.advance(sequence, Model::ahead.keys);
  }
}

/// Self-attention in which new queries see the cached keys too. `rows`: where in the cache each new token goes.
template <class Model>
struct CachedContext {
  using backend = typename Model::backend;
  Sequences<backend> sequences;
  Pointer<backend, Id> rows;
  KeyValueCache<Model>* cache;  ///< where keys and values are kept

  template <class T, class X>
  auto visible(T& tape, Index block, X keys, X values) const {
    const auto append = [&](X from, Pointer<backend, typename X::element> to) {
      tape.run(0, [=, at = rows](auto on) { place_rows(to, at, from.data, from.rows, X::columns, on); });
      return X{cache->rows(), to};
    };
    return std::pair<X, X>(append(keys, cache->keys(block)), append(values, cache->values(block)));
  }
};

}  // namespace graft
