/// \file
/// ROUGE (Lin 2004) as the package rouge_score computes it: ROUGE-N on n-gram overlap, ROUGE-L on the longest common
/// subsequence; F with equal weights.
#pragma once

#include <graft/eval/porter.hpp>

#include <algorithm>
#include <map>
#include <vector>

namespace graft {

/// Overlap of a text with a reference, from 0 to 1.
struct RougeScore {
  double precision = 0, recall = 0, f = 0;  ///< the share of the text's; of the reference's; their harmonic mean
};

/// Lower case, every run of other characters than a–z and 0–9 separates, words longer than 3 are stemmed if wanted.
inline std::vector<std::string> rouge_tokens(std::string_view text, bool stem) {
  std::vector<std::string> tokens;
  PorterStemmer stemmer;
  std::string word;
  const auto finish = [&] {
    if (!word.empty()) tokens.push_back(stem && word.size() > 3 ? stemmer(word) : word);
    word.clear();
  };
  for (Index i = 0; i < text.size(); ++i) {
    // Two letters outside ASCII have an ASCII lower case: the Kelvin sign, and I with a dot, whose dot then separates.
    const bool kelvin = text.substr(i).starts_with("\xE2\x84\xAA"), dotted = text.substr(i).starts_with("\xC4\xB0");
    const char c = kelvin ? 'k' : dotted ? 'i' : text[i];
    if (kelvin) i += 2;
    const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    if ((lower >= 'a' && lower <= 'z') || (lower >= '0' && lower <= '9')) word += lower;
    else finish();
  }
  finish();
  return tokens;
}

/// The scores that follow from so many hits.
inline RougeScore rouge_score(double hits, Index predicted, Index referenced) {
  RougeScore s;
  s.precision = hits / static_cast<double>(std::max<Index>(predicted, 1));
  s.recall = hits / static_cast<double>(std::max<Index>(referenced, 1));
  s.f = s.precision + s.recall > 0 ? 2 * s.precision * s.recall / (s.precision + s.recall) : 0;
  return s;
}

/// Clipped n-gram overlap.
inline RougeScore rouge_n(const std::vector<std::string>& prediction, const std::vector<std::string>& reference,
                          Index n) {
  const auto grams = [n](const std::vector<std::string>& tokens) {
    std::map<std::vector<std::string>, Index> counts;
    for (Index i = 0; n <= tokens.size() && i <= tokens.size() - n; ++i)
      ++counts[{tokens.begin() + static_cast<std::ptrdiff_t>(i), tokens.begin() + static_cast<std::ptrdiff_t>(i + n)}];
    return counts;
  };
  const auto p = grams(prediction), r = grams(reference);
  Index hits = 0, predicted = 0, referenced = 0;
  for (const auto& [gram, count] : p) predicted += count;
  for (const auto& [gram, count] : r) {
    referenced += count;
    if (const auto found = p.find(gram); found != p.end()) hits += std::min(count, found->second);
  }
  return rouge_score(static_cast<double>(hits), predicted, referenced);
}

/// Longest common subsequence over all tokens.
inline RougeScore rouge_l(const std::vector<std::string>& prediction, const std::vector<std::string>& reference) {
  if (prediction.empty() || reference.empty()) return {};
  std::vector<Index> row(prediction.size() + 1, 0);
  for (const auto& token : reference) {
    Index diagonal = 0;
    for (Index j = 1; j <= prediction.size(); ++j) {
      const Index above = row[j];
      row[j] = token == prediction[j - 1] ? diagonal + 1 : std::max(above, row[j - 1]);
      diagonal = above;
    }
  }
  return rouge_score(static_cast<double>(row.back()), prediction.size(), reference.size());
}

/// ROUGE-1, -2 and -L of one prediction.
struct Rouge {
  RougeScore one, two, l;  ///< of words; of pairs of words; of the longest common subsequence
};
/// ROUGE-1, ROUGE-2 and ROUGE-L (Lin 2004).
/// \param prediction the text, in UTF-8 \param reference what it is held against \param stem whether words are cut to
/// their stems first (Porter 1980)
/// \return precision, recall and F of the three
inline Rouge rouge(std::string_view prediction, std::string_view reference, bool stem = true) {
  const auto p = rouge_tokens(prediction, stem), r = rouge_tokens(reference, stem);
  return {rouge_n(p, r, 1), rouge_n(p, r, 2), rouge_l(p, r)};
}

}  // namespace graft
