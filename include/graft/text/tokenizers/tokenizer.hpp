/// \file
/// Text ↔ token ids in two stages: text is searched for added tokens, and what lies between is normalised and split
/// into pieces; each piece is encoded by the model (BytePairEncoding, Unigram, WordPiece or SentencePiece). Decoding
/// goes back from the tokens.
#pragma once

#include <graft/text/tokenizers/byte_pair_encoding.hpp>
#include <graft/text/tokenizers/splitter.hpp>
#include <graft/text/tokenizers/token_decoder.hpp>

#include <span>

namespace graft {

/// A token that text can name literally, like <|im_end|>.
struct AddedToken {
  Id id = 0;  ///< its number
  std::string content;
  bool special = true;                           ///< left out by `decode`
  bool takes_left = false, takes_right = false;  ///< white space beside it is part of it
  bool whole_word = false;                       ///< only where no letter or digit is beside it
  bool normalized = false;                       ///< searched for in normalised text
};

/// Where the ids of texts go among a model's own tokens: "[CLS] $A [SEP] $B [SEP]".
struct TokenTemplate {
  /// A text or a token of the template.
  struct Item {
    int text = -1;  ///< 0 for the first, 1 for the second, −1 for a token
    Id token = -1;  ///< the token's number
    Id type = 0;
  };
  std::vector<Item> items;  ///< in order
};

/// What defines a tokenizer, whichever file it came from (text/tokenizers/tokenizer_json.hpp,
/// text/tokenizers/tokenizer_gguf.hpp).
struct TokenizerParts {
  std::shared_ptr<const Vocabulary> vocabulary;
  std::vector<AddedToken> added;                                       ///< tokens that text can name literally
  std::vector<normalizer::Step> normalizer;                            ///< what is done to text first
  std::vector<splitter::Step> splitter;                                ///< how text is split
  std::shared_ptr<const Subword> model;                                ///< how a piece of text becomes tokens
  std::vector<token_decoder::Step> decoder;                            ///< how tokens become text
  std::string between_tokens;                                          ///< put between what the decoder yields
  TokenTemplate single{{{0, -1, 0}}}, pair{{{0, -1, 0}, {1, -1, 0}}};  ///< how one text is enclosed, and how two are
  bool bytes = false;                                                  ///< whether text that is no UTF-8 has a meaning
};

/// A merge as files spell it: "a b".
inline std::pair<std::string, std::string> merge_of(const std::string& text, const std::string& source) {
  const auto space = text.find(' ', 1);
  if (text.empty() || space == text.npos) fail(source, ": the merge \"", text, "\" has no two parts");
  return {text.substr(0, space), text.substr(space + 1)};
}

/// Byte-level byte-pair encoding (Radford et al. 2019). `added` tokens are special; `patterns` split one after another;
/// `whole` as in BytePairEncoding.
inline TokenizerParts byte_level_parts(std::vector<std::string> tokens,
                                       const std::vector<std::pair<std::string, std::string>>& merges,
                                       const std::vector<Id>& added, const std::vector<std::string>& patterns,
                                       bool whole = false) {
  TokenizerParts parts;
  for (const Id id : added) {
    if (id < 0 || static_cast<Index>(id) >= tokens.size())
      fail("tokenizer: the special token ", id, " is outside the vocabulary of ", tokens.size());
    parts.added.push_back({.id = id, .content = tokens[static_cast<Index>(id)]});
  }
  parts.vocabulary = std::make_shared<Vocabulary>(std::move(tokens));
  for (const auto& pattern : patterns) parts.splitter.push_back(splitter::pattern(pattern));
  parts.splitter.push_back(splitter::byte_level());
  parts.model = std::make_shared<BytePairEncoding>(parts.vocabulary, merges, Unknown{}, whole);
  parts.decoder = {token_decoder::byte_level()};
  parts.bytes = true;
  return parts;
}

/// Puts a token before every text, or pair of texts, and one behind; −1: none.
inline void enclose(TokenizerParts& parts, Id first, Id last) {
  for (auto* form : {&parts.single, &parts.pair}) {
    const Id type = form->items.back().type;
    if (first >= 0) form->items.insert(form->items.begin(), {-1, first, 0});
    if (last >= 0) form->items.push_back({-1, last, type});
  }
}

/// Ids of one text or two, with the type of each (0 for the first text, 1 for the second, in models that tell them
/// apart).
struct Encoded {
  std::vector<Id> ids, types;   ///< numbers of tokens, and of which of two texts each is
  Index first = 0, second = 0;  ///< where each text's own begin
};

/// What the first stage makes of a text: an added token, or a piece that the model encodes on its own.
struct Segment {
  const AddedToken* added;  ///< the added token, or null
  std::string piece;        ///< the text otherwise
  Index end = 0;  ///< of an added token: where in the text it ends, if it was found before the text was normalised
};

/// Text to tokens and back, as the model's own tokenizer does it.
class Tokenizer {
 public:
  /// Of its parts, which come from a file.
  /// \throws Error where a token has no number that it could have
  explicit Tokenizer(TokenizerParts parts);
  Tokenizer(Tokenizer&&) = default;
  Tokenizer& operator=(Tokenizer&&) = default;

