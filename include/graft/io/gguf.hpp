/// \file
/// GGUF version 2 and 3: key/value metadata and tensors in one file that is read through a memory map.
#pragma once

#include <graft/io/mapped_file.hpp>
#include <graft/io/tensor.hpp>

#include <algorithm>
#include <span>
#include <type_traits>

namespace graft {

/// A metadata value: integers of every width (and booleans) are int64, both float widths are double, arrays are lists
/// of those. One member is in use, the one that `kind` names.
struct GgufValue {
  /// The kind of a value: one, or a list of them.
  enum class Kind { integer, real, text, integers, reals, texts };
  Kind kind = Kind::integer;
  std::int64_t integer = 0;  ///< the number where it is whole
  double real = 0;           ///< the number where it is not
  std::string text{};
  std::vector<std::int64_t> integers{};  ///< a list of whole numbers
  std::vector<double> reals{};           ///< a list of others
  std::vector<std::string> texts{};

  /// The member of type T, or null where another is in use.
  template <class T>
  [[nodiscard]] const T* as() const {
    const auto if_kind = [this](Kind wanted, const T* member) { return kind == wanted ? member : nullptr; };
    if constexpr (std::is_same_v<T, std::int64_t>) return if_kind(Kind::integer, &integer);
    else if constexpr (std::is_same_v<T, double>) return if_kind(Kind::real, &real);
    else if constexpr (std::is_same_v<T, std::string>) return if_kind(Kind::text, &text);
    else if constexpr (std::is_same_v<T, std::vector<std::int64_t>>) return if_kind(Kind::integers, &integers);
    else if constexpr (std::is_same_v<T, std::vector<double>>) return if_kind(Kind::reals, &reals);
    else return if_kind(Kind::texts, &texts);
  }
};

/// Reads forward through bytes and never past their end.
class GgufCursor {
 public:
  /// At the first byte. `source` stands in errors.
  GgufCursor(std::span<const std::byte> bytes, std::string source) : bytes_(bytes), source_(std::move(source)) {}

  /// The next number.
  /// \throws Error where the file ends before it
  template <class T>
  T number() {
    need(sizeof(T), "a number");
    const T value = io::load<T>(bytes_.data() + at_);
    at_ += sizeof(T);
    return value;
  }
  /// The next text.
  /// \throws Error where the file ends before it
  std::string string() {
    const auto length = number<std::uint64_t>();
    need(length, "a string");
    std::string text(reinterpret_cast<const char*>(bytes_.data()) + at_, length);
    at_ += length;
    return text;
  }
  /// A count of things that take at least `smallest` bytes each.
  Index count(Index smallest, const char* things) {
    const auto n = number<std::uint64_t>();
    if (n > (bytes_.size() - at_) / smallest)
      fail(source_, ": it claims ", n, " ", things, ", more than its ", bytes_.size(),
           " bytes can hold; the file is truncated or corrupt");
    return n;
  }
  /// \throws Error where there are not so many bytes left.
  void need(std::uint64_t n, const char* what) const {
    if (n > bytes_.size() - at_)
      fail(source_, ": the file ends within ", what, " at byte ", at_, " (", n, " bytes needed, ", bytes_.size() - at_,
           " left); it is truncated or corrupt");
  }
  /// How many bytes are read.
  [[nodiscard]] Index position() const { return at_; }
  [[nodiscard]] const std::string& source() const { return source_; }

 private:
  std::span<const std::byte> bytes_;
  std::string source_;
  Index at_ = 0;
};

/// Metadata and tensors of GGUF bytes; the tensors are views, valid as long as the bytes.
struct Gguf {
  std::map<std::string, GgufValue> metadata;
  TensorMap tensors;
  std::string source;

  /// Reads a file's header.
  /// \throws Error where it is no GGUF, or contradicts itself
  [[gnu::cold]] Gguf(std::span<const std::byte> file, const std::string& name) : source(name) {
    GgufCursor cursor(file, name);
    if (file.size() < 24 || cursor.number<std::uint32_t>() != 0x46554747U)
      fail(name, ": not a GGUF file (it does not start with \"GGUF\")");
    if (const auto version = cursor.number<std::uint32_t>(); version < 2 || version > 3)
      fail(name, ": GGUF version ", version, "; graft reads versions 2 and 3");
    const Index tensor_count = cursor.count(24, "tensors"), value_count = cursor.count(13, "metadata values");
    for (Index i = 0; i < value_count; ++i) {
      std::string key = cursor.string();
      const auto type = cursor.number<std::uint32_t>();
      metadata.insert_or_assign(std::move(key), value(cursor, type));
    }
    read_tensors(file, cursor, tensor_count);
  }

