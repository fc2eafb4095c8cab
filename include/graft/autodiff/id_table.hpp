/// \file
/// Whole numbers that kernels read beside a layer's parameters: places, orders, tokens.
#pragma once

#include <graft/backend/backend.hpp>

#include <array>
#include <span>
#include <vector>

namespace graft {

/// t(Rows,Columns), frozen. Derived: it follows from the type, and whoever makes the layer fills it; otherwise an
/// adapter's files hold it.
template <class B, Index Rows, Index Columns, bool Derived = true>
class IdTable {
 public:
  using backend = B;
  static constexpr bool trainable = false, saved = !Derived, shared = false, derived = Derived;
  static constexpr Index rows = Rows, columns = Columns, size = Rows * Columns, members = 1;
  static constexpr std::array extents{Rows, Columns};

  static constexpr Index bytes() { return size * sizeof(Id); }
  static constexpr Index gradient_bytes() { return 0; }
  [[nodiscard]] constexpr Pointer<B, Id> value(Index row = 0) const {
    return memory_.template as<Id>(row * Columns * sizeof(Id));
  }

  /// requires: ids.size() is `size`, or `Columns` of one row
  void assign_ids(std::span<const Id> ids, Index row = 0) { upload<B>(value(row), ids); }

  // As a file's tensor.
  [[nodiscard]] std::vector<float> read() const {
    const auto ids = download<B>(value(), size);
    return {ids.begin(), ids.end()};
  }
  void assign(std::span<const float> numbers) {
    std::vector<Id> ids;
    for (const float x : numbers) ids.push_back(static_cast<Id>(x));
    assign_ids(ids);
  }

 private:
  Buffer<B> memory_{bytes()};
};

}  // namespace graft
