/// \file
/// Where a step's time goes: seconds and operations by op, direction and size.
#pragma once

#include <graft/core/types.hpp>

#include <chrono>
#include <source_location>
#include <string_view>
#include <vector>

namespace graft {

/// What one kernel does: floating-point operations and, for a product, its sizes z(m,n) summed over k.
struct Work {
  Index flops = 0, m = 0, n = 0, k = 0;  ///< operations; the product's rows, columns and depth
  /// Of a kernel that is no product.
  constexpr Work(Index operations) : flops(operations) {}
  /// Of a product z(rows, columns) summed over depth.
  constexpr Work(Index operations, Index rows, Index columns, Index depth)
      : flops(operations), m(rows), n(columns), k(depth) {}
};

/// Gathers the time of kernels. Point `Workspace::profile` at one to switch it on; without, nothing is measured.
class Profile {
 public:
  /// All calls of one op in one direction with products of n columns summed over k, whatever their number of rows.
  struct Entry {
    std::string_view op;                         ///< the file of the op that ran the kernel
    bool backward;                               ///< whether in the reverse sweep
    Index n, k, calls = 0, rows = 0, flops = 0;  ///< columns and depth; calls, their rows and operations together
    double seconds = 0;
  };

  /// Counts one call of a kernel.
  void add(const std::source_location& where, bool backward, Work work, std::chrono::steady_clock::duration time) {
    Entry& entry = entry_of(name_of(where), backward, work);
    ++entry.calls;
    entry.rows += work.m;
    entry.flops += work.flops;
    entry.seconds += std::chrono::duration<double>(time).count();
  }

  /// One for each op, direction and size.
  [[nodiscard]] const std::vector<Entry>& entries() const { return entries_; }
  [[nodiscard]] double seconds() const {
    double total = 0;
    for (const auto& entry : entries_) total += entry.seconds;
    return total;
  }

 private:
  static std::string_view name_of(const std::source_location& where) {
    std::string_view op = where.file_name();
    op.remove_prefix(op.rfind('/') + 1);
    return op.substr(0, op.find('.'));
  }
  Entry& entry_of(std::string_view op, bool backward, Work work) {
    for (auto& entry : entries_)
      if (entry.op == op && entry.backward == backward && entry.n == work.n && entry.k == work.k) return entry;
    return entries_.emplace_back(Entry{.op = op, .backward = backward, .n = work.n, .k = work.k});
  }

  std::vector<Entry> entries_;
};

}  // namespace graft