  /// metadata[key] as T; missing or of another kind is an error that names it.
  template <class T>
  [[nodiscard]] const T& get(const std::string& key) const {
    const auto found = metadata.find(key);
    if (found == metadata.end()) fail(source, ": the metadata lack \"", key, "\"");
    const T* const typed = found->second.template as<T>();
    if (typed == nullptr) fail(source, ": the metadata \"", key, "\" have another type than expected");
    return *typed;
  }
  /// The value under this key, or another where there is none.
  /// \throws Error where it is of another kind
  template <class T>
  [[nodiscard]] T get_or(const std::string& key, const T& otherwise) const {
    return metadata.contains(key) ? get<T>(key) : otherwise;
  }

 private:
  static GgufValue value(GgufCursor& cursor, std::uint32_t type) {
    GgufValue v;
    if (type == 9) return array(cursor);
    if (type == 8) v.kind = GgufValue::Kind::text, v.text = cursor.string();
    else if (type == 6 || type == 12) v.kind = GgufValue::Kind::real, v.real = real(cursor, type);
    else v.integer = integer(cursor, type);
    return v;
  }
  static double real(GgufCursor& cursor, std::uint32_t type) {
    return type == 6 ? static_cast<double>(cursor.number<float>()) : cursor.number<double>();
  }
  static std::int64_t integer(GgufCursor& cursor, std::uint32_t type) {
    switch (type) {
      case 0:
        return cursor.number<std::uint8_t>();
      case 1:
        return cursor.number<std::int8_t>();
      case 2:
        return cursor.number<std::uint16_t>();
      case 3:
        return cursor.number<std::int16_t>();
      case 4:
        return cursor.number<std::uint32_t>();
      case 5:
        return cursor.number<std::int32_t>();
      case 7:
        return cursor.number<std::uint8_t>();
      case 10:
        return static_cast<std::int64_t>(cursor.number<std::uint64_t>());
      case 11:
        return cursor.number<std::int64_t>();
      default:
        fail(cursor.source(), ": unknown type ", type, " of a metadata value at byte ", cursor.position());
    }
  }
  static GgufValue array(GgufCursor& cursor) {
    const auto type = cursor.number<std::uint32_t>();
    if (type == 9) fail(cursor.source(), ": an array of arrays in the metadata, which graft does not read");
    const bool texts = type == 8, reals = type == 6 || type == 12;
    const Index n = cursor.count(texts ? 8 : reals ? 4 : 1, "elements of an array");
    GgufValue v{.kind = texts ? GgufValue::Kind::texts : reals ? GgufValue::Kind::reals : GgufValue::Kind::integers};
    for (Index i = 0; i < n; ++i) {
      if (texts) v.texts.push_back(cursor.string());
      else if (reals) v.reals.push_back(real(cursor, type));
      else v.integers.push_back(integer(cursor, type));
    }
    return v;
  }

  [[gnu::cold]] void read_tensors(std::span<const std::byte> file, GgufCursor& cursor, Index count) {
    struct Known {
      std::uint32_t number;
      ElementType type;
      const char* name;
    };
    static constexpr Known types[] = {{0, ElementType::F32, "F32"},    {1, ElementType::F16, "F16"},
                                      {30, ElementType::BF16, "BF16"}, {8, ElementType::Q8_0, "Q8_0"},
                                      {2, ElementType::Q4_0, "Q4_0"},  {3, ElementType::Q4_1, "Q4_1"}};
    std::vector<std::pair<std::string, std::uint64_t>> offsets;
    for (Index i = 0; i < count; ++i) {
      std::string name = cursor.string();
      const std::string where = source + ", tensor \"" + name + "\"";
      StoredTensor tensor;
      const auto dimensions = cursor.number<std::uint32_t>();
      if (dimensions > 4) fail(where, ": ", dimensions, " dimensions; GGUF allows 4");
      for (std::uint32_t d = 0; d < dimensions; ++d)
        tensor.shape.insert(tensor.shape.begin(), cursor.number<std::uint64_t>());
      const auto type = cursor.number<std::uint32_t>();
      tensor.type_name = "GGML type " + std::to_string(type);
      for (const auto& known : types)
        if (known.number == type) {
          tensor.type = known.type;
          tensor.type_name = known.name;
        }
      BlockSize block = block_size(tensor.type);
      for (const auto& format : ggml::formats)
        if (format.number == type) {
          tensor.type = ElementType::Ggml;
          tensor.type_name = format.name;
          tensor.format = &format;
          block = {format.elements, format.bytes};
        }
      const auto size = checked_size(tensor.shape);
      const auto [elements, bytes] = block;
      if (!size || (!tensor.shape.empty() && tensor.shape.back() % elements != 0) ||
          __builtin_mul_overflow(*size / elements, bytes, &tensor.bytes))
        fail(where, ": an impossible shape for ", tensor.type_name);
      offsets.emplace_back(name, cursor.number<std::uint64_t>());
      if (!tensors.emplace(std::move(name), std::move(tensor)).second) fail(where, ": the name occurs twice");
    }
    const auto alignment = get_or<std::int64_t>("general.alignment", 32);
    if (alignment <= 0 || alignment > 1 << 20 || alignment % 8 != 0) fail(source, ": general.alignment is ", alignment);
    const auto unit = static_cast<Index>(alignment);
    const Index start = (cursor.position() + unit - 1) / unit * unit;
    for (const auto& [name, offset] : offsets) {
      auto& tensor = tensors.at(name);
      if (offset % unit != 0 || start > file.size() || offset > file.size() - start ||
          tensor.bytes > file.size() - start - offset)
        fail(source, ", tensor \"", name, "\": its ", tensor.bytes, " bytes at offset ", offset,
             " lie outside the file; it is truncated or corrupt");
      tensor.data = file.data() + start + offset;
    }
  }
};

/// A GGUF file and the map that its views point into.
class GgufPart : MappedFile {
 public:
  /// Maps one file.
  explicit GgufPart(const std::filesystem::path& path) : MappedFile(path), content(bytes(), path.string()) {}
  using MappedFile::from;

