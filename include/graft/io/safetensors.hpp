/// \file
/// safetensors: a u64 length, a JSON header of names, types, shapes and offsets, then the bytes.
#pragma once

#include <graft/io/json.hpp>
#include <graft/io/mapped_file.hpp>
#include <graft/io/tensor.hpp>

#include <algorithm>
#include <cctype>
#include <span>

namespace graft {

/// The tensors in the bytes of a safetensors file; views, valid as long as the bytes. Throws on anything the format
/// forbids: a header longer than the file, offsets that overlap, leave holes or disagree with a shape.
/// `metadata`, if given, receives the header's "__metadata__".
TensorMap parse_safetensors(std::span<const std::byte> file, const std::string& source, Json* metadata = nullptr);

/// A safetensors file and the map that its views point into.
class SafetensorsFile {
 public:
  /// Maps a file and reads its header.
  /// \throws Error where it is none, or contradicts itself
  explicit SafetensorsFile(const std::filesystem::path& path)
      : file_(path), tensors(parse_safetensors(file_.bytes(), path.string(), &metadata)) {}
  /// The bytes from `at` to the end of the file; none where that is not in it.
  [[nodiscard]] std::span<const std::byte> from(const std::byte* at) const { return file_.from(at); }

 private:
  MappedFile file_;

 public:
  Json metadata;
  TensorMap tensors;
};

/// Why a file of PyTorch's own is refused, and the line that makes one of these of it.
[[nodiscard, gnu::cold]] inline std::string pickle_refusal(const std::filesystem::path& path) {
  std::string name = path.filename().string();
  // the line is for a shell
  if (std::any_of(name.begin(), name.end(),
                  [](unsigned char c) { return std::isalnum(c) == 0 && c != '.' && c != '_' && c != '-'; }))
    name = "FILE";
  const std::string made =
      name.substr(name.starts_with("pytorch_") ? 8 : 0, name.rfind('.') - (name.starts_with("pytorch_") ? 8 : 0)) +
      ".safetensors";
  return path.string() +
         ": this is Python's pickle, which can run code when it is read, and graft does not read it. In its folder: "
         "python3 -c \"import torch, safetensors.torch as s; "
         "s.save_file({k: v.clone().contiguous() for k, v in torch.load('" +
         name + "', map_location='cpu', weights_only=True).items()}, '" + made + "')\"";
}

/// Names and texts that a file carries beside its tensors.
struct Notes : std::map<std::string, std::string> {
  using map::map;
};

/// A float tensor to be written.
struct NamedTensor {
  std::string name;
  std::vector<Index> shape;
  std::vector<float> values;
};

/// Writes float32 tensors, atomically. The header is padded so that data start on 8 bytes, names are sorted.
/// `metadata` maps names to texts.
void write_safetensors(const std::filesystem::path& path, const std::vector<NamedTensor>& tensors,
                       const Notes& metadata = {{"format", "pt"}});

#if defined(GRAFT_TEXT_INLINE)
GRAFT_TEXT_INLINE TensorMap parse_safetensors(std::span<const std::byte> file, const std::string& source,
                                              Json* metadata) {
  if (file.size() < 8)
    fail(source, ": too short for a safetensors file (", file.size(), " bytes); was the download cut off?");
  const auto length = io::load<std::uint64_t>(file.data());
  if (length > file.size() - 8)
    fail(source, ": the header is said to take ", length, " bytes, but only ", file.size() - 8,
         " follow; the file is truncated or no safetensors file");
  const Json header = parse_json({reinterpret_cast<const char*>(file.data()) + 8, length}, source);
  if (!header.is_object())
    fail(source, ": the header is not a JSON object; this is no safetensors file, or a corrupt one");
  const auto data = file.subspan(8 + length);

  static constexpr std::pair<std::string_view, ElementType> types[] = {{"F32", ElementType::F32},
                                                                       {"F16", ElementType::F16},
                                                                       {"BF16", ElementType::BF16},
                                                                       {"I64", ElementType::I64},
                                                                       {"I32", ElementType::I32}};
  TensorMap tensors;
  std::vector<std::pair<Index, Index>> ranges;
  for (const auto& [name, entry] : header.items()) {
    if (name == "__metadata__") {
      if (metadata != nullptr) *metadata = entry;
      continue;
    }
    const std::string where = source + ", tensor \"" + name + "\"";
    StoredTensor tensor;
    tensor.type_name = required<std::string>(entry, "dtype", where);
    for (const auto& [type_name, type] : types)
      if (type_name == tensor.type_name) tensor.type = type;
    const auto& shape = entry.contains("shape") ? entry.at("shape") : Json();
    const auto& offsets = entry.contains("data_offsets") ? entry.at("data_offsets") : Json();
    const auto are_counts = [](const Json& list) {
      return list.is_array() &&
             std::all_of(list.begin(), list.end(), [](const Json& n) { return n.is_number_unsigned(); });
    };
    if (!are_counts(shape) || !are_counts(offsets) || offsets.size() != 2)
      fail(where, ": shape or data_offsets are not lists of non-negative numbers; the file is corrupt");
    tensor.shape = shape.get<std::vector<Index>>();
    const auto begin = offsets[0].get<Index>(), end = offsets[1].get<Index>();
    if (begin > end || end > data.size())
      fail(where, ": its bytes [", begin, ", ", end, ") lie outside the ", data.size(),
           " bytes of data; the file is truncated or corrupt");
    tensor.data = data.data() + begin;
    tensor.bytes = end - begin;
    const auto size = checked_size(tensor.shape);
    Index bytes = 0;
    if (!size || __builtin_mul_overflow(*size, block_size(tensor.type).bytes, &bytes) ||
        (tensor.type != ElementType::Other && bytes != tensor.bytes))
      fail(where, ": its shape needs another number of bytes than the ", tensor.bytes, " it has; the file is corrupt");
    ranges.emplace_back(begin, end);
    tensors.emplace(name, std::move(tensor));
  }
  std::sort(ranges.begin(), ranges.end());
  Index reached = 0;
  for (const auto& [begin, end] : ranges) {
    if (begin != reached)
      fail(source, ": the data of two tensors ", begin < reached ? "overlap" : "leave a hole", " at byte ", begin,
           "; the file is corrupt");
    reached = end;
  }
  if (reached != data.size())
    fail(source, ": ", data.size() - reached, " bytes at the end belong to no tensor; the file is corrupt");
  return tensors;
}

GRAFT_TEXT_INLINE void write_safetensors(const std::filesystem::path& path, const std::vector<NamedTensor>& tensors,
                                         const Notes& metadata) {
  std::map<std::string_view, const NamedTensor*> sorted;
  for (const auto& t : tensors) sorted[t.name] = &t;
  Json header = Json::object();
  for (const auto& [key, text] : metadata) header["__metadata__"][key] = text;
  Index offset = 0;
  for (const auto& [name, tensor] : sorted) {
    const NamedTensor& t = *tensor;
    const Index bytes = t.values.size() * sizeof(float);
    header[t.name] = {{"dtype", "F32"}, {"shape", t.shape}, {"data_offsets", {offset, offset + bytes}}};
    offset += bytes;
  }
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');
  const std::uint64_t length = text.size();
  AtomicFile file(path);
  file.write(&length, sizeof length);
  file.write(text);
  for (const auto& [name, tensor] : sorted) file.write(tensor->values.data(), tensor->values.size() * sizeof(float));
  file.commit();
}
#endif

}  // namespace graft
