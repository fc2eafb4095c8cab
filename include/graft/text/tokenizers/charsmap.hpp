/// \file
/// The table by which SentencePiece normalises characters: a double-array trie from strings to their replacements
/// (Aoe 1989, in Darts' layout): u32 size in bytes, the trie's units, the replacements, each ended by a 0.
#pragma once

#include <graft/text/unicode.hpp>

#include <cstring>
#include <vector>

namespace graft {

class Charsmap {
 public:
  explicit Charsmap(std::string_view bytes) {
    std::uint32_t size = 0;
    if (bytes.size() < 4 || (std::memcpy(&size, bytes.data(), 4), size % 4 != 0) || size > bytes.size() - 4 || size < 4)
      fail("the table of normal characters (precompiled_charsmap) is cut short");
    units_.resize(size / 4);
    std::memcpy(units_.data(), bytes.data() + 4, size);
    replacements_.assign(bytes.substr(4 + size));
  }

  /// Every cluster of characters that is in the table, or else every character, replaced.
  [[nodiscard]] std::string operator()(std::string_view text) const {
    std::string normal;
    while (!text.empty()) {
      const Index length = first_cluster(text);
      const std::string_view cluster = text.substr(0, length);
      if (length >= 6 || !replace(cluster, normal))
        each_character(cluster, [&](std::int32_t, std::string_view bytes) {
          if (!replace(bytes, normal)) normal += bytes;
        });
      text.remove_prefix(length);
    }
    return normal;
  }

 private:
  /// Bytes of what a reader takes for one character.
  static Index first_cluster(std::string_view text) {
    auto [last, length] = first_character(text);
    utf8proc_int32_t state = 0;
    while (length < text.size()) {
      const auto [next, more] = first_character(text.substr(length));
      if (utf8proc_grapheme_break_stateful(last, next, &state)) break;
      last = next;
      length += more;
    }
    return length;
  }

  /// Appends what the shortest beginning of `text` in the table stands for; false where none is.
  bool replace(std::string_view text, std::string& to) const {
    Index node = offset(units_[0]);
    for (const char c : text) {
      const auto byte = static_cast<unsigned char>(c);
      node ^= byte;
      if (byte == 0 || node >= units_.size()) return false;
      const std::uint32_t unit = units_[node];
      if ((unit & 0x800000FFU) != byte) return false;
      node ^= offset(unit);
      if ((unit >> 8U & 1U) == 0) continue;
      if (node >= units_.size()) return false;
      const Index at = units_[node] & 0x7FFFFFFFU;
      if (at >= replacements_.size()) return false;
      to += replacements_.c_str() + at;
      return true;
    }
    return false;
  }
  static Index offset(std::uint32_t unit) { return Index{unit >> 10U} << ((unit & 512U) >> 6U); }

  std::vector<std::uint32_t> units_;
  std::string replacements_;
};

}  // namespace graft
