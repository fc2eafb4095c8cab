/// \file
/// The backend that has shapes and no values. Running a model on it is planning it, also in constant expressions.
#pragma once

#include <graft/backend/backend.hpp>
#include <graft/core/storage.hpp>

namespace graft::backend {

/// Points nowhere, at any offset.
template <class T>
struct Nowhere {
  /// Nowhere as well.
  constexpr Nowhere operator+(Index) const { return {}; }
  /// So that what kernels are given can be written down, though none runs.
  constexpr operator T*() const { return nullptr; }
};

/// Plans for the backend `Of`: frozen weights take the bytes that `Of` would pack them into.
template <class Of>
struct meta {
  static constexpr const char* name = "meta";
  static constexpr bool executes = false;
  template <class T>
  using pointer = Nowhere<T>;
  static constexpr Nowhere<std::byte> allocate(Index) { return {}; }
  static constexpr void release(Nowhere<std::byte>, Index) noexcept {}
  template <class To, class From>
  static constexpr void upload(To, From, Index) {}
  template <class To, class From>
  static constexpr void download(To, From, Index) {}
  static constexpr void wait() {}
};

/// What B packs a weight into.
template <class S, class Of>
constexpr Index packed_bytes(Index out, Index in, S storage, meta<Of>) {
  return packed_bytes(out, in, storage, Of{});
}

/// What B needs beside the results.
template <class X, class S, class Of>
constexpr Index vocabulary_workspace(Index rows, Index vocabulary, Index in, S storage, meta<Of>) {
  return best_vocabulary_workspace<X>(rows, vocabulary, in, storage, Of{});
}

template <class B>
struct PlannedOn {
  using type = meta<B>;
};
template <class Of>
struct PlannedOn<meta<Of>> {
  using type = meta<Of>;
};

}  // namespace graft::backend

namespace graft {
using backend::meta;
/// The backend that plans for B; a plan plans itself.
template <class B>
using planned_on = typename backend::PlannedOn<B>::type;
}  // namespace graft
