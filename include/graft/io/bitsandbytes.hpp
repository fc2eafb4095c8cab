/// \file
/// 4-bit weights as bitsandbytes and transformers keep them in safetensors: "w" holds two codes a byte over all rows,
/// and beside it are "w.absmax" (a float for 64 elements; or a byte, with "w.nested_absmax" and "w.nested_quant_map"),
/// "w.quant_map" and "w.quant_state.bitsandbytes__nf4", bytes of JSON. See core/quantized.hpp for what they mean.
#pragma once

#include <graft/io/json.hpp>
#include <graft/io/tensor.hpp>

#include <deque>

namespace graft {

/// Puts one tensor in the place of each such group: of type Nf4 or Nf4DoubleQuant where no block goes over the end of a
/// row, of floats otherwise. `memory` keeps the bytes. Throws where a part is missing or of another size, and on fp4
/// and other sizes of blocks.
[[gnu::cold]] inline void join_bitsandbytes(TensorMap& tensors, std::deque<std::vector<std::byte>>& memory,
                                            const std::string& source) {
  static constexpr std::string_view mark = ".quant_state.bitsandbytes__";
  std::vector<std::string> states;
  for (const auto& [name, tensor] : tensors)
    if (name.find(mark) != std::string::npos) states.push_back(name);
  for (const auto& state_name : states) {
    const std::string name = state_name.substr(0, state_name.find(mark)),
                      where = source + ", tensor \"" + name + "\" of bitsandbytes";
    const auto part = [&](const std::string& suffix, Index bytes) {
      const auto found = tensors.find(name + suffix);
      if (found == tensors.end())
        fail(where, ": \"", name, suffix, "\" is missing; save the model again, or take the one that is not quantised");
      if (found->second.bytes != bytes)
        fail(where, ": \"", name, suffix, "\" has ", found->second.bytes, " bytes, not ", bytes);
      return found->second.data;
    };
    const StoredTensor stated = tensors.at(state_name);
    const Json state = parse_json({reinterpret_cast<const char*>(stated.data), stated.bytes}, state_name);
    const auto kind = required<std::string>(state, "quant_type", where);
    const auto shape = required<std::vector<Index>>(state, "shape", where);
    const auto size = checked_size(shape);
    if (kind != "nf4" || required<Index>(state, "blocksize", where) != Nf4::block)
      fail(where, ": graft reads nf4 in blocks of 64, and this is ", kind, " in blocks of ",
           state.at("blocksize").dump());
    if (shape.size() != 2 || !size || *size == 0 || *size > Index{1} << 60U)
      fail(where, ": its shape ", state.at("shape").dump(), " is no matrix's");
    const Index rows = shape[0], n = shape[1], count = (*size + Nf4::block - 1) / Nf4::block;
    const bool nested = tensors.contains(name + ".nested_absmax");
    const std::byte* const codes = part("", (*size + 1) / 2);
    const std::byte* const absmax = part(".absmax", nested ? count : count * sizeof(float));
    // to a last bit, in which PyTorch's versions differ
    const auto same_map = [&](const std::string& suffix, const auto& map) {
      const std::byte* const stored = part(suffix, sizeof(map));
      for (Index i = 0; i < map.size(); ++i)
        if (!(std::abs(quantized::load<float>(stored + i * sizeof(float)) - map[i]) < 1e-6F))
          fail(where, ": \"", name, suffix,
               "\" holds other numbers than bitsandbytes' own; save the model again, or take the one that is not "
               "quantised");
    };
    same_map(".quant_map", Nf4::code);
    std::vector<float> scales(nested ? (count + Nf4DoubleQuant::group - 1) / Nf4DoubleQuant::group : 0);
    float offset = 0;
    if (nested) {
      if (required<Index>(state, "nested_blocksize", where) != Nf4DoubleQuant::group)
        fail(where, ": graft reads scales in groups of 256");
      same_map(".nested_quant_map", Nf4DoubleQuant::dynamic);
      std::memcpy(scales.data(), part(".nested_absmax", scales.size() * sizeof(float)), scales.size() * sizeof(float));
      offset = required<float>(state, "nested_offset", where);
    }

    // Tensors over all elements as one row, or over rows that whole blocks fill.
    const bool aligned = n % Nf4::block == 0;
    const Index laid_rows = aligned ? rows : 1, length = aligned ? n : count * Nf4::block,
                per_row = length / Nf4::block;
    std::vector<std::byte> padded;
    const std::byte* from = codes;
    if (!aligned) {
      padded.assign(codes, codes + (*size + 1) / 2);
      padded.resize(count * Nf4::block / 2);
      from = padded.data();
    }
    const auto nibbles = [&](std::byte* to, Index o, Index b) {
      std::memcpy(to, from + (o * per_row + b) * (Nf4::block / 2), Nf4::block / 2);
    };
    std::vector<std::byte> bytes(nested ? laid_rows * Nf4DoubleQuant::row_bytes(length) : count * Nf4::block_bytes);
    if (nested) {
      Nf4DoubleQuant::lay_out(
          bytes.data(), laid_rows, length, offset, scales.data(),
          [&](Index o, Index b) { return absmax[o * per_row + b]; }, nibbles);
    } else {
      for (Index b = 0; b < count; ++b) {
        std::memcpy(&bytes[b * Nf4::block_bytes], absmax + b * sizeof(float), sizeof(float));
        nibbles(&bytes[b * Nf4::block_bytes + sizeof(float)], 0, b);
      }
    }
    StoredTensor joined{
        nested ? ElementType::Nf4DoubleQuant : ElementType::Nf4, kind, {laid_rows, length}, bytes.data(), bytes.size()};
    if (!aligned) {
      const auto values = to_floats(joined, name);
      bytes.resize(*size * sizeof(float));
      std::memcpy(bytes.data(), values.data(), bytes.size());
      joined = {ElementType::F32, "F32", {}, nullptr, bytes.size()};
    }
    memory.push_back(std::move(bytes));
    joined.shape = shape;
    joined.data = memory.back().data();
    for (const char* suffix : {".absmax", ".quant_map", ".nested_absmax", ".nested_quant_map"})
      tensors.erase(name + suffix);
    tensors.erase(state_name);
    tensors[name] = std::move(joined);
  }
}

}  // namespace graft
