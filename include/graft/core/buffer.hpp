/// \file
/// Memory that a backend owns, alone or together with others, and nothing but views of it outside kernels.
#pragma once

#include <graft/core/types.hpp>

#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace graft {

/// Where a value lies: a plain pointer on devices that compute, nothing at all on `meta`.
template <class Backend, class T = float>
using Pointer = typename Backend::template pointer<T>;

/// A typed pointer into memory of the same backend, `bytes` further on.
template <class T, class U>
constexpr T* shifted(U* base, Index bytes) {
  return reinterpret_cast<T*>(reinterpret_cast<std::byte*>(base) + bytes);
}

/// Owns bytes on a backend; moves, never copies.
template <class Backend>
class Buffer {
 public:
  constexpr Buffer() = default;
  constexpr explicit Buffer(Index bytes) : bytes_(bytes) {
    if (bytes != 0) data_ = Backend::allocate(bytes);
  }
  constexpr Buffer(Buffer&& other) noexcept
      : data_(std::exchange(other.data_, {})), bytes_(std::exchange(other.bytes_, 0)) {}
  constexpr Buffer& operator=(Buffer&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  constexpr ~Buffer() {
    if (bytes_ != 0) Backend::release(data_, bytes_);
  }

  [[nodiscard]] constexpr Index bytes() const { return bytes_; }

  /// The address of byte `offset`, typed.
  template <class T = float>
  [[nodiscard]] constexpr Pointer<Backend, T> as(Index offset = 0) const {
    if constexpr (Backend::executes) return shifted<T>(data_, offset);
    else return {};
  }

 private:
  Pointer<Backend, std::byte> data_{};
  Index bytes_ = 0;
};

/// Bytes that are written once and then read by whoever has a copy of this object; so a copy costs nothing. They are a
/// `Buffer`, released with the last copy, or somebody else's (a mapped file's, a host's), which are never written.
template <class Backend>
class SharedBuffer {
 public:
  SharedBuffer() = default;
  /// A view of memory that kernels of this backend may read. `owner` keeps it; without one, who lends it does.
  SharedBuffer(std::span<const std::byte> bytes, std::shared_ptr<const void> owner)
      : data_(std::move(owner), const_cast<std::byte*>(bytes.data())) {}

  /// Whether there is anything to read.
  explicit operator bool() const { return data_ != nullptr; }
  template <class T = float>
  [[nodiscard]] Pointer<Backend, T> as() const {
    return shifted<T>(data_.get(), 0);
  }
  /// Whether anybody else may see it.
  [[nodiscard]] bool is_shared() const { return !own_ || data_.use_count() != 1; }
  /// Memory to write: what is there already, if it is not shared, or as many bytes anew.
  [[nodiscard]] Pointer<Backend, std::byte> renewed(Index bytes) {
    if (is_shared()) {
      const auto memory = std::make_shared<Buffer<Backend>>(bytes);
      data_ = {memory, memory->template as<std::byte>()};
      own_ = true;
    }
    return data_.get();
  }

 private:
  std::shared_ptr<std::byte> data_{};
  bool own_ = false;  ///< a Buffer's
};
template <class Backend>
  requires(!Backend::executes)
class SharedBuffer<Backend> {
 public:
  template <class T = float>
  [[nodiscard]] constexpr Pointer<Backend, T> as() const {
    return {};
  }
};

/// An explicit copy from the host to the backend, and back.
template <class Backend, class T>
void upload(Pointer<Backend, T> to, std::span<const T> from) {
  if (!from.empty()) Backend{}.upload(to, from.data(), from.size_bytes());
}

template <class Backend, class T>
std::vector<T> download(Pointer<Backend, T> from, Index count) {
  std::vector<T> to(count);
  if (count != 0) Backend{}.download(to.data(), from, count * sizeof(T));
  return to;
}

/// One value.
template <class Backend, class T>
T download(Pointer<Backend, T> from) {
  T to;
  Backend{}.download(&to, from, sizeof(T));
  return to;
}

}  // namespace graft