  Gguf content;
};

/// The same, and all other parts of a model that was split into several files ("…-00001-of-00003.gguf"), of which the
/// first has the metadata.
class GgufFile : public GgufPart {
 public:
  /// Maps a file, and the others where it is the first of several.
  /// \throws Error where one is missing or is no GGUF
  [[gnu::cold]] explicit GgufFile(const std::filesystem::path& path) : GgufPart(path) {
    const auto count = content.get_or<std::int64_t>("split.count", 1),
               number = content.get_or<std::int64_t>("split.no", 0);
    if (count <= 1) return;
    const auto name_of = [count](std::int64_t part) {
      char text[40];
      std::snprintf(text, sizeof text, "-%05lld-of-%05lld.gguf", static_cast<long long>(part) + 1,
                    static_cast<long long>(count));
      return std::string(text);
    };
    const std::string name = path.string();
    if (count > 99'999 || number < 0 || number >= count || !name.ends_with(name_of(number)))
      fail(name, ": part ", number + 1, " of ", count, " of a model, and its name does not end with \"",
           name_of(number), "\", from which those of the others follow");
    const std::string stem = name.substr(0, name.size() - name_of(number).size());
    if (number != 0)
      fail(name, ": part ", number + 1, " of ", count, " of a model: name the first, ", stem + name_of(0));
    for (std::int64_t i = 1; i < count; ++i) {
      const std::filesystem::path other = stem + name_of(i);
      if (!std::filesystem::exists(other))
        fail(name, ": the model is in ", count, " parts, and ", other.string(), " is not there");
      const auto& part = others_.emplace_back(std::make_unique<GgufPart>(other))->content;
      if (part.get_or<std::int64_t>("split.no", -1) != i || part.get_or<std::int64_t>("split.count", -1) != count)
        fail(other.string(), ": says that it is another part than its name");
      for (const auto& [tensor, stored] : part.tensors)
        if (!content.tensors.emplace(tensor, stored).second)
          fail(other.string(), ": the tensor \"", tensor, "\" is in another part too");
    }
    const auto wanted =
        content.get_or<std::int64_t>("split.tensors.count", static_cast<std::int64_t>(content.tensors.size()));
    if (static_cast<std::size_t>(wanted) != content.tensors.size())
      fail(name, ": its parts have ", content.tensors.size(), " tensors, and split.tensors.count is ", wanted);
  }

  /// The bytes from `at` to the end of the part that it is in; none where it is in no part.
  [[nodiscard]] std::span<const std::byte> from(const std::byte* at) const {
    auto rest = GgufPart::from(at);
    for (const auto& part : others_)
      if (rest.empty()) rest = part->from(at);
    return rest;
  }

 private:
  std::vector<std::unique_ptr<GgufPart>> others_;
};

/// The row order that converters give Llama's query and key weights for interleaved rotary pairs, undone (`There`
/// false) or done: row (head, half · D/2 + j) here = row (head, 2 j + half) there.
template <bool There, class E>
std::vector<E> reordered(const std::vector<E>& w, Index heads, Index row_length) {
  const Index width = w.size() / row_length / heads;
  std::vector<E> out(w.size());
  for (Index h = 0; h < heads; ++h)
    for (Index d = 0; d < width; ++d) {
      const Index half = d / (width / 2), j = d % (width / 2), here = (h * width + d) * row_length,
                  there = (h * width + 2 * j + half) * row_length;
      std::copy_n(w.begin() + static_cast<std::ptrdiff_t>(There ? here : there), row_length,
                  out.begin() + static_cast<std::ptrdiff_t>(There ? there : here));
    }
  return out;
}
/// Rows of queries or keys in Hugging Face's order, which llama.cpp changes.
template <class E>
std::vector<E> unpermuted(const std::vector<E>& w, Index heads, Index row_length) {
  return reordered<false>(w, heads, row_length);
}
/// Rows of queries or keys in llama.cpp's order.
template <class E>
std::vector<E> permuted(const std::vector<E>& w, Index heads, Index row_length) {
  return reordered<true>(w, heads, row_length);
}

}  // namespace graft
