/// \file
/// Unigram language model (Kudo 2018): the cut of a piece into tokens t_1 … t_n of the largest Σ log p(t_i), by
/// Viterbi's algorithm over the bytes where tokens can end.
#pragma once

#include <graft/text/tokenizers/subword.hpp>
#include <graft/text/unicode.hpp>

#include <limits>

namespace graft {

class Unigram final : public Subword {
 public:
  /// `scores`: log p of every token. A character that no token spells costs 10 more than the least likely token.
  Unigram(std::shared_ptr<const Vocabulary> vocabulary, std::vector<double> scores, Unknown unknown)
      : vocabulary_(std::move(vocabulary)), scores_(std::move(scores)), unknown_(unknown) {
    if (scores_.size() > vocabulary_->size())
      fail("tokenizer: there are ", scores_.size(), " scores for ", vocabulary_->size(), " tokens");
    for (Index i = 0; i < scores_.size(); ++i) {
      least_ = std::min(least_, scores_[i]);
      longest_ = std::max(longest_, (*vocabulary_)[static_cast<Id>(i)].size());
    }
  }

  void encode(std::string_view piece, std::vector<Token>& tokens) const override {
    struct Cut {
      double score = -std::numeric_limits<double>::infinity();
      Index begin = 0;
      Id id = -1;
    };
    std::vector<Cut> best(piece.size() + 1);
    best[0].score = 0;
    const auto offer = [&](Index begin, Index end, double score, Id id) {
      if (best[begin].score + score > best[end].score) best[end] = {best[begin].score + score, begin, id};
    };
    for (Index at = 0; at < piece.size();) {
      const Index character = first_character(piece.substr(at)).second;
      bool spelled = false;
      for (Index length = 1; length <= std::min(longest_, piece.size() - at); ++length) {
        const Id id = vocabulary_->id(piece.substr(at, length));
        if (id < 0 || static_cast<Index>(id) >= scores_.size()) continue;
        offer(at, at + length, scores_[static_cast<Index>(id)], id);
        spelled = spelled || length == character;
      }
      if (!spelled) offer(at, at + character, least_ - 10, -1);
      at += character;
    }
    std::vector<Index> ends;
    for (Index end = piece.size(); end > 0; end = best[end].begin) ends.push_back(end);
    bool after_unknown = false;
    for (Index i = ends.size(); i-- > 0;) {
      const Cut& cut = best[ends[i]];
      if (cut.id >= 0 && cut.id != unknown_.token) {
        tokens.push_back({cut.id, ends[i]});
        after_unknown = false;
      } else {
        unknown_.encode(*vocabulary_, piece.substr(cut.begin, ends[i] - cut.begin), cut.begin, tokens, after_unknown);
      }
    }
  }

 private:
  std::shared_ptr<const Vocabulary> vocabulary_;
  std::vector<double> scores_;
  Unknown unknown_;
  double least_ = std::numeric_limits<double>::infinity();
  Index longest_ = 0;
};

}  // namespace graft
