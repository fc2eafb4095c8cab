/// \file
/// Regular expressions with Unicode classes, through PCRE2.
#pragma once

#include <graft/core/config.hpp>
#include <graft/core/error.hpp>
#include <graft/core/types.hpp>

#include <memory>
#include <string_view>

#include <pcre2.h>

namespace graft {

/// A compiled pattern over UTF-8. Bytes that are no UTF-8 match nothing and are kept.
class Pattern {
 public:
  explicit Pattern(std::string_view pattern) {
    int error = 0;
    PCRE2_SIZE at = 0;
    code_.reset(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(),
                              PCRE2_UTF | PCRE2_UCP | PCRE2_MATCH_INVALID_UTF, &error, &at, nullptr));
    if (!code_) fail("the pattern ", pattern, " is not valid at character ", at);
    pcre2_jit_compile(code_.get(), PCRE2_JIT_COMPLETE);  // where there is no JIT the interpreter serves
    match_.reset(pcre2_match_data_create_from_pattern(code_.get(), nullptr));
  }

  /// Whether a text begins with a match, or (`whole`) is one: Python's re.match and re.fullmatch. Patterns come from
  /// files that nobody vouches for, so work is limited.
  [[nodiscard]] bool matches(std::string_view text, bool whole) const {
    const std::unique_ptr<pcre2_match_context, Free> limits(pcre2_match_context_create(nullptr));
    pcre2_set_match_limit(limits.get(), 1'000'000);
    pcre2_set_depth_limit(limits.get(), 10'000);
    const int found = pcre2_match(code_.get(), reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), 0,
                                  PCRE2_ANCHORED | (whole ? PCRE2_ENDANCHORED : 0U), match_.get(), limits.get());
    if (found < 0 && found != PCRE2_ERROR_NOMATCH)
      fail("matching \"", text, "\" with the expression takes too long; simplify it");
    return found > 0;
  }
  /// What a named group has of the match that a text begins with; empty where there is no match.
  [[nodiscard]] std::string_view captured(std::string_view text, const char* group) const {
    if (!matches(text, false)) return {};
    const int number = pcre2_substring_number_from_name(code_.get(), reinterpret_cast<PCRE2_SPTR>(group));
    const PCRE2_SIZE* const range = pcre2_get_ovector_pointer(match_.get()) + 2 * number;
    return text.substr(range[0], range[1] - range[0]);
  }

  /// Calls `each(piece, whether it matches)` for the matches and what lies between them, in order; nothing is lost.
  template <class Each>
  void operator()(std::string_view text, Each each) const {
    const auto* const subject = reinterpret_cast<PCRE2_SPTR>(text.data());
    PCRE2_SIZE done = 0;
    while (done < text.size() &&
           pcre2_match(code_.get(), subject, text.size(), done, PCRE2_NOTEMPTY, match_.get(), nullptr) > 0) {
      const PCRE2_SIZE* const range = pcre2_get_ovector_pointer(match_.get());
      const PCRE2_SIZE begin = range[0], end = range[1];
      if (end <= begin || begin < done) break;
      if (begin > done) each(text.substr(done, begin - done), false);
      each(text.substr(begin, end - begin), true);
      done = end;
    }
    if (done < text.size()) each(text.substr(done), false);
  }

 private:
  struct Free {
    void operator()(pcre2_code* code) const { pcre2_code_free(code); }
    void operator()(pcre2_match_data* data) const { pcre2_match_data_free(data); }
    void operator()(pcre2_match_context* context) const { pcre2_match_context_free(context); }
  };
  std::unique_ptr<pcre2_code, Free> code_;
  std::unique_ptr<pcre2_match_data, Free> match_;
};

/// Text as a pattern that matches just it.
inline std::string literal_pattern(std::string_view text) {
  std::string quoted;
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x80 && std::string_view("\\^$.|?*+()[]{}#-").find(c) != std::string_view::npos)
      quoted += '\\';
    quoted += c;
  }
  return quoted;
}

}  // namespace graft
