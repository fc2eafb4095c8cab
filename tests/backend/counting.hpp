// `reference` that counts its allocations.
#pragma once

#include <graft/backend/reference.hpp>

struct counting : graft::reference {
  inline static int allocations = 0;
  static std::byte* allocate(graft::Index bytes) {
    ++allocations;
    return reference::allocate(bytes);
  }
};
