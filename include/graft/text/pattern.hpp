/// \file
/// Regular expressions with Unicode classes, through PCRE2.
#pragma once

#include <graft/core/config.hpp>
#include <graft/core/error.hpp>
#include <graft/core/types.hpp>

#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include <pcre2.h>

namespace graft {

/// A compiled pattern over UTF-8. Bytes that are no UTF-8 match nothing and are kept.
class Pattern {
 public:
  explicit Pattern(std::string_view pattern) {
    int error = 0;
    PCRE2_SIZE at = 0;
    code_.reset(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(), PCRE2_UTF | PCRE2_UCP | PCRE2_MATCH_INVALID_UTF, &error, &at, nullptr));
    if (!code_) fail("the pattern ", pattern, " is not valid at character ", at);
    pcre2_jit_compile(code_.get(), PCRE2_JIT_COMPLETE);  // where there is no JIT the interpreter serves
    match_.reset(pcre2_match_data_create_from_pattern(code_.get(), nullptr));
  }

  /// Cuts text into its matches and what lies between them, in order; nothing is lost.
  void split(std::string_view text, std::vector<std::string_view>& pieces) const {
    const auto* const subject = reinterpret_cast<PCRE2_SPTR>(text.data());
    PCRE2_SIZE done = 0, from = 0;
    while (from < text.size() && pcre2_match(code_.get(), subject, text.size(), from, 0, match_.get(), nullptr) > 0) {
      const PCRE2_SIZE* const range = pcre2_get_ovector_pointer(match_.get());
      const auto [begin, end] = std::pair(range[0], range[1]);
      if (end == begin) break;
      if (begin > done) pieces.push_back(text.substr(done, begin - done));
      pieces.push_back(text.substr(begin, end - begin));
      done = from = end;
    }
    if (done < text.size()) pieces.push_back(text.substr(done));
  }

 private:
  struct Free {
    void operator()(pcre2_code* code) const { pcre2_code_free(code); }
    void operator()(pcre2_match_data* data) const { pcre2_match_data_free(data); }
  };
  std::unique_ptr<pcre2_code, Free> code_;
  std::unique_ptr<pcre2_match_data, Free> match_;
};

}  // namespace graft
