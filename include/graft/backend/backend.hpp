/// \file
/// The first of the five doors: what a backend must offer, and how kernels are started.
#pragma once

#include <graft/core/buffer.hpp>
#include <graft/core/error.hpp>

#include <concepts>

namespace graft {

/// requires: `allocate` returns memory aligned to 64 bytes that kernels of this backend may use and the host may not
/// touch; `upload`/`download` are the only bridges. The kernels themselves are free functions taking the tag last;
/// a backend that derives from another has all of that one's kernels. See docs/backends.md.
template <class B>
concept Backend = std::default_initializable<B> &&
    requires(std::byte* device, void* host, const void* from, Index bytes) {
  { B::executes } -> std::convertible_to<bool>;
  { B::allocate(bytes) } -> std::same_as<typename B::template pointer<std::byte>>;
  B::upload(host, from, bytes);
  B::download(host, from, bytes);
  typename B::kernel_scope;
};

/// Runs one kernel: `launch<B>([=](auto on) { fill(y, n, 0.0F, on); })`. On `meta` nothing happens.
template <class B, class Kernel>
constexpr void launch(const Kernel& kernel) {
  if constexpr (B::executes) {
    [[maybe_unused]] const typename B::kernel_scope scope{};
    kernel(B{});
  }
}

}  // namespace graft
