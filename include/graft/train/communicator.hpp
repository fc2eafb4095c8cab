/// \file
/// The last of the five doors: how ranks, which train one model on different examples of every step, add up what they
/// have.
#pragma once

#include <graft/backend/backend.hpp>
#include <graft/backend/host/reference.hpp>

#include <concepts>
#include <cstdint>
#include <span>

namespace graft {

/// A communicator is a handle, copied freely, by which one rank of `ranks()` knows the others. Every rank makes the
/// same calls in the same order.
/// requires: `sum(floats, count, B{})` puts the sum over all ranks in place of `count` floats in memory of backend B,
/// `sum(numbers)` of numbers on the host, which are exact as long as they are whole; every rank ends with the same
/// bits, and the same numbers have the same sum at every call. A rank that ends early is an error to the others and
/// nothing that they wait for. `check_communicator` judges; see docs/communicators.md.
template <class C>
concept Communicator = std::copy_constructible<C> &&
                       requires(C& ranks, const C& known, float* floats, Index count, std::span<double> numbers) {
                         { known.rank() } -> std::same_as<Index>;
                         { known.ranks() } -> std::same_as<Index>;
                         ranks.sum(floats, count, backend::reference{});
                         ranks.sum(numbers);
                       };

/// One rank, which has everything.
struct Alone {
  /// The number of this rank.
  [[nodiscard]] static constexpr Index rank() { return 0; }
  [[nodiscard]] static constexpr Index ranks() { return 1; }
  template <Backend B>
  static void sum(Pointer<B>, Index, B) {}
  static void sum(std::span<double>) {}
};

/// Whether `value` is the same on every rank: of different ones, the mean is none on some rank at least.
template <Communicator C>
bool same_on_all(C& ranks, std::uint64_t value) {
  const double own[] = {static_cast<double>(value >> 32U), static_cast<double>(value & 0xFFFFFFFFU)},
               count = static_cast<double>(ranks.ranks());
  double sums[] = {own[0], own[1]};
  ranks.sum(std::span<double>(sums));
  return sums[0] == count * own[0] && sums[1] == count * own[1];
}

}  // namespace graft
