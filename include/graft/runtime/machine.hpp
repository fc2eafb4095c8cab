/// \file
/// What a run's report says of the machine and of files.
#pragma once

#include <graft/core/fingerprint.hpp>
#include <graft/core/parallel.hpp>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <sys/resource.h>

namespace graft {

/// The most bytes that this process has had in memory so far.
[[nodiscard, gnu::cold]] inline Index peak_resident_bytes() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<Index>(usage.ru_maxrss) * 1024;
}

/// The CPU, and how many threads kernels take.
[[nodiscard, gnu::cold]] inline std::string machine_name() {
  const auto threads = std::to_string(thread_count()) + " threads";
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);)
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2) + ", " + threads;
  return threads;
}

/// Bytes of a file, or of the files of a folder; 0 where there is nothing.
[[nodiscard, gnu::cold]] inline std::uintmax_t size_on_disk(const std::filesystem::path& path) {
  if (!std::filesystem::is_directory(path)) return std::filesystem::exists(path) ? std::filesystem::file_size(path) : 0;
  std::uintmax_t bytes = 0;
  for (const auto& entry : std::filesystem::directory_iterator(path))
    if (entry.is_regular_file()) bytes += entry.file_size();
  return bytes;
}

/// Of what a model's files hold.
[[nodiscard, gnu::cold]] inline std::string model_fingerprint(const std::filesystem::path& model) {
  std::vector<std::filesystem::path> files;
  if (!std::filesystem::is_directory(model)) files.push_back(model);
  else
    for (const auto& entry : std::filesystem::directory_iterator(model))
      if (entry.path().extension() == ".safetensors" || entry.path().filename() == "config.json")
        files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  Fingerprint all;
  std::vector<char> piece(1 << 20);
  for (const auto& file : files)
    for (std::ifstream in(file, std::ios::binary); in;) {
      in.read(piece.data(), static_cast<std::streamsize>(piece.size()));
      all.add(piece.data(), static_cast<std::size_t>(in.gcount()));
    }
  return all.text();
}

/// Measures time from when it was made.
class Stopwatch {
 public:
  [[nodiscard]] double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - began_).count();
  }

 private:
  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
};

}  // namespace graft
