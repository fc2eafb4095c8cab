/// \file
/// How well an answer matches those that are right, as SQuAD's script counts it (Rajpurkar et al. 2016): texts are
/// compared in lower case without punctuation and articles.
#pragma once

#include <graft/text/unicode.hpp>

#include <algorithm>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace graft {

/// The words of an answer that count.
[[nodiscard]] inline std::vector<std::string> answer_words(const std::string& text) {
  std::string kept;
  for (const char c : lower_case(text))
    if (!(c > ' ' && c < 127) || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) kept += c;
  std::vector<std::string> words;
  std::string word;
  const auto finish = [&] {
    if (!word.empty() && word != "a" && word != "an" && word != "the") words.push_back(word);
    word.clear();
  };
  for (std::string_view rest = kept; !rest.empty();) {
    const auto [point, length] = first_character(rest);
    if (is_white_space(point)) finish();
    else word += rest.substr(0, length);
    rest.remove_prefix(length);
  }
  finish();
  return words;
}

/// How an answer matches the wanted ones, from 0 to 1.
struct AnswerMatch {
  double exact = 0, f1 = 0;  ///< whether it is one of them; the best harmonic mean of precision and recall over words
};

/// The best over all right answers; where there are none, an empty answer is right.
[[nodiscard]] inline AnswerMatch answer_match(const std::string& given, std::span<const std::string> right) {
  const auto found = answer_words(given);
  if (right.empty()) return found.empty() ? AnswerMatch{1, 1} : AnswerMatch{};
  AnswerMatch best;
  for (const auto& answer : right) {
    const auto wanted = answer_words(answer);
    std::map<std::string, std::ptrdiff_t> left;
    for (const auto& word : wanted) ++left[word];
    double common = 0;
    for (const auto& word : found) common += left[word]-- > 0 ? 1 : 0;
    const bool none = found.empty() || wanted.empty();
    const double f1 =
        none ? (found == wanted ? 1.0 : 0.0) : 2 * common / static_cast<double>(found.size() + wanted.size());
    best.exact = std::max(best.exact, found == wanted ? 1.0 : 0.0);
    best.f1 = std::max(best.f1, f1);
  }
  return best;
}

}  // namespace graft
