/// \file
/// UTF-8, Unicode's classes of characters and its normal forms, through utf8proc.
#pragma once

#include <graft/core/error.hpp>
#include <graft/core/types.hpp>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include <utf8proc.h>

namespace graft {

/// A character as UTF-8.
inline std::string utf8(std::int32_t point) {
  utf8proc_uint8_t bytes[4];
  return {reinterpret_cast<const char*>(bytes), static_cast<Index>(utf8proc_encode_char(point, bytes))};
}

/// The character that text begins with, and its length in bytes; U+FFFD and 1 where that is no UTF-8.
inline std::pair<std::int32_t, Index> first_character(std::string_view text) {
  utf8proc_int32_t point = 0;
  const auto length = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                       static_cast<utf8proc_ssize_t>(text.size()), &point);
  return length > 0 ? std::pair(point, static_cast<Index>(length)) : std::pair(0xFFFD, Index{1});
}

/// Calls `each(character, its bytes)` in order.
template <class Each>
void each_character(std::string_view text, Each each) {
  while (!text.empty()) {
    const auto [point, length] = first_character(text);
    each(point, text.substr(0, length));
    text.remove_prefix(length);
  }
}

/// Text whose bytes that are no UTF-8 are U+FFFD.
inline std::string repaired(std::string_view text) {
  std::string clean;
  each_character(text, [&clean](std::int32_t point, std::string_view bytes) {
    clean += point == 0xFFFD ? "\xEF\xBF\xBD" : bytes;
  });
  return clean;
}

/// How many bytes at the end of text begin a character that is not whole.
inline Index unfinished_bytes(std::string_view text) {
  for (Index back = 1; back <= std::min<Index>(3, text.size()); ++back) {
    const auto byte = static_cast<unsigned char>(text[text.size() - back]);
    if (byte < 0x80) return 0;
    if (byte >= 0xC0) return back < (byte < 0xE0 ? 2U : byte < 0xF0 ? 3U : 4U) ? back : 0;
  }
  return 0;
}

inline bool is_mark(std::int32_t point) { return utf8proc_category(point) == UTF8PROC_CATEGORY_MN; }
inline bool is_letter_or_number(std::int32_t point) {
  const auto kind = utf8proc_category(point);
  return (kind >= UTF8PROC_CATEGORY_LU && kind <= UTF8PROC_CATEGORY_LO) ||
         (kind >= UTF8PROC_CATEGORY_ND && kind <= UTF8PROC_CATEGORY_NO);
}
/// The property White_Space.
inline bool is_white_space(std::int32_t point) {
  const auto kind = utf8proc_category(point);
  return (point >= 9 && point <= 13) || point == 0x85 || kind == UTF8PROC_CATEGORY_ZS || kind == UTF8PROC_CATEGORY_ZL ||
         kind == UTF8PROC_CATEGORY_ZP;
}
/// Control characters, formats, surrogates and private ones, but tab, line feed and carriage return.
inline bool is_control(std::int32_t point) {
  const auto kind = utf8proc_category(point);
  return point != '\t' && point != '\n' && point != '\r' && kind >= UTF8PROC_CATEGORY_CC;
}
/// As BERT has it: Unicode's punctuation, and every ASCII character that is no letter, digit, space or control.
inline bool is_punctuation(std::int32_t point) {
  const auto kind = utf8proc_category(point);
  return (kind >= UTF8PROC_CATEGORY_PC && kind <= UTF8PROC_CATEGORY_PO) ||
         (point > 32 && point < 127 && !is_letter_or_number(point));
}

inline std::string lower_case(std::string_view text) {
  std::string lower;
  each_character(text, [&lower](std::int32_t point, std::string_view) {
    if (point == 0x130) lower += "i\xCC\x87";  // İ, the one character whose lower case is two
    else lower += utf8(utf8proc_tolower(point));
  });
  return lower;
}

/// "NFC", "NFD", "NFKC" or "NFKD" of valid UTF-8.
inline std::string normal_form(std::string_view text, std::string_view form) {
  int options = UTF8PROC_STABLE | (form.ends_with('C') ? UTF8PROC_COMPOSE : UTF8PROC_DECOMPOSE);
  if (form.starts_with("NFK")) options |= UTF8PROC_COMPAT;
  utf8proc_uint8_t* made = nullptr;
  const auto length =
      utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()), static_cast<utf8proc_ssize_t>(text.size()),
                   &made, static_cast<utf8proc_option_t>(options));
  if (length < 0) fail("the ", std::string(form), " of a text of ", text.size(), " bytes: ", utf8proc_errmsg(length));
  const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owner(made, &std::free);
  return {reinterpret_cast<const char*>(made), static_cast<Index>(length)};
}

}  // namespace graft
