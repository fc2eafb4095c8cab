/// \file
/// What a tokenizer does to text before it cuts it: steps from valid UTF-8 to valid UTF-8, one after another.
#pragma once

#include <graft/text/tokenizers/charsmap.hpp>
#include <graft/text/tokenizers/pattern.hpp>

#include <functional>

namespace graft::normalizer {

using Step = std::function<std::string(std::string)>;

/// "NFC", "NFD", "NFKC" or "NFKD".
inline Step form(std::string name) {
  return [name = std::move(name)](const std::string& text) { return normal_form(text, name); };
}
inline Step lowercase() {
  return [](const std::string& text) { return lower_case(text); };
}
/// Every match of a pattern replaced.
inline Step replace(const std::string& pattern, std::string with) {
  return [pattern = std::make_shared<const Pattern>(pattern), with = std::move(with)](const std::string& text) {
    std::string replaced;
    (*pattern)(text,
               [&](std::string_view piece, bool matches) { replaced += matches ? std::string_view(with) : piece; });
    return replaced;
  };
}
/// Something put before every text that is not empty.
inline Step prepend(std::string what) {
  return [what = std::move(what)](const std::string& text) { return text.empty() ? text : what + text; };
}
/// White space taken from the ends.
inline Step strip(bool left, bool right) {
  return [left, right](const std::string& text) {
    Index begin = text.size(), end = 0, at = 0;
    each_character(text, [&](std::int32_t point, std::string_view bytes) {
      if (!is_white_space(point)) {
        begin = std::min(begin, at);
        end = at + bytes.size();
      }
      at += bytes.size();
    });
    if (begin == text.size()) return (left || right) ? std::string() : text;
    return text.substr(left ? begin : 0, (right ? end : text.size()) - (left ? begin : 0));
  };
}
inline Step strip_accents() {
  return [](const std::string& text) {
    std::string bare;
    each_character(text, [&bare](std::int32_t point, std::string_view bytes) {
      if (!is_mark(point)) bare += bytes;
    });
    return bare;
  };
}
inline Step charsmap(std::string_view bytes) { return Charsmap(bytes); }

/// What BERT reads (Devlin et al. 2019): no control characters, one kind of space, spaces about Chinese characters.
struct Bert {
  bool clean = true, chinese = true, accents_stripped = true, lower = true;

  [[nodiscard]] std::string operator()(const std::string& text) const {
    std::string made;
    each_character(text, [&](std::int32_t point, std::string_view bytes) {
      if (clean && (point == 0 || point == 0xFFFD || is_control(point))) return;
      if (clean && is_white_space(point)) made += ' ';
      else if (chinese && is_chinese(point)) made.append(" ").append(bytes).append(" ");
      else made += bytes;
    });
    if (accents_stripped) made = normalizer::strip_accents()(normal_form(made, "NFD"));
    return lower ? lower_case(made) : made;
  }

 private:
  static bool is_chinese(std::int32_t p) {
    return (p >= 0x4E00 && p <= 0x9FFF) || (p >= 0x3400 && p <= 0x4DBF) || (p >= 0x20000 && p <= 0x2A6DF) ||
           (p >= 0x2A700 && p <= 0x2B73F) || (p >= 0x2B740 && p <= 0x2B81F) || (p >= 0x2B920 && p <= 0x2CEAF) ||
           (p >= 0xF900 && p <= 0xFAFF) || (p >= 0x2F800 && p <= 0x2FA1F);
  }
};

}  // namespace graft::normalizer
