/// \file
/// Whole small files in, and files and folders out that are either complete or not there.
#pragma once

#include <graft/core/error.hpp>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>

#include <fcntl.h>
#include <unistd.h>

namespace graft {

/// All bytes of a file.
/// \throws Error where it cannot be read
inline std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in || std::filesystem::is_directory(path))
    fail("cannot open ", path.string(), ": is the path right, and may you read it?");
  return {std::istreambuf_iterator<char>(in), {}};
}

/// Writes pieces to a file beside the target, syncs it and renames it over the target: a crash leaves the old file.
class AtomicFile {
 public:
  /// Writes beside the target.
  /// \throws Error where that cannot be opened
  explicit AtomicFile(std::filesystem::path target)
      : target_(std::move(target)),
        temporary_(target_.string() + ".partial"),
        file_(std::fopen(temporary_.c_str(), "wb"), &std::fclose) {
    if (!file_) fail("cannot write ", temporary_.string(), ": ", std::strerror(errno));
  }
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;
  ~AtomicFile() {
    if (!file_) return;
    file_.reset();
    std::error_code ignored;
    std::filesystem::remove(temporary_, ignored);
  }

  /// So many bytes more.
  /// \throws Error where the disk is full
  void write(const void* data, std::size_t bytes) {
    if (bytes != 0 && std::fwrite(data, 1, bytes, file_.get()) != bytes) broken();
  }
  /// A text more.
  /// \throws Error where the disk is full
  void write(std::string_view text) { write(text.data(), text.size()); }

  /// Puts the file in place. Without this call nothing appears.
  void commit() {
    if (std::fflush(file_.get()) != 0 || ::fsync(::fileno(file_.get())) != 0) broken();
    file_.reset();
    std::error_code error;
    std::filesystem::rename(temporary_, target_, error);
    if (error) fail("cannot put ", target_.string(), " in place: ", error.message());
  }

 private:
  [[noreturn]] void broken() {
    fail("cannot write ", temporary_.string(), ": ", std::strerror(errno), " (is the disk full?)");
  }

  std::filesystem::path target_, temporary_;
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file_;
};

/// Writes a file that is there whole or not at all.
/// \throws Error where it cannot be written
inline void write_file(const std::filesystem::path& path, std::string_view text) {
  AtomicFile file(path);
  file.write(text);
  file.commit();
}

/// A folder that is filled beside the target and then takes its place: a crash leaves the old one whole, or none where
/// there was none.
class AtomicFolder {
 public:
  /// Writes beside the target.
  /// \throws Error where that cannot be made
  explicit AtomicFolder(std::filesystem::path target)
      : target_(std::move(target)), temporary_(target_.string() + ".partial") {
    std::filesystem::remove_all(temporary_);
    std::filesystem::create_directories(temporary_);
  }
  AtomicFolder(const AtomicFolder&) = delete;
  AtomicFolder& operator=(const AtomicFolder&) = delete;
  ~AtomicFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(temporary_, ignored);
  }

  /// Where to write meanwhile.
  [[nodiscard]] const std::filesystem::path& path() const { return temporary_; }

  /// Puts the folder in place, instead of all that the old one had. Without this call nothing appears.
  void commit() {
    std::error_code error;
#if defined(RENAME_EXCHANGE)
    // the old one goes with this object
    if (::renameat2(AT_FDCWD, temporary_.c_str(), AT_FDCWD, target_.c_str(), RENAME_EXCHANGE) == 0) return;
    if (errno != ENOENT && errno != EINVAL && errno != ENOSYS) error.assign(errno, std::system_category());
#endif
    if (!error) std::filesystem::remove_all(target_, error);  // on file systems that cannot exchange two folders
    if (!error) std::filesystem::rename(temporary_, target_, error);
    if (error) fail("cannot put ", target_.string(), " in place: ", error.message());
  }

 private:
  std::filesystem::path target_, temporary_;
};

}  // namespace graft
