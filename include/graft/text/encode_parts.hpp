/// \file
/// A text given in parts, tokenized once as a whole: what a completion is behind its prompt. Where parts end among the
/// tokens follows from comparing what a tokenizer's first stage makes of the text up to there with what it makes of the
/// whole; so no step has to say which characters its own come from, and what it puts before a text, takes away or
/// composes with what follows falls to the right side.
#pragma once

#include <graft/text/tokenizers/tokenizer.hpp>

namespace graft {

/// Ids of a text, and for each of its parts the tokens that have any of its characters, [first, last): neighbours share
/// a token that has characters of both.
struct EncodedParts {
  struct Part {
    Index first, last;
  };
  std::vector<Id> ids;
  std::vector<Part> parts;
};

EncodedParts encode_parts(const Tokenizer& tokenizer, std::span<const std::string> parts);

/// The characters of a text that its tokens first … last are of, white space at their ends left out.
std::string characters_of(const Tokenizer& tokenizer, const std::string& text, Index first, Index last);

#if defined(GRAFT_TEXT_INLINE)
/// A whole text, and where beginnings of it end among its tokens.
class EncodedWhole {
 public:
  struct Place {
    Index before, behind;  ///< tokens that end there or earlier; tokens that begin earlier
  };

  EncodedWhole(const Tokenizer& tokenizer, std::string text) : tokenizer_(&tokenizer), text_(std::move(text)) {
    std::vector<Token> tokens;
    for (const auto& segment : tokenizer.segments(text_)) {
      tokens.clear();
      tokenizer.append(segment, tokens);
      const Index begin = joined_.size();
      join(segment, joined_);
      for (const auto& token : tokens) {
        ids_.push_back(token.id);
        ends_.push_back(segment.added != nullptr ? joined_.size() : begin + token.end);
      }
      if (segment.end > 0) restarts_.emplace_back(segment.end, joined_.size());
    }
  }

  [[nodiscard]] const std::vector<Id>& ids() const { return ids_; }

  /// `beginning`: what the text begins with.
  [[nodiscard]] Place end_of(const std::string& beginning) const {
    if (beginning.empty()) return {0, 0};
    if (beginning.size() >= text_.size()) return {ids_.size(), ids_.size()};
    const auto [from, begin] =
        *std::prev(std::upper_bound(restarts_.begin(), restarts_.end(), std::pair(beginning.size(), joined_.size())));
    const std::string_view rest = std::string_view(joined_).substr(begin);
    const std::string alone = beginning.size() > from ? cut(beginning, from) : "";
    Index same = alike(alone, rest), most = alone.size();
    // white space at its end may be there only if something follows
    if (!alone.empty() && !is_white_space(first_character(std::string_view(text_).substr(beginning.size())).first)) {
      const std::string followed = cut(beginning + 'a', from);
      const Index own = alike(followed, cut(beginning + 'b', from)), more = std::min(alike(followed, rest), own);
      if (more > same) same = more, most = own;
    }
    auto before = static_cast<Index>(std::upper_bound(ends_.begin(), ends_.end(), begin + same) - ends_.begin());
    if (same < most)  // its end is composed with what follows
      while (before > 0 && before < ids_.size() && goes_on(ids_[before])) --before;
    const bool shared = before < ids_.size() && (same < most || (before == 0 ? 0 : ends_[before - 1]) < begin + same);
    return {before, before + (shared ? 1 : 0)};
  }

 private:
  /// Segments as one text, in which an added token is a byte that UTF-8 has not, and its id.
  static void join(const Segment& segment, std::string& to) {
    if (segment.added != nullptr)
      to.append(1, '\xFF').append(reinterpret_cast<const char*>(&segment.added->id), sizeof(Id));
    else to += segment.piece;
  }
  [[nodiscard]] std::string cut(const std::string& text, Index from) const {
    std::string all;
    for (const auto& segment : tokenizer_->segments(text, from)) join(segment, all);
    return all;
  }
  static Index alike(std::string_view a, std::string_view b) {
    return static_cast<Index>(std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first - a.begin());
  }
  /// Whether a token begins within a character.
  [[nodiscard]] bool goes_on(Id id) const {
    const std::string text = tokenizer_->decode(std::span(&id, 1), true);
    return !text.empty() && (static_cast<unsigned char>(text[0]) & 0xC0U) == 0x80U;
  }

  const Tokenizer* tokenizer_;
  std::string text_, joined_;
  std::vector<Id> ids_;
  std::vector<Index> ends_;  // of the tokens in joined_
  // where added tokens end in text_ and in joined_: what follows is cut alike, whatever stands before
  std::vector<std::pair<Index, Index>> restarts_{{0, 0}};
};

GRAFT_TEXT_INLINE EncodedParts encode_parts(const Tokenizer& tokenizer, std::span<const std::string> parts) {
  std::string text;
  for (const auto& part : parts) text += part;
  const EncodedWhole whole(tokenizer, tokenizer.readable(text));
  EncodedParts made{whole.ids(), {}};
  EncodedWhole::Place from{0, 0};
  text.clear();
  for (const auto& part : parts) {
    text += part;
    const auto to =
        part.empty() ? EncodedWhole::Place{from.before, from.before} : whole.end_of(tokenizer.readable(text));
    made.parts.push_back({from.before, std::max(from.before, to.behind)});
    if (!part.empty()) from = to;
  }
  return made;
}

GRAFT_TEXT_INLINE std::string characters_of(const Tokenizer& tokenizer, const std::string& given, Index first,
                                            Index last) {
  const std::string text = tokenizer.readable(given);
  const EncodedWhole whole(tokenizer, text);
  std::vector<Index> ends{0};  // of characters
  for (Index at = 0; at < text.size(); ends.push_back(at))
    at += std::max<Index>(first_character(std::string_view(text).substr(at)).second, 1);
  /// How many characters it takes until f holds.
  const auto least = [&](const auto& f) {
    return static_cast<Index>(std::partition_point(ends.begin(), ends.end(),
                                                   [&](Index end) { return !f(whole.end_of(text.substr(0, end))); }) -
                              ends.begin());
  };
  const Index begin = least([&](const auto& place) { return place.behind > first; }),
              end = least([&](const auto& place) { return place.before > last; });
  const auto from = ends[std::min(std::max<Index>(begin, 1), ends.size()) - 1],
             to = ends[std::min(end, ends.size() - 1)];
  const auto piece = text.substr(from, to - from);
  const auto is_space = [](char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; };
  const auto left = std::find_if_not(piece.begin(), piece.end(), is_space);
  const auto right = std::find_if_not(piece.rbegin(), piece.rend(), is_space).base();
  return left < right ? std::string(left, right) : "";
}
#endif

}  // namespace graft
