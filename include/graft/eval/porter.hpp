/// \file
/// The Porter stemmer with the extensions of NLTK, as rouge_score uses it (Porter 1980 and the NLTK documentation).
#pragma once

#include <graft/core/types.hpp>

#include <array>
#include <string>
#include <string_view>
#include <unordered_map>

namespace graft {

/// Stems a lower-case ASCII word.
class PorterStemmer {
 public:
  std::string operator()(const std::string& word) {
    static const std::unordered_map<std::string_view, const char*> irregular{
        {"sky", "sky"},       {"skies", "sky"},       {"dying", "die"},       {"lying", "lie"},
        {"tying", "tie"},     {"news", "news"},       {"inning", "inning"},   {"innings", "inning"},
        {"outing", "outing"}, {"outings", "outing"},  {"canning", "canning"}, {"cannings", "canning"},
        {"howe", "howe"},     {"proceed", "proceed"}, {"exceed", "exceed"},   {"succeed", "succeed"}};
    if (const auto found = irregular.find(word); found != irregular.end()) return found->second;
    if (word.size() <= 2) return word;
    w_ = word;
    plurals();
    past_tenses();
    if (ends("y") && w_.size() > 2 && consonant(w_.size() - 2)) w_.back() = 'i';
    double_suffixes();
    derived_suffixes();
    bare_suffixes();
    final_letters();
    return w_;
  }

 private:
  struct Rule {
    std::string_view suffix, replacement;
  };

  [[nodiscard]] bool ends(std::string_view suffix) const { return std::string_view(w_).ends_with(suffix); }
  [[nodiscard]] bool consonant(Index i) const {
    switch (w_[i]) {
      case 'a':
      case 'e':
      case 'i':
      case 'o':
      case 'u':
        return false;
      case 'y':
        return i == 0 || !consonant(i - 1);
      default:
        return true;
    }
  }
  /// m in the word's form [C](VC)^m[V], of the first n letters.
  [[nodiscard]] int measure(Index n) const {
    int m = 0;
    for (Index i = 1; i < n; ++i) m += !consonant(i - 1) && consonant(i) ? 1 : 0;
    return m;
  }
  [[nodiscard]] bool has_vowel(Index n) const {
    for (Index i = 0; i < n; ++i)
      if (!consonant(i)) return true;
    return false;
  }
  [[nodiscard]] bool double_consonant() const {
    const Index n = w_.size();
    return n >= 2 && w_[n - 1] == w_[n - 2] && consonant(n - 1);
  }
  /// *o: consonant, vowel, consonant other than w, x, y at the end of the first n letters; or vowel, consonant alone.
  [[nodiscard]] bool short_end(Index n) const {
    if (n == 2) return !consonant(0) && consonant(1);
    return n >= 3 && consonant(n - 3) && !consonant(n - 2) && consonant(n - 1) && w_[n - 1] != 'w' &&
           w_[n - 1] != 'x' && w_[n - 1] != 'y';
  }
  [[nodiscard]] Index stem(std::string_view suffix) const { return w_.size() - suffix.size(); }
  void replace(std::string_view suffix, std::string_view replacement) {
    w_.replace(stem(suffix), suffix.size(), replacement);
  }

  void plurals() {
    if (w_.size() == 4 && ends("ies")) return replace("ies", "ie");
    for (const auto& [suffix, replacement] :
         std::array<Rule, 4>{{{"sses", "ss"}, {"ies", "i"}, {"ss", "ss"}, {"s", ""}}})
      if (ends(suffix)) return replace(suffix, replacement);
  }
  void past_tenses() {
    if (ends("ied")) return replace("ied", w_.size() == 4 ? "ie" : "i");
    if (ends("eed")) {
      if (measure(stem("eed")) > 0) replace("eed", "ee");
      return;
    }
    if (ends("ed") && has_vowel(stem("ed"))) replace("ed", "");
    else if (ends("ing") && has_vowel(stem("ing"))) replace("ing", "");
    else return;
    if (ends("at") || ends("bl") || ends("iz")) w_ += 'e';
    else if (double_consonant() && w_.back() != 'l' && w_.back() != 's' && w_.back() != 'z') w_.pop_back();
    else if (measure(w_.size()) == 1 && short_end(w_.size())) w_ += 'e';
  }
  void double_suffixes() {
    if (ends("alli") && measure(stem("alli")) > 0) {
      replace("alli", "al");
      return double_suffixes();
    }
    if (ends("fulli")) {
      if (measure(stem("fulli")) > 0) replace("fulli", "ful");
      return;
    }
    static constexpr std::array<Rule, 20> rules{
        {{"ational", "ate"}, {"tional", "tion"}, {"enci", "ence"}, {"anci", "ance"}, {"izer", "ize"},
         {"bli", "ble"},     {"alli", "al"},     {"entli", "ent"}, {"eli", "e"},     {"ousli", "ous"},
         {"ization", "ize"}, {"ation", "ate"},   {"ator", "ate"},  {"alism", "al"},  {"iveness", "ive"},
         {"fulness", "ful"}, {"ousness", "ous"}, {"aliti", "al"},  {"iviti", "ive"}, {"biliti", "ble"}}};
    for (const auto& [suffix, replacement] : rules)
      if (ends(suffix)) {
        if (measure(stem(suffix)) > 0) replace(suffix, replacement);
        return;
      }
    if (ends("logi") && measure(w_.size() - 3) > 0) replace("logi", "log");
  }
  void derived_suffixes() {
    static constexpr std::array<Rule, 7> rules{
        {{"icate", "ic"}, {"ative", ""}, {"alize", "al"}, {"iciti", "ic"}, {"ical", "ic"}, {"ful", ""}, {"ness", ""}}};
    for (const auto& [suffix, replacement] : rules)
      if (ends(suffix)) {
        if (measure(stem(suffix)) > 0) replace(suffix, replacement);
        return;
      }
  }
  void bare_suffixes() {
    static constexpr std::array<std::string_view, 19> suffixes{"al",  "ance",  "ence", "er",  "ic",  "able", "ible",
                                                               "ant", "ement", "ment", "ent", "ion", "ou",   "ism",
                                                               "ate", "iti",   "ous",  "ive", "ize"};
    for (const auto suffix : suffixes)
      if (ends(suffix)) {
        const Index n = stem(suffix);
        const bool allowed = suffix != "ion" || (n > 0 && (w_[n - 1] == 's' || w_[n - 1] == 't'));
        if (measure(n) > 1 && allowed) w_.resize(n);
        return;
      }
  }
  void final_letters() {
    if (ends("e")) {
      const Index n = w_.size() - 1;
      if (measure(n) > 1 || (measure(n) == 1 && !short_end(n))) w_.pop_back();
    }
    if (ends("ll") && measure(w_.size() - 1) > 1) w_.pop_back();
  }

  std::string w_;
};

}  // namespace graft
