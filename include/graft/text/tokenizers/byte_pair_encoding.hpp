/// \file
/// Byte-pair encoding (Sennrich et al. 2016): of a piece's characters, the neighbours that were merged first in
/// training are merged first, until no pair is left that was. O(n log n) for n characters.
#pragma once

#include <graft/text/tokenizers/subword.hpp>
#include <graft/text/unicode.hpp>

#include <limits>
#include <queue>

namespace graft {

class BytePairEncoding final : public Subword {
 public:
  /// `merges`: pairs of tokens by priority. `whole`: a piece that is a token is taken as it is, however it would merge.
  BytePairEncoding(std::shared_ptr<const Vocabulary> vocabulary,
                   const std::vector<std::pair<std::string, std::string>>& merges, Unknown unknown = {},
                   bool whole = false)
      : vocabulary_(std::move(vocabulary)), unknown_(unknown), whole_(whole) {
    merges_.reserve(merges.size());
    for (Index rank = 0; rank < merges.size(); ++rank) {
      const auto& [left, right] = merges[rank];
      const Id l = vocabulary_->id(left), r = vocabulary_->id(right), both = vocabulary_->id(left + right);
      if (l < 0 || r < 0 || both < 0)
        fail("tokenizer: merge number ", rank, " (\"", left, " ", right,
             "\") uses a token that is not in the vocabulary");
      merges_.emplace(key(l, r), Merge{static_cast<Id>(rank), both});
    }
  }

  void encode(std::string_view piece, std::vector<Token>& tokens) const override {
    if (whole_) {
      if (const Id id = vocabulary_->id(piece); id >= 0) return tokens.push_back({id, piece.size()});
    }
    constexpr Index none = std::numeric_limits<Index>::max();
    std::vector<Token> start;
    Index at = 0;
    bool after_unknown = false;
    each_character(piece, [&](std::int32_t, std::string_view character) {
      if (const Id id = vocabulary_->id(character); id >= 0) {
        start.push_back({id, at + character.size()});
        after_unknown = false;
      } else {
        unknown_.encode(*vocabulary_, character, at, start, after_unknown);
      }
      at += character.size();
    });
    std::vector<Symbol> symbols;
    for (Index i = 0; i < start.size(); ++i)
      symbols.push_back({start[i].id, start[i].end, i == 0 ? none : i - 1, i + 1 == start.size() ? none : i + 1});
    std::priority_queue<Candidate> queue;
    const auto offer = [&](Index left) {
      if (left == none || symbols[left].next == none) return;
      const Id l = symbols[left].id, r = symbols[symbols[left].next].id;
      if (const auto found = merges_.find(key(l, r)); found != merges_.end())
        queue.push({found->second.rank, left, l, r});
    };
    for (Index i = 0; i < symbols.size(); ++i) offer(i);
    while (!queue.empty()) {
      const Candidate best = queue.top();
      queue.pop();
      Symbol& left = symbols[best.left];
      // overtaken
      if (left.id != best.left_id || left.next == none || symbols[left.next].id != best.right_id) continue;
      Symbol& right = symbols[left.next];
      left.id = merges_.at(key(best.left_id, best.right_id)).both;
      left.end = right.end;
      left.next = right.next;
      right.id = -1;
      if (left.next != none) symbols[left.next].previous = best.left;
      offer(best.left);
      offer(left.previous);
    }
    for (Index i = 0; i < symbols.size(); i = symbols[i].next) tokens.push_back({symbols[i].id, symbols[i].end});
  }

 private:
  struct Merge {
    Id rank, both;
  };
  struct Symbol {
    Id id;
    Index end, previous, next;
  };
  struct Candidate {
    Id rank;
    Index left;
    Id left_id, right_id;
    bool operator<(const Candidate& other) const { return std::pair(rank, left) > std::pair(other.rank, other.left); }
  };
  static std::uint64_t key(Id left, Id right) {
    return (std::uint64_t{static_cast<std::uint32_t>(left)} << 32U) | static_cast<std::uint32_t>(right);
  }

  std::shared_ptr<const Vocabulary> vocabulary_;
  Unknown unknown_;
  bool whole_;
  std::unordered_map<std::uint64_t, Merge> merges_;
};

}  // namespace graft
