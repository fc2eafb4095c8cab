/// \file
/// A backend for tests and examinations of memory.
#pragma once

#include <graft/backend/reference.hpp>

namespace graft {

/// `reference` that knows how much of its memory is in use.
struct counting_reference : reference {
  static constexpr const char* name = "reference that counts";
  inline static Index in_use = 0;
  static std::byte* allocate(Index bytes) {
    in_use += bytes;
    return reference::allocate(bytes);
  }
  static void release(std::byte* data, Index bytes) noexcept {
    in_use -= bytes;
    reference::release(data, bytes);
  }
};

}  // namespace graft
