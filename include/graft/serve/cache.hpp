/// \file
/// The key/value cache: what attention has already seen of one sequence, block by block.
#pragma once

#include <graft/layers/attention_context.hpp>

#include <vector>

namespace graft {

/// Keys and values (capacity, G·D) for every block of a model.
template <class Model>
class KeyValueCache {
 public:
  using backend = typename Model::backend;
  using config = typename Model::config;
  using element = typename Model::element;
  static constexpr Index columns = config::groups * config::head_width;

  explicit KeyValueCache(Index capacity) : capacity_(capacity) {
    for (Index i = 0; i < 2 * config::blocks; ++i) rows_.emplace_back(capacity * columns * sizeof(element));
  }

  [[nodiscard]] Index length() const { return length_; }
  [[nodiscard]] Index capacity() const { return capacity_; }
  void advance(Index tokens) { length_ += tokens; }
  void clear() { length_ = 0; }

  [[nodiscard]] Pointer<backend, element> keys(Index block) const { return rows_[2 * block].template as<element>(); }
  [[nodiscard]] Pointer<backend, element> values(Index block) const { return rows_[2 * block + 1].template as<element>(); }

 private:
  Index capacity_, length_ = 0;
  std::vector<Buffer<backend>> rows_;
};

/// Self-attention in which new queries see the cached keys too.
template <class Model>
struct CachedContext {
  using backend = typename Model::backend;
  Sequences<backend> sequences;
  KeyValueCache<Model>* cache;

  template <class T, class X>
  auto visible(T& tape, Index block, X keys, X values) const {
    const auto append = [&](X rows, Pointer<backend, typename X::element> to) {
      const auto at = to + cache->length() * X::columns;
      tape.run(0, [=](auto on) { copy(at, rows.data, rows.size(), on); });
      return X{cache->length() + rows.rows, to};
    };
    return std::pair<X, X>(append(keys, cache->keys(block)), append(values, cache->values(block)));
  }
};

}  // namespace graft
