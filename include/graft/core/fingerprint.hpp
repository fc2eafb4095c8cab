/// \file
/// Tells contents apart by 64 bits: one half of MurmurHash3 (Appleby 2011), which is no protection against forgery.
#pragma once

#include <graft/core/types.hpp>

#include <algorithm>
#include <bit>
#include <cstring>
#include <string>
#include <type_traits>
#include <vector>

namespace graft {

/// A running sum of contents, 64 bits.
class Fingerprint {
 public:
  /// So many bytes, and that they end there.
  void add(const void* data, Index bytes) {
    add_word(bytes);  // where one content ends
    for (Index i = 0; i < bytes; i += 8) {
      std::uint64_t word = 0;
      std::memcpy(&word, static_cast<const char*>(data) + i, std::min<Index>(bytes - i, 8));
      add_word(word);
    }
  }
  /// All numbers, and that they end there.
  template <class T>
    requires std::is_trivially_copyable_v<T>
  void add(const std::vector<T>& values) {
    add(values.data(), values.size() * sizeof(T));
  }
  /// One word.
  void add_word(std::uint64_t word) {
    word = std::rotl(word * 0x87C37B91114253D5ULL, 31) * 0x4CF5AD432745937FULL;
    state_ = std::rotl(state_ ^ word, 27) * 5 + 0x52DCE729ULL;
  }

  [[nodiscard]] std::uint64_t value() const {
    std::uint64_t mixed = state_;
    for (const std::uint64_t factor : {0xFF51AFD7ED558CCDULL, 0xC4CEB9FE1A85EC53ULL})
      mixed = (mixed ^ mixed >> 33U) * factor;
    return mixed ^ mixed >> 33U;
  }
  /// As sixteen digits.
  [[nodiscard]] std::string text() const {
    std::string digits;
    for (unsigned shift = 64; shift > 0; shift -= 4) digits += "0123456789abcdef"[value() >> (shift - 4) & 15U];
    return digits;
  }

 private:
  std::uint64_t state_ = 0;
};

}  // namespace graft
