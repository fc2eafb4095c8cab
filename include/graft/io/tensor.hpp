/// \file
/// A tensor as a file stores it, and what its elements are worth as floats.
///
/// Blocks of 32 elements of GGUF:  Q8_0 half d, int8 q[32]: w = d q     Q4_0 half d, nibbles: w = d (q − 8)
/// Q4_1 half d, half m, nibbles: w = d q + m     The low nibbles of the 16 bytes come first, then the high ones.
#pragma once

#include <graft/core/error.hpp>
#include <graft/core/storage.hpp>

#include <array>
#include <cstring>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace graft {

enum class ElementType { F32, F16, BF16, Q8_0, Q4_0, Q4_1, I64, I32, Other };

/// How many elements a block of a type has, in how many bytes.
struct BlockSize {
  Index elements, bytes;
};

constexpr BlockSize block_size(ElementType type) {
  switch (type) {
    case ElementType::F32:
    case ElementType::I32: return {1, 4};
    case ElementType::F16:
    case ElementType::BF16: return {1, 2};
    case ElementType::I64: return {1, 8};
    case ElementType::Q8_0: return {32, 34};
    case ElementType::Q4_0: return {32, 18};
    case ElementType::Q4_1: return {32, 20};
    case ElementType::Other: break;
  }
  return {1, 1};
}

/// A view into a mapped file. `shape` is outermost first, as Hugging Face writes it.
struct StoredTensor {
  ElementType type = ElementType::Other;
  std::string type_name;
  std::vector<Index> shape;
  const std::byte* data = nullptr;
  Index bytes = 0;

  [[nodiscard]] Index size() const {
    Index n = 1;
    for (const Index extent : shape) n *= extent;
    return n;
  }
};

/// Tensors by name, in the order of their names.
using TensorMap = std::map<std::string, StoredTensor>;

/// The product of extents, or nothing where it does not fit: a hostile header.
inline std::optional<Index> checked_size(const std::vector<Index>& shape) {
  Index n = 1;
  for (const Index extent : shape)
    if (__builtin_mul_overflow(n, extent, &n)) return std::nullopt;
  return n;
}

namespace io {
template <class T>
T load(const std::byte* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}
}  // namespace io

/// The elements as floats. `name` is for the error where a type is not supported.
inline std::vector<float> to_floats(const StoredTensor& tensor, const std::string& name) {
  using io::load;
  std::vector<float> out(tensor.size());
  const auto half = [](const std::byte* p) { return half_to_float(load<std::uint16_t>(p)); };
  const auto nibbles = [&out](Index block, const std::byte* q, auto value) {
    for (Index j = 0; j < 16; ++j) {
      const auto byte = std::to_integer<unsigned>(q[j]);
      out[32 * block + j] = value(static_cast<float>(byte & 15U));
      out[32 * block + 16 + j] = value(static_cast<float>(byte >> 4U));
    }
  };
  const auto [elements, bytes] = block_size(tensor.type);
  for (Index block = 0; block < out.size() / elements; ++block) {
    const std::byte* const at = tensor.data + block * bytes;
    switch (tensor.type) {
      case ElementType::F32: out[block] = load<float>(at); break;
      case ElementType::F16: out[block] = half(at); break;
      case ElementType::BF16: out[block] = std::bit_cast<float>(std::uint32_t{load<std::uint16_t>(at)} << 16U); break;
      case ElementType::Q8_0:
        for (Index j = 0; j < 32; ++j) out[32 * block + j] = half(at) * static_cast<float>(load<std::int8_t>(at + 2 + j));
        break;
      case ElementType::Q4_0: nibbles(block, at + 2, [d = half(at)](float q) { return d * (q - 8.0F); }); break;
      case ElementType::Q4_1: nibbles(block, at + 4, [d = half(at), m = half(at + 2)](float q) { return d * q + m; }); break;
      case ElementType::I64:
      case ElementType::I32:
      case ElementType::Other:
        fail("tensor \"", name, "\" has elements of type ", tensor.type_name,
             ", which graft cannot read as numbers; it reads F32, F16, BF16, Q8_0, Q4_0 and Q4_1");
    }
  }
  return out;
}

/// Integer elements (ids, labels).
inline std::vector<std::int64_t> to_integers(const StoredTensor& tensor, const std::string& name) {
  std::vector<std::int64_t> out(tensor.size());
  for (Index i = 0; i < out.size(); ++i) {
    if (tensor.type == ElementType::I64) out[i] = io::load<std::int64_t>(tensor.data + 8 * i);
    else if (tensor.type == ElementType::I32) out[i] = io::load<std::int32_t>(tensor.data + 4 * i);
    else fail("tensor \"", name, "\" holds ", tensor.type_name, " where integers were expected");
  }
  return out;
}

}  // namespace graft
