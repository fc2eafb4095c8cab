/// \file
/// The backend that judges all others: plain memory of the host and, in the files beside this one, plain loops.
///
/// A backend is an empty tag that inherits what it does not improve. A kernel is a free function in the namespace
/// `graft::backend` whose last argument is the tag; overload resolution finds the one nearest along the chain.
#pragma once

#include <graft/core/buffer.hpp>
#include <graft/core/parallel.hpp>
#include <graft/core/quantized.hpp>

#include <cstring>
#include <new>
#include <type_traits>

namespace graft::backend {

struct reference {
  static constexpr const char* name = "reference";

  /// Whether kernels run and values exist (false only on `meta`).
  static constexpr bool executes = true;

  template <class T>
  using pointer = T*;

  /// Lives while a kernel or a copy runs; what makes memory accessible then.
  struct kernel_scope {};

  static std::byte* allocate(Index bytes) {
    return static_cast<std::byte*>(::operator new (bytes, std::align_val_t{64}));
  }
  static void release(std::byte* data, Index) noexcept { ::operator delete (data, std::align_val_t{64}); }
  static void upload(void* to, const void* from, Index bytes) { std::memcpy(to, from, bytes); }
  static void download(void* to, const void* from, Index bytes) { std::memcpy(to, from, bytes); }
};

/// What `reference` keeps a frozen weight as, row-major.
template <class S>
using StoredElement = std::conditional_t<std::is_same_v<S, Bf16>, Bfloat16, float>;

/// Bytes of a packed w(out,in).
template <class S>
constexpr Index packed_bytes(Index out, Index in, S, reference) {
  if constexpr (QuantizedStorage<S>) return out * S::row_bytes(in);
  else return out * in * sizeof(StoredElement<S>);
}

/// The alignment of a frozen weight's memory where a backend reads S as rows one behind the other, each as S encodes
/// it, so that a host or a file may have them ready; 0 where it packs them into a layout of its own, or cannot read a
/// host's memory.
template <class S>
constexpr Index row_alignment(S, reference) {
  return QuantizedStorage<S> ? 1 : alignof(StoredElement<S>);
}

/// Elements below which starting threads costs more than it saves.
inline constexpr Index parallel_threshold = 1U << 14U;

/// Rows handed to a thread at a time by row-wise kernels.
inline constexpr Index row_piece = 16;

/// Memory of the calling thread that grows to what was ever asked. `Use` tells apart what is alive at the same time.
template <class Use, class E>
E* scratch(Index count) {
  static thread_local Buffer<reference> memory;
  if (memory.bytes() < count * sizeof(E)) memory = Buffer<reference>(count * sizeof(E));
  return memory.template as<E>();
}

/// y ← or +← value: what every backward kernel does with its result.
template <class E>
void put(E& y, float value, bool accumulate) {
  y = E(accumulate ? static_cast<float>(y) + value : value);
}

/// x(T,n) as floats, whatever its elements.
template <class E>
float at(const E* x, Index i) {
  return static_cast<float>(x[i]);
}

}  // namespace graft::backend

namespace graft {
using backend::reference;
}
