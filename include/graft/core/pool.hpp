/// \file
/// Memory for values that come and go in any order: adjoints, which live from their first contribution to their use.
#pragma once

#include <graft/core/arena.hpp>

namespace graft {

/// First fit over free ranges, neighbours joined on release. `meta` runs the same bookkeeping without the memory,
/// which is why a plan's figure is the figure of the run.
template <class Backend>
class Pool {
 public:
  struct Block {
    Index offset = 0, bytes = 0;
  };

  constexpr Block acquire(Index bytes) {
    bytes = rounded_up(std::max(bytes, Index{1}));
    for (Index i = 0; i < free_.size(); ++i)
      if (free_[i].bytes >= bytes) return take(i, bytes);
    grow(bytes);
    return take(free_.size() - 1, bytes);
  }

  constexpr void release(Block block) {
    Index i = 0;
    while (i < free_.size() && free_[i].offset < block.offset) ++i;
    const auto at = [this](Index k) { return free_.begin() + static_cast<std::ptrdiff_t>(k); };
    free_.insert(at(i), block);
    if (i + 1 < free_.size() && touches(free_[i], free_[i + 1])) {
      free_[i].bytes += free_[i + 1].bytes;
      free_.erase(at(i + 1));
    }
    if (i > 0 && touches(free_[i - 1], free_[i])) {
      free_[i - 1].bytes += free_[i].bytes;
      free_.erase(at(i));
    }
  }

  template <class T>
  [[nodiscard]] constexpr Pointer<Backend, T> at(Block block) const {
    if constexpr (Backend::executes) {
      Index i = chunks_.size() - 1;
      while (starts_[i] > block.offset) --i;
      return chunks_[i].template as<T>(block.offset - starts_[i]);
    } else {
      return {};
    }
  }

  /// Makes one chunk of at least `bytes`. requires: nothing is acquired.
  constexpr void reserve(Index bytes) {
    if (!chunks_.empty() && chunks_.size() == 1 && chunks_[0].bytes() >= bytes) return;
    chunks_.clear();
    starts_.clear();
    free_.clear();
    end_ = peak_ = 0;
    if (bytes != 0) grow(rounded_up(bytes));
  }

  /// Joins what has grown by chunks. requires: nothing is acquired.
  constexpr void settle() {
    if (chunks_.size() > 1) reserve(end_);
  }

  /// The high-water mark, in bytes, since memory was last reserved: the end of the highest block acquired.
  [[nodiscard]] constexpr Index peak() const { return peak_; }

 private:
  static constexpr Index gap = 1;  // between chunks, so that their ranges never join

  static constexpr bool touches(Block a, Block b) { return a.offset + a.bytes == b.offset; }

  constexpr Block take(Index i, Index bytes) {
    const Block block{free_[i].offset, bytes};
    free_[i].offset += bytes;
    free_[i].bytes -= bytes;
    if (free_[i].bytes == 0) free_.erase(free_.begin() + static_cast<std::ptrdiff_t>(i));
    peak_ = std::max(peak_, block.offset + bytes);
    return block;
  }

  constexpr void grow(Index bytes) {
    if constexpr (Backend::executes) {
      const Index size = std::max(bytes, end_);
      chunks_.emplace_back(size);
      starts_.push_back(end_);
      free_.push_back({end_, size});
      end_ += size + gap;
    } else {  // an endless chunk: a free tail, as long as needed
      free_.push_back({0, ~Index{0} >> 1U});
    }
  }

  std::vector<Buffer<Backend>> chunks_;
  std::vector<Index> starts_;
  std::vector<Block> free_;
  Index end_ = 0, peak_ = 0;
};

}  // namespace graft
