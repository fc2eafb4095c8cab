/// \file
/// A file as memory, read only what is touched.
#pragma once

#include <graft/core/error.hpp>
#include <graft/core/types.hpp>

#include <filesystem>
#include <span>
#include <utility>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace graft {

/// A read-only memory map of a whole file (POSIX).
class MappedFile {
 public:
  explicit MappedFile(const std::filesystem::path& path) {
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) fail("cannot open ", path.string(), ": is the path right, and may you read it?");
    struct stat status{};
    if (::fstat(file, &status) != 0 || !S_ISREG(status.st_mode)) {
      ::close(file);
      fail(path.string(), " is not a regular file");
    }
    size_ = static_cast<Index>(status.st_size);
    if (size_ != 0) {
      void* const data = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file, 0);
      if (data != MAP_FAILED) data_ = static_cast<std::byte*>(data);
    }
    ::close(file);
    if (size_ != 0 && data_ == nullptr) fail("cannot map ", path.string(), " into memory (", size_, " bytes)");
  }
  MappedFile(MappedFile&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  MappedFile& operator=(MappedFile&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~MappedFile() {
    if (data_ != nullptr) ::munmap(data_, size_);
  }

  [[nodiscard]] std::span<const std::byte> bytes() const { return {data_, size_}; }
  /// The bytes from `at` to the end of the file; none where that is not in its map.
  [[nodiscard]] std::span<const std::byte> from(const std::byte* at) const {
    const auto offset =
        static_cast<Index>(reinterpret_cast<std::uintptr_t>(at) - reinterpret_cast<std::uintptr_t>(data_));
    return offset < size_ ? bytes().subspan(offset) : std::span<const std::byte>();
  }

 private:
  std::byte* data_ = nullptr;
  Index size_ = 0;
};

}  // namespace graft