  [[nodiscard]] Index size() const { return added_by_id_.size(); }

  /// The id of a token spelled exactly so, or −1.
  [[nodiscard]] Id id(std::string_view token) const {
    for (const auto& added : parts_.added)
      if (added.content == token) return added.id;
    return parts_.vocabulary->id(token);
  }
  /// How an id is spelled in the vocabulary.
  [[nodiscard]] const std::string& token(Id id) const {
    const AddedToken* const added =
        id >= 0 && static_cast<Index>(id) < size() ? added_by_id_[static_cast<Index>(id)] : nullptr;
    return added != nullptr ? added->content : (*parts_.vocabulary)[id];
  }

  /// Whether an id is of a token that text names literally.
  [[nodiscard]] bool is_added(Id id) const {
    return id >= 0 && static_cast<Index>(id) < size() && added_by_id_[static_cast<Index>(id)] != nullptr;
  }

  /// Text to ids. Added tokens written out in the text are taken as such; nothing else is added.
  [[nodiscard]] std::vector<Id> encode(std::string_view text) const;
  /// Text as the stages take it: UTF-8, where other bytes mean nothing.
  [[nodiscard]] std::string readable(std::string_view text) const {
    return parts_.bytes ? std::string(text) : repaired(text);
  }
  /// The first stage, of readable text from a place on, which is its beginning or where an added token ends.
  [[nodiscard]] std::vector<Segment> segments(const std::string& text, Index from = 0) const;
  /// The second stage, of one segment.
  void append(const Segment& segment, std::vector<Token>& tokens) const {
    if (segment.added != nullptr) tokens.push_back({segment.added->id, 0});
    else parts_.model->encode(segment.piece, tokens);
  }

  /// Text to ids among the model's own tokens, like a text's beginning or [CLS] and [SEP]. Those that the text has
  /// written out where they belong are there once.
  [[nodiscard]] Encoded encode_whole(std::string_view text) const { return fill(parts_.single, {encode(text)}); }
  /// Two texts as one, enclosed as the model wants pairs.
  /// \param first in UTF-8 \param second in UTF-8
  /// \return tokens, and of which text each is
  [[nodiscard]] Encoded encode_pair(std::string_view first, std::string_view second) const {
    return fill(parts_.pair, {encode(first), encode(second)});
  }
  /// The same of ids.
  [[nodiscard]] Encoded enclosed(std::vector<Id> text) const { return fill(parts_.single, {std::move(text)}); }
  /// The same of tokens.
  [[nodiscard]] Encoded enclosed(std::vector<Id> first, std::vector<Id> second) const {
    return fill(parts_.pair, {std::move(first), std::move(second)});
  }
  /// The tokens that stand before and after one text.
  [[nodiscard]] std::vector<Id> opening() const { return around(true); }
  /// The tokens that are put behind a text.
  [[nodiscard]] std::vector<Id> closing() const { return around(false); }

  /// Ids to text; special tokens are left out unless asked for, and so are ids behind the last token: models have rows
  /// for more.
  [[nodiscard]] std::string decode(std::span<const Id> ids, bool with_special = false) const;

 private:
  using Beginnings = std::array<std::vector<std::pair<std::string, const AddedToken*>>, 256>;

  [[nodiscard]] std::string normalized(std::string_view text) const;

  template <class Each>
  static void search(std::string_view text, const Beginnings& beginnings, Each each, Index from = 0);
  static bool stands_alone(std::string_view text, Index at, Index length);

