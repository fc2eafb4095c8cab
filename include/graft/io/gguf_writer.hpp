/// \file
/// GGUF version 3, written: a few metadata values and float32 tensors, atomically.
#pragma once

#include <graft/io/files.hpp>
#include <graft/io/safetensors.hpp>

#include <variant>

namespace graft {

/// Keys with texts, floats or unsigned numbers.
using GgufMetadata = std::vector<std::pair<std::string, std::variant<std::string, float, std::uint32_t>>>;

/// Shapes are row-major, as everywhere in graft; GGUF lists extents the other way round.
inline void write_gguf(const std::filesystem::path& path, const GgufMetadata& metadata,
                       const std::vector<NamedTensor>& tensors) {
  constexpr std::uint64_t alignment = 32;
  constexpr std::uint32_t type_u32 = 4, type_f32 = 6, type_string = 8, tensor_f32 = 0;
  AtomicFile file(path);
  std::uint64_t written = 0;
  const auto bytes = [&](const void* data, std::uint64_t count) {
    file.write(data, count);
    written += count;
  };
  const auto number = [&](auto value) { bytes(&value, sizeof value); };
  const auto text = [&](const std::string& s) {
    number(static_cast<std::uint64_t>(s.size()));
    bytes(s.data(), s.size());
  };
  bytes("GGUF", 4);
  number(std::uint32_t{3});
  number(static_cast<std::uint64_t>(tensors.size()));
  number(static_cast<std::uint64_t>(metadata.size()));
  for (const auto& [key, value] : metadata) {
    text(key);
    if (const auto* s = std::get_if<std::string>(&value)) number(type_string), text(*s);
    else if (const auto* f = std::get_if<float>(&value)) number(type_f32), number(*f);
    else number(type_u32), number(std::get<std::uint32_t>(value));
  }
  std::uint64_t offset = 0;
  for (const auto& tensor : tensors) {
    text(tensor.name);
    number(static_cast<std::uint32_t>(tensor.shape.size()));
    for (auto extent = tensor.shape.rbegin(); extent != tensor.shape.rend(); ++extent)
      number(static_cast<std::uint64_t>(*extent));
    number(tensor_f32);
    number(offset);
    offset += (tensor.values.size() * sizeof(float) + alignment - 1) / alignment * alignment;
  }
  constexpr char zeros[alignment] = {};
  const auto pad = [&] { bytes(zeros, (alignment - written % alignment) % alignment); };
  pad();
  for (const auto& tensor : tensors) {
    bytes(tensor.values.data(), tensor.values.size() * sizeof(float));
    pad();
  }
  file.commit();
}

}  // namespace graft
