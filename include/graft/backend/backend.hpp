/// \file
/// The first of the five doors: what a backend must offer, and how kernels are started.
#pragma once

#include <graft/core/buffer.hpp>
#include <graft/core/error.hpp>

#include <concepts>

namespace graft {

/// A value of B is a queue of kernels, which run in their order: an empty struct where kernels are done when they
/// return; on a device it knows the stream, and memory that kernels borrow. B{} is the queue that everybody has.
/// requires: `allocate` returns memory aligned to 64 bytes that kernels of this backend may use and the host may not
/// touch; `on.upload`, which returns when `from` may be written again, and `on.download`, which waits, are the only
/// bridges; `on.wait()` returns when all kernels are done. The kernels themselves are free functions that take `on`
/// last: those of graft/backend/kernels/, all of them. See docs/backends.md.
template <class B>
concept Backend = std::default_initializable<B> && std::copyable<B> &&
                  requires(const B& on, Pointer<B, std::byte> there, void* host, const void* from, Index bytes) {
                    { B::executes } -> std::convertible_to<bool>;
                    { B::allocate(bytes) } -> std::same_as<Pointer<B, std::byte>>;
                    B::release(there, bytes);
                    on.upload(there, from, bytes);
                    on.download(host, there, bytes);
                    on.wait();
                  };

/// Starts one kernel on a queue: `launch(on, [=](auto on) { fill(y, n, 0.0F, on); })`. On `meta` nothing happens.
template <class B, class Kernel>
constexpr void launch(const B& on, const Kernel& kernel) {
  if constexpr (B::executes) kernel(on);
}
/// On the queue that everybody has.
template <class B, class Kernel>
constexpr void launch(const Kernel& kernel) {
  launch(B{}, kernel);
}

}  // namespace graft