  static Encoded fill(const TokenTemplate& form, const std::vector<std::vector<Id>>& texts);
  [[nodiscard]] std::vector<Id> around(bool before) const {
    std::vector<Id> ids;
    bool passed = false;
    for (const auto& item : parts_.single.items) {
      if (item.text >= 0) passed = true;
      else if (passed != before) ids.push_back(item.token);
    }
    return ids;
  }

  TokenizerParts parts_;
  Beginnings literal_, normalized_;
  std::vector<const AddedToken*> added_by_id_;
};

/// Decodes tokens as they come. A character whose bytes are spread over tokens is given out when it is whole.
class TokenStream {
 public:
  /// Of this tokenizer, which must outlive it; with or without special tokens in the text.
  explicit TokenStream(const Tokenizer& tokenizer, bool with_special = false)
      : tokenizer_(&tokenizer), with_special_(with_special) {}

  /// The text that became certain with this token.
  std::string operator()(Id id) {
    recent_.push_back(id);
    const std::string text = tokenizer_->decode(recent_, with_special_);
    if (unfinished_bytes(text) > 0 || text.size() < given_) return "";
    std::string fresh = text.substr(given_);
    // Tokens before the last two of a whole text cannot change what follows.
    if (recent_.size() > 8 && !fresh.empty()) {
      recent_.erase(recent_.begin(), recent_.end() - 2);
      given_ = tokenizer_->decode(recent_, with_special_).size();
    } else {
      given_ = text.size();
    }
    return fresh;
  }
  /// What is left at the end: bytes that make no whole character.
  std::string rest() {
    const std::string text = tokenizer_->decode(recent_, with_special_);
    return text.size() > given_ ? text.substr(given_) : "";
  }

