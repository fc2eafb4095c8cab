/// \file
/// A tensor as a file stores it, and what its elements are worth as floats.
#pragma once

#include <graft/core/config.hpp>
#include <graft/core/error.hpp>
#include <graft/core/quantized.hpp>
#include <graft/io/ggml_blocks.hpp>

#include <array>
#include <cstring>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace graft {

/// Element types of tensors in files.
enum class ElementType { F32, F16, BF16, Q8_0, Q4_0, Q4_1, Nf4, Nf4DoubleQuant, Ggml, I64, I32, Other };

/// How many elements a block of a type has, in how many bytes.
struct BlockSize {
  Index elements, bytes;
};

constexpr BlockSize block_size(ElementType type) {
  switch (type) {
    case ElementType::F32:
    case ElementType::I32:
      return {1, 4};
    case ElementType::F16:
    case ElementType::BF16:
      return {1, 2};
    case ElementType::I64:
      return {1, 8};
    case ElementType::Q8_0:
      return {Q8_0::block, Q8_0::block_bytes};
    case ElementType::Q4_0:
      return {Q4_0::block, Q4_0::block_bytes};
    case ElementType::Q4_1:
      return {Q4_1::block, Q4_1::block_bytes};
    case ElementType::Nf4:
      return {Nf4::block, Nf4::block_bytes};
    case ElementType::Nf4DoubleQuant:  // no blocks that stand alone
    case ElementType::Ggml:            // as the tensor's format says
    case ElementType::Other:
      break;
  }
  return {1, 1};
}

/// The storage that is an element type of files, byte for byte.
template <class S>
inline constexpr ElementType file_type = ElementType::Other;
template <>
inline constexpr ElementType file_type<F32> = ElementType::F32;
template <>
inline constexpr ElementType file_type<Plain> = ElementType::F32;
template <>
inline constexpr ElementType file_type<Bf16> = ElementType::BF16;
template <>
inline constexpr ElementType file_type<Q8_0> = ElementType::Q8_0;
template <>
inline constexpr ElementType file_type<Q4_1> = ElementType::Q4_1;
template <>
inline constexpr ElementType file_type<Nf4> = ElementType::Nf4;
template <>
inline constexpr ElementType file_type<Nf4DoubleQuant> = ElementType::Nf4DoubleQuant;

/// "model.layers.0.mlp.up_proj.weight [1536, 576]"
inline std::string described(const std::string& name, const std::vector<Index>& shape) {
  std::string text = name + " [";
  for (Index i = 0; i < shape.size(); ++i) text += (i != 0 ? ", " : "") + std::to_string(shape[i]);
  return text + "]";
}

/// A view into a mapped file. `shape` is outermost first, as Hugging Face writes it.
struct StoredTensor {
  ElementType type = ElementType::Other;
  std::string type_name;  ///< the type as the file spells it
  std::vector<Index> shape;
  const std::byte* data = nullptr;
  Index bytes = 0;
  const ggml::Format* format = nullptr;  ///< of ElementType::Ggml

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
/// A value out of bytes, at any address.
template <class T>
T load(const std::byte* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}
}  // namespace io

/// The elements as floats. `name` is for the error where a type is not supported.
std::vector<float> to_floats(const StoredTensor& tensor, const std::string& name);

#if defined(GRAFT_TEXT_INLINE)
GRAFT_TEXT_INLINE std::vector<float> to_floats(const StoredTensor& tensor, const std::string& name) {
  using io::load;
  std::vector<float> out(tensor.size());
  if (tensor.type == ElementType::Nf4DoubleQuant) {
    const Index n = tensor.shape.back();
    for (Index o = 0; o * n < out.size(); ++o)
      Nf4DoubleQuant::decode_row(&out[o * n], tensor.data + o * Nf4DoubleQuant::row_bytes(n), n);
    return out;
  }
  if (tensor.type == ElementType::Ggml) {
    for (Index block = 0; block < out.size() / tensor.format->elements; ++block)
      tensor.format->decode(&out[block * tensor.format->elements], tensor.data + block * tensor.format->bytes);
    return out;
  }
  const auto [elements, bytes] = block_size(tensor.type);
  for (Index block = 0; block < out.size() / elements; ++block) {
    const std::byte* const at = tensor.data + block * bytes;
    switch (tensor.type) {
      case ElementType::F32:
        out[block] = load<float>(at);
        break;
      case ElementType::F16:
        out[block] = half_to_float(load<std::uint16_t>(at));
        break;
      case ElementType::BF16:
        out[block] = std::bit_cast<float>(std::uint32_t{load<std::uint16_t>(at)} << 16U);
        break;
      case ElementType::Q8_0:
        Q8_0::decode(&out[elements * block], at);
        break;
      case ElementType::Q4_0:
        Q4_0::decode(&out[elements * block], at);
        break;
      case ElementType::Q4_1:
        Q4_1::decode(&out[elements * block], at);
        break;
      case ElementType::Nf4:
        Nf4::decode(&out[elements * block], at);
        break;
      case ElementType::Nf4DoubleQuant:
      case ElementType::Ggml:
      case ElementType::I64:
      case ElementType::I32:
      case ElementType::Other:
        fail("tensor \"", name, "\" has elements of type ", tensor.type_name,
             ", which graft cannot read as numbers; it reads F32, F16, BF16, bitsandbytes' nf4, and of GGUF Q8_0, "
             "Q4_0, Q4_1, Q5_0, Q5_1, Q2_K to Q6_K, IQ4_NL and IQ4_XS");
    }
  }
  return out;
}
#endif

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
