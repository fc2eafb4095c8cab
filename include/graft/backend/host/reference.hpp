/// \file
/// The backend that judges all others: plain memory of the host and, in the files beside this one, plain loops.
///
/// A kernel is a free function whose last argument is the backend's tag; overload resolution finds the one nearest
/// along the chain from which the tag derives.
#pragma once

#include <graft/backend/composed/composed.hpp>
#include <graft/core/buffer.hpp>
#include <graft/core/parallel.hpp>
#include <graft/core/quantized.hpp>

#include <cstring>
#include <new>
#include <string>
#include <type_traits>

namespace graft::backend {

/// A backend that derives from it says that its memory is the host's: it inherits every kernel that it does not
/// improve.
struct reference : composed {
  static constexpr const char* name = "reference";

  /// Whether kernels run and values exist (false only on `meta`).
  static constexpr bool executes = true;

  template <class T>
  using pointer = T*;

  static std::byte* allocate(Index bytes) {
    return static_cast<std::byte*>(::operator new(bytes, std::align_val_t{64}));
  }
  static void release(std::byte* data, Index) noexcept { ::operator delete(data, std::align_val_t{64}); }
  static void upload(void* to, const void* from, Index bytes) { std::memcpy(to, from, bytes); }
  static void download(void* to, const void* from, Index bytes) { std::memcpy(to, from, bytes); }
  /// Kernels are done when they return.
  static void wait() {}
  /// Memory of the calling thread that grows to what was ever asked. `Use` tells apart what is alive at the same time.
  template <class Use, class E>
  static E* scratch(Index count);
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

/// What products with weights kept as S run on, in words. A backend that chooses says what it chose.
template <class S, class On>
std::string chosen_kernels(S, On) {
  return std::string("the kernels of ") + On::name;
}

/// Elements below which starting threads costs more than it saves.
inline constexpr Index parallel_threshold = 1U << 14U;

/// Rows handed to a thread at a time by row-wise kernels.
inline constexpr Index row_piece = 16;

template <class Use, class E>
E* reference::scratch(Index count) {
  static thread_local Buffer<reference> memory;
  if (memory.bytes() < count * sizeof(E)) memory = Buffer<reference>(count * sizeof(E));
  return memory.template as<E>();
}
/// The same, for kernels of the host.
template <class Use, class E>
E* scratch(Index count) {
  return reference::scratch<Use, E>(count);
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
