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
  Index flops = 0, m = 0, n = 0, k = 0;
  constexpr Work(Index operations) : flops(operations) {}
  constexpr Work(Index operations, Index rows, Index columns, Index depth) : flops(operations), m(rows), n(columns), k(depth) {}
};

/// Gathers the time of kernels. Point `Workspace::profile` at one to switch it on; without, nothing is measured.
class Profile {
 public:
  struct Entry {
    std::string_view op;  ///< the file of the op that ran the kernel
    bool backward;
    Work size;            ///< of one call
    double seconds = 0;
    Index calls = 0;

    [[nodiscard]] double flops() const { return static_cast<double>(size.flops) * static_cast<double>(calls); }
  };

  void add(const std::source_location& where, bool backward, Work work, std::chrono::steady_clock::duration time) {
    std::string_view op = where.file_name();
    op.remove_prefix(op.rfind('/') + 1);
    op = op.substr(0, op.find('.'));
    for (auto& entry : entries_)
      if (entry.op == op && entry.backward == backward && entry.size.flops == work.flops && entry.size.n == work.n) return count(entry, time);
    entries_.push_back({op, backward, work});
    count(entries_.back(), time);
  }

  [[nodiscard]] const std::vector<Entry>& entries() const { return entries_; }
  [[nodiscard]] double seconds() const {
    double total = 0;
    for (const auto& entry : entries_) total += entry.seconds;
    return total;
  }
  void clear() { entries_.clear(); }

 private:
  static void count(Entry& entry, std::chrono::steady_clock::duration time) {
    entry.seconds += std::chrono::duration<double>(time).count();
    ++entry.calls;
  }

  std::vector<Entry> entries_;
};

}  // namespace graft
