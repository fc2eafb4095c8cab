/// \file
/// Memory for values that live as long as one step: a stack that is marked and rewound, never freed piecewise.
#pragma once

#include <graft/core/buffer.hpp>

#include <algorithm>
#include <vector>

namespace graft {

/// Every allocation starts on a cache line.
inline constexpr Index allocation_unit = 64;

constexpr Index rounded_up(Index bytes, Index unit = allocation_unit) { return (bytes + unit - 1) / unit * unit; }

/// A stack of bytes on a backend. It grows by chunks while it learns how much a step needs; once rewound to the
/// bottom it replaces them by one chunk, and from then on allocates nothing.
template <class Backend>
class Arena {
 public:
  struct Mark {
    Index chunk = 0, offset = 0, used = 0;
  };

  template <class T>
  constexpr Pointer<Backend, T> allocate(Index count) {
    const Index bytes = rounded_up(count * sizeof(T));
    top_.used += bytes;
    peak_ = std::max(peak_, top_.used);
    if constexpr (Backend::executes) {
      while (top_.chunk < chunks_.size() && top_.offset + bytes > chunks_[top_.chunk].bytes())
        top_ = {top_.chunk + 1, 0, top_.used};
      if (top_.chunk == chunks_.size())
        chunks_.emplace_back(std::max({bytes, 2 * last_chunk_bytes(), Index{1} << 16U}));
      const Index offset = std::exchange(top_.offset, top_.offset + bytes);
      return chunks_[top_.chunk].template as<T>(offset);
    } else {
      return {};
    }
  }

  [[nodiscard]] constexpr Mark mark() const { return top_; }

  constexpr void rewind(Mark mark) {
    top_ = mark;
    if constexpr (Backend::executes)
      if (mark.used == 0 && chunks_.size() > 1) reserve(peak_);
  }

  /// Makes one chunk of at least `bytes`. requires: nothing is allocated.
  void reserve(Index bytes) {
    if (chunks_.size() == 1 && chunks_[0].bytes() >= bytes) return;
    chunks_.clear();
    chunks_.emplace_back(rounded_up(bytes));
  }

  [[nodiscard]] constexpr Index used() const { return top_.used; }

  /// The high-water mark, in bytes.
  [[nodiscard]] constexpr Index peak() const { return peak_; }

 private:
  [[nodiscard]] Index last_chunk_bytes() const { return chunks_.empty() ? 0 : chunks_.back().bytes(); }

  std::vector<Buffer<Backend>> chunks_;
  Mark top_;
  Index peak_ = 0;
};

}  // namespace graft
