// Files made by hand, for tests of readers.
#pragma once

#include "error.hpp"

#include <graft/io.hpp>

#include <cstring>

namespace made {

inline std::span<const std::byte> bytes(const std::string& text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

/// Bytes appended in file order.
struct Bytes {
  std::string text;
  template <class T>
  Bytes& number(T value) {
    text.append(reinterpret_cast<const char*>(&value), sizeof value);
    return *this;
  }
  Bytes& string(const std::string& s) {
    number(std::uint64_t{s.size()});
    text += s;
    return *this;
  }
};

struct GgufTensor {
  std::string name;
  std::vector<std::uint64_t> dims;  // innermost first
  std::uint32_t type;
  std::string data;
};

/// A GGUF with metadata already encoded.
inline std::string gguf(const std::vector<std::string>& metadata, const std::vector<GgufTensor>& tensors) {
  Bytes out;
  out.number(std::uint32_t{0x46554747})
      .number(std::uint32_t{3})
      .number(std::uint64_t{tensors.size()})
      .number(std::uint64_t{metadata.size()});
  for (const auto& m : metadata) out.text += m;
  std::uint64_t offset = 0;
  for (const auto& t : tensors) {
    out.string(t.name).number(static_cast<std::uint32_t>(t.dims.size()));
    for (const auto d : t.dims) out.number(d);
    out.number(t.type).number(offset);
    offset += (t.data.size() + 31) / 32 * 32;
  }
  out.text.resize((out.text.size() + 31) / 32 * 32);
  for (const auto& t : tensors) {
    out.text += t.data;
    out.text.resize((out.text.size() + 31) / 32 * 32);
  }
  return out.text;
}
inline std::string text_value(const std::string& key, const std::string& value) {
  return Bytes{}.string(key).number(std::uint32_t{8}).string(value).text;
}
inline std::string count_value(const std::string& key, std::uint32_t value) {
  return Bytes{}.string(key).number(std::uint32_t{4}).number(value).text;
}
inline std::string real_value(const std::string& key, float value) {
  return Bytes{}.string(key).number(std::uint32_t{6}).number(value).text;
}

inline std::string safetensors(const std::string& header, std::size_t data) {
  return Bytes{}.number(std::uint64_t{header.size()}).text + header + std::string(data, '\0');
}

}  // namespace made
