/// \file
/// How a tokenizer cuts text into the pieces that its model reads: steps that refine a list of pieces.
#pragma once

#include <graft/text/tokenizers/normalizer.hpp>

#include <array>

namespace graft::splitter {

struct Piece {
  std::string text;
  bool begins = false;  ///< whether it is what the whole text begins with
};
using Step = std::function<void(std::vector<Piece>&)>;

/// What becomes of that which a pattern matches.
enum class Matches { isolated, removed, merged_with_previous, merged_with_next, contiguous };

inline Matches matches(const std::string& name) {
  static constexpr std::pair<const char*, Matches> names[] = {{"Isolated", Matches::isolated},
                                                              {"Removed", Matches::removed},
                                                              {"MergedWithPrevious", Matches::merged_with_previous},
                                                              {"MergedWithNext", Matches::merged_with_next},
                                                              {"Contiguous", Matches::contiguous}};
  for (const auto& [spelled, kind] : names)
    if (name == spelled) return kind;
  fail("the tokenizer splits with the behaviour \"", name,
       "\", which graft does not know (Removed, Isolated, MergedWithPrevious, MergedWithNext, Contiguous)");
}

/// Applies `cut(piece, each(part, matches))` to every piece and joins the parts as `kind` says.
template <class Cut>
void refine(std::vector<Piece>& pieces, Matches kind, Cut cut) {
  std::vector<Piece> refined;
  for (auto& piece : pieces) {
    const Index first = refined.size();
    bool before = false;  // whether the part before matched
    cut(piece.text, [&](std::string_view part, bool matches) {
      const bool joins = refined.size() > first && ((kind == Matches::merged_with_previous && matches && !before) ||
                                                    (kind == Matches::merged_with_next && before && !matches) ||
                                                    (kind == Matches::contiguous && before == matches));
      if (joins) refined.back().text += part;
      else if (!matches || kind != Matches::removed)
        refined.push_back({std::string(part), piece.begins && part.data() == piece.text.data()});
      before = matches;
    });
  }
  pieces = std::move(refined);
}

inline Step pattern(const std::string& expression, Matches kind = Matches::isolated, bool inverted = false) {
  return [expression = std::make_shared<const Pattern>(expression), kind, inverted](std::vector<Piece>& pieces) {
    refine(pieces, kind, [&](std::string_view text, auto each) {
      (*expression)(text, [&](std::string_view part, bool matches) { each(part, matches != inverted); });
    });
  };
}

/// Cuts at every character of a class.
inline Step characters(bool (*of_class)(std::int32_t), Matches kind) {
  return [of_class, kind](std::vector<Piece>& pieces) {
    refine(pieces, kind, [&](std::string_view text, auto each) {
      Index begun = 0, at = 0;
      each_character(text, [&](std::int32_t point, std::string_view bytes) {
        if (of_class(point)) {
          if (at > begun) each(text.substr(begun, at - begun), false);
          each(bytes, true);
          begun = at + bytes.size();
        }
        at += bytes.size();
      });
      if (at > begun) each(text.substr(begun), false);
    });
  };
}

/// Where a mark is put before text that has none.
enum class MarkBefore { always, first, never };

/// SentencePiece's spaces, a mark (U+2581) for each, and one before the first word.
inline Step metaspace(const std::string& mark, MarkBefore before, bool splits) {
  if (mark.empty()) fail("the tokenizer's mark for spaces is empty");
  return [mark, before, split = splits ? pattern(literal_pattern(mark), Matches::merged_with_next) : Step()](
             std::vector<Piece>& pieces) {
    for (auto& [text, begins] : pieces) {
      std::string marked;
      for (const char c : text) {
        if (c == ' ') marked += mark;
        else marked += c;
      }
      if (!marked.starts_with(mark) && (before == MarkBefore::always || (before == MarkBefore::first && begins)))
        marked.insert(0, mark);
      text = std::move(marked);
    }
    if (split) split(pieces);
  };
}

/// The 256 letters that stand for bytes (Radford et al. 2019): visible Latin-1 for itself, the others from U+0100 on.
inline const std::array<std::string, 256>& byte_letters() {
  static const auto letters = [] {
    std::array<std::string, 256> made;
    std::int32_t extra = 256;
    for (std::int32_t byte = 0; byte < 256; ++byte)
      made[static_cast<Index>(byte)] =
          utf8((byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174 ? byte : extra++);
    return made;
  }();
  return letters;
}

/// The pattern that GPT-2 splits by.
inline constexpr const char* gpt2_pattern =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";

/// A space before every piece that has none.
inline Step space_before() {
  return [](std::vector<Piece>& pieces) {
    for (auto& [text, begins] : pieces)
      if (!text.starts_with(' ')) text.insert(0, 1, ' ');
  };
}

/// Bytes written in their letters.
inline Step byte_level() {
  return [](std::vector<Piece>& pieces) {
    for (auto& [text, begins] : pieces) {
      std::string letters;
      for (const char c : text) letters += byte_letters()[static_cast<unsigned char>(c)];
      text = std::move(letters);
    }
  };
}

}  // namespace graft::splitter