 private:
  const Tokenizer* tokenizer_;
  bool with_special_;
  std::vector<Id> recent_;
  Index given_ = 0;
};

#if defined(GRAFT_TEXT_INLINE)
GRAFT_TEXT_INLINE Tokenizer::Tokenizer(TokenizerParts parts) : parts_(std::move(parts)) {
  Index largest = parts_.vocabulary->size();
  for (const auto& token : parts_.added) {
    if (token.id < 0 || token.id > 10'000'000)
      fail("tokenizer: the token \"", token.content, "\" has the id ", token.id);
    largest = std::max(largest, static_cast<Index>(token.id) + 1);
    const std::string spelled = token.normalized ? normalized(token.content) : token.content;
    if (!spelled.empty())
      (token.normalized ? normalized_ : literal_)[static_cast<unsigned char>(spelled[0])].emplace_back(spelled, &token);
  }
  for (auto* table : {&literal_, &normalized_})
    for (auto& beginning : *table)
      std::stable_sort(beginning.begin(), beginning.end(),
                       [](const auto& a, const auto& b) { return a.first.size() > b.first.size(); });
  added_by_id_.resize(largest);
  for (const auto& token : parts_.added) added_by_id_[static_cast<Index>(token.id)] = &token;
}

GRAFT_TEXT_INLINE std::vector<Segment> Tokenizer::segments(const std::string& text, Index from) const {
  std::vector<Segment> made;
  const auto place = [&](std::string_view rest) { return static_cast<Index>(rest.data() - text.data()); };
  search(
      text, literal_,
      [&](std::string_view plain, const AddedToken* added) {
        if (added != nullptr) return made.push_back({added, {}, place(plain)});
        const std::string normal = normalized(plain);
        search(normal, normalized_, [&](std::string_view rest, const AddedToken* found) {
          if (found != nullptr) return made.push_back({found, {}});
          std::vector<splitter::Piece> pieces{{std::string(rest), place(plain) == 0 && rest.data() == normal.data()}};
          for (const auto& step : parts_.splitter) step(pieces);
          for (auto& piece : pieces)
            if (!piece.text.empty()) made.push_back({nullptr, std::move(piece.text)});
        });
      },
      from);
  return made;
}

GRAFT_TEXT_INLINE std::vector<Id> Tokenizer::encode(std::string_view text) const {
  std::vector<Token> tokens;
  for (const auto& segment : segments(readable(text))) append(segment, tokens);
  std::vector<Id> ids;
  for (const auto& token : tokens) ids.push_back(token.id);
  return ids;
}

/// How many of the last of some tokens are the first of others.
inline Index overlap(std::span<const Id> first, std::span<const Id> then) {
  for (Index n = std::min(first.size(), then.size()); n > 0; --n)
    if (std::equal(then.begin(), then.begin() + static_cast<std::ptrdiff_t>(n),
                   first.end() - static_cast<std::ptrdiff_t>(n)))
      return n;
  return 0;
}

GRAFT_TEXT_INLINE Encoded Tokenizer::fill(const TokenTemplate& form, const std::vector<std::vector<Id>>& texts) {
  Encoded filled;
  const auto put = [&filled](std::span<const Id> ids, Id type) {
    filled.ids.insert(filled.ids.end(), ids.begin(), ids.end());
    filled.types.resize(filled.ids.size(), type);
  };
  std::vector<Id> own;         // the template's tokens before the next text
  std::span<const Id> before;  // the text before them
  for (Index i = 0; i < form.items.size();) {
    if (const auto& item = form.items[i]; item.text >= 0) {
      const std::span<const Id> text = texts.at(static_cast<Index>(item.text));
      const Index there = overlap(own, text);
      before = text.subspan(there);
      (item.text == 0 ? filled.first : filled.second) = filled.ids.size() - there;
      put(before, item.type);
      own.clear();
      ++i;
      continue;
    }
    const Index first = i;
    for (; i < form.items.size() && form.items[i].text < 0; ++i) own.push_back(form.items[i].token);
    for (Index k = first + overlap(before, own); k < i; ++k)
      put(std::span(&form.items[k].token, 1), form.items[k].type);
  }
  return filled;
}

GRAFT_TEXT_INLINE std::string Tokenizer::decode(std::span<const Id> ids, bool with_special) const {
  std::vector<std::string> tokens;
  for (const Id id : ids) {
    if (id >= 0 && static_cast<Index>(id) >= size()) continue;
    const auto& spelled = token(id);
    const AddedToken* const added = added_by_id_[static_cast<Index>(id)];
    if (added == nullptr || !added->special || with_special) tokens.push_back(spelled);
  }
  for (const auto& step : parts_.decoder) step(tokens);
  std::string text;
  for (Index i = 0; i < tokens.size(); ++i) text += i == 0 ? tokens[i] : parts_.between_tokens + tokens[i];
  return text;
}

GRAFT_TEXT_INLINE std::string Tokenizer::normalized(std::string_view text) const {
  std::string normal(text);
  for (const auto& step : parts_.normalizer) normal = step(std::move(normal));
  return normal;
}

inline Index without_space_at_end(std::string_view text) {
  Index end = 0, at = 0;
  each_character(text, [&](std::int32_t point, std::string_view bytes) {
    at += bytes.size();
    if (!is_white_space(point)) end = at;
  });
  return end;
}

/// Cuts text at added tokens, leftmost and longest first: each(what lies between, null) and each({} at its end, token)
/// in order.
template <class Each>
void Tokenizer::search(std::string_view text, const Beginnings& beginnings, Each each, Index from) {
  Index done = from;
  for (Index at = from; at < text.size();) {
    const std::pair<std::string, const AddedToken*>* found = nullptr;
    for (const auto& candidate : beginnings[static_cast<unsigned char>(text[at])])
      if (text.substr(at).starts_with(candidate.first) &&
          (!candidate.second->whole_word || stands_alone(text, at, candidate.first.size()))) {
        found = &candidate;
        break;
      }
    if (found == nullptr) {
      ++at;
      continue;
    }
    Index begin = at, end = at + found->first.size();
    if (found->second->takes_left) begin = done + without_space_at_end(text.substr(done, at - done));
    if (found->second->takes_right)
      while (end < text.size() && is_white_space(first_character(text.substr(end)).first))
        end += first_character(text.substr(end)).second;
    if (begin > done) each(text.substr(done, begin - done), nullptr);
    each(text.substr(end, 0), found->second);
    done = at = end;
  }
  if (done < text.size()) each(text.substr(done), nullptr);
}

GRAFT_TEXT_INLINE bool Tokenizer::stands_alone(std::string_view text, Index at, Index length) {
  const auto is_word = [](std::int32_t point) { return point == '_' || is_letter_or_number(point) || is_mark(point); };
  std::int32_t before = ' ';
  each_character(text.substr(0, at), [&before](std::int32_t point, std::string_view) { before = point; });
  return !is_word(before) && (at + length == text.size() || !is_word(first_character(text.substr(at + length)).first));
}
#endif

}  // namespace graft
