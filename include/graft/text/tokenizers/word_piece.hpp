/// \file
/// WordPiece (Schuster & Nakajima 2012, as BERT has it): of a word, the longest token that it begins with, then the
/// longest "##" token that the rest begins with, and so on; a word that cannot be spelled so is unknown as a whole.
#pragma once

#include <graft/text/tokenizers/subword.hpp>
#include <graft/text/unicode.hpp>

namespace graft {

class WordPiece final : public Subword {
 public:
  WordPiece(std::shared_ptr<const Vocabulary> vocabulary, Id unknown, std::string continuing = "##",
            Index longest = 100)
      : vocabulary_(std::move(vocabulary)), unknown_(unknown), continuing_(std::move(continuing)), longest_(longest) {
    if (unknown_ < 0) fail("tokenizer: the vocabulary has no token for unknown words");
  }

  void encode(std::string_view word, std::vector<Token>& tokens) const override {
    std::vector<Index> ends;  // of its characters
    each_character(word, [&](std::int32_t, std::string_view bytes) {
      ends.push_back((ends.empty() ? 0 : ends.back()) + bytes.size());
    });
    if (ends.size() > longest_) return tokens.push_back({unknown_, word.size()});
    const Index before = tokens.size();
    for (Index begin = 0; begin < word.size();) {
      Id found = -1;
      Index end = 0;
      for (Index i = ends.size(); i-- > 0 && found < 0 && ends[i] > begin;) {
        end = ends[i];
        const std::string_view part = word.substr(begin, end - begin);
        found = begin == 0 ? vocabulary_->id(part) : vocabulary_->id(continuing_ + std::string(part));
      }
      if (found < 0) {
        tokens.resize(before);
        return tokens.push_back({unknown_, word.size()});
      }
      tokens.push_back({found, end});
      begin = end;
    }
  }

 private:
  std::shared_ptr<const Vocabulary> vocabulary_;
  Id unknown_;
  std::string continuing_;
  Index longest_;
};

}  // namespace graft
