// `reference` whose memory nobody can touch but kernels and explicit copies: a stand-in for a device.
#pragma once

#include <graft/backend/reference.hpp>

#include <map>

#include <sys/mman.h>

struct guarded : graft::reference {
  static constexpr const char* name = "guarded";
  inline static std::map<std::byte*, graft::Index> blocks;
  inline static int open = 0;

  static void protect(int access) {
    for (const auto& [data, bytes] : blocks) ::mprotect(data, bytes, access);
  }
  struct kernel_scope {
    kernel_scope() {
      if (open++ == 0) protect(PROT_READ | PROT_WRITE);
    }
    ~kernel_scope() {
      if (--open == 0) protect(PROT_NONE);
    }
    kernel_scope(const kernel_scope&) = delete;
  };

  static std::byte* allocate(graft::Index bytes) {
    const graft::Index pages = (bytes + 4095) / 4096 * 4096;
    auto* const data = static_cast<std::byte*>(::mmap(nullptr, pages, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    blocks[data] = pages;
    return data;
  }
  static void release(std::byte* data, graft::Index) noexcept {
    ::munmap(data, blocks.at(data));
    blocks.erase(data);
  }
  static void upload(void* to, const void* from, graft::Index bytes) {
    const kernel_scope scope;
    reference::upload(to, from, bytes);
  }
  static void download(void* to, const void* from, graft::Index bytes) {
    const kernel_scope scope;
    reference::download(to, from, bytes);
  }
};
