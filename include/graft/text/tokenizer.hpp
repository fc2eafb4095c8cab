/// \file
/// Byte-level byte-pair encoding (Sennrich et al. 2016, Radford et al. 2019): text → pieces → merged symbols → ids.
#pragma once

#include <graft/text/pattern.hpp>

#include <array>
#include <limits>
#include <queue>
#include <string>
#include <unordered_map>

namespace graft {

/// What defines a tokenizer, whichever file it came from (see models/tokenizer_files.hpp).
struct TokenizerParts {
  std::vector<std::string> tokens;                            ///< by id, in the byte-level alphabet
  std::vector<std::pair<std::string, std::string>> merges;    ///< by priority
  std::vector<Id> special;                                    ///< ids that text can name literally, like <|im_end|>
  std::vector<std::string> patterns;                          ///< splitters, applied one after another
};

/// The pattern that GPT-2 splits by, and the one that isolates digits.
inline constexpr const char* gpt2_pattern = R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";
inline constexpr const char* digit_pattern = R"(\p{N})";
/// The pattern of Qwen2.
inline constexpr const char* qwen2_pattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

class Tokenizer {
 public:
  explicit Tokenizer(TokenizerParts parts) : tokens_(std::move(parts.tokens)), special_(std::move(parts.special)) {
    for (const auto& pattern : parts.patterns) patterns_.emplace_back(pattern);
    for (Index i = 0; i < tokens_.size(); ++i) ids_.emplace(tokens_[i], static_cast<Id>(i));
    for (Index byte = 0, extra = 256; byte < 256; ++byte) {
      const bool visible = (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
      const std::string letter = utf8(static_cast<std::uint32_t>(visible ? byte : extra++));
      byte_of_[letter.size() == 1 ? static_cast<unsigned char>(letter[0]) : code_point(letter)] = static_cast<std::int16_t>(byte);
      const auto id = ids_.find(letter);
      byte_ids_[byte] = id == ids_.end() ? -1 : id->second;
    }
    for (Index rank = 0; rank < parts.merges.size(); ++rank) {
      const auto& [left, right] = parts.merges[rank];
      const auto l = ids_.find(left), r = ids_.find(right), whole = ids_.find(left + right);
      if (l == ids_.end() || r == ids_.end() || whole == ids_.end()) fail("tokenizer: merge number ", rank, " (\"", left, " ", right, "\") uses a token that is not in the vocabulary");
      merges_.emplace(pair_key(l->second, r->second), Merge{static_cast<Id>(rank), whole->second});
    }
    is_special_.resize(tokens_.size());
    for (const Id id : special_) {
      if (id < 0 || static_cast<Index>(id) >= tokens_.size()) fail("tokenizer: the special token ", id, " is outside the vocabulary of ", tokens_.size());
      is_special_[static_cast<Index>(id)] = true;
    }
  }

  [[nodiscard]] Index size() const { return tokens_.size(); }

  /// The id of a token spelled exactly so, or −1.
  [[nodiscard]] Id id(const std::string& token) const {
    const auto found = ids_.find(token);
    return found == ids_.end() ? -1 : found->second;
  }

  /// Text to ids. Special tokens written out in the text are taken as such; nothing is added.
  [[nodiscard]] std::vector<Id> encode(std::string_view text) const {
    std::vector<Id> ids;
    while (!text.empty()) {
      const auto [at, special] = next_special(text);
      encode_plain(text.substr(0, at), ids);
      if (special < 0) break;
      ids.push_back(special);
      text.remove_prefix(at + tokens_[static_cast<Index>(special)].size());
    }
    return ids;
  }

  /// Ids to text; special tokens are left out unless asked for.
  [[nodiscard]] std::string decode(const std::vector<Id>& ids, bool with_special = false) const {
    std::string text;
    for (const Id id : ids) {
      if (id < 0 || static_cast<Index>(id) >= tokens_.size()) fail("tokenizer: no token has the id ", id);
      const std::string& token = tokens_[static_cast<Index>(id)];
      if (is_special_[static_cast<Index>(id)]) {
        if (with_special) text += token;
        continue;
      }
      for (Index i = 0; i < token.size();) {
        const Index length = letter_length(token, i);
        const Index point = length == 1 ? static_cast<unsigned char>(token[i]) : length == 2 ? code_point(std::string_view(token).substr(i, 2)) : byte_of_.size();
        if (point < byte_of_.size() && byte_of_[point] >= 0) text += static_cast<char>(byte_of_[point]);
        else text.append(token, i, length);
        i += length;
      }
    }
    return text;
  }

 private:
  struct Merge {
    Id rank, whole;
  };

  static std::uint64_t pair_key(Id left, Id right) { return (std::uint64_t{static_cast<std::uint32_t>(left)} << 32U) | static_cast<std::uint32_t>(right); }
  static std::string utf8(std::uint32_t point) {
    if (point < 0x80) return {static_cast<char>(point)};
    return {static_cast<char>(0xC0U | (point >> 6U)), static_cast<char>(0x80U | (point & 0x3FU))};
  }
  static Index code_point(std::string_view two_bytes) {
    return ((static_cast<unsigned char>(two_bytes[0]) & 0x1FU) << 6U) | (static_cast<unsigned char>(two_bytes[1]) & 0x3FU);
  }
  static Index letter_length(const std::string& text, Index at) {
    const auto lead = static_cast<unsigned char>(text[at]);
    const Index length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    return std::min(length, text.size() - at);
  }

  /// The first special token in the text, the longest where several start there.
  [[nodiscard]] std::pair<Index, Id> next_special(std::string_view text) const {
    Index best = text.size();
    Id found = -1;
    for (const Id id : special_) {
      const std::string& token = tokens_[static_cast<Index>(id)];
      const Index at = token.empty() ? text.npos : text.find(token);
      if (at == text.npos || at > best) continue;
      if (at < best || found < 0 || token.size() > tokens_[static_cast<Index>(found)].size()) {
        best = at;
        found = id;
      }
    }
    return {best, found};
  }

  void encode_plain(std::string_view text, std::vector<Id>& ids) const {
    std::vector<std::string_view> pieces{text}, next;
    if (text.empty()) return;
    for (const Pattern& pattern : patterns_) {
      next.clear();
      for (const auto piece : pieces) pattern.split(piece, next);
      std::swap(pieces, next);
    }
    for (const auto piece : pieces) merge(piece, ids);
  }

  /// Merges neighbouring symbols, always the pair of the lowest rank, leftmost first, until none is left.
  void merge(std::string_view piece, std::vector<Id>& ids) const {
    struct Symbol {
      Id id;
      Index previous, next;
    };
    struct Candidate {
      Id rank;
      Index left;
      Id left_id, right_id;
      bool operator<(const Candidate& other) const { return std::pair(rank, left) > std::pair(other.rank, other.left); }
    };
    constexpr Index none = std::numeric_limits<Index>::max();
    std::vector<Symbol> symbols;
    for (Index i = 0; i < piece.size(); ++i) {
      const Id id = byte_ids_[static_cast<unsigned char>(piece[i])];
      if (id < 0) fail("tokenizer: the vocabulary has no token for byte ", static_cast<int>(static_cast<unsigned char>(piece[i])));
      symbols.push_back({id, i == 0 ? none : i - 1, i + 1 == piece.size() ? none : i + 1});
    }
    std::priority_queue<Candidate> queue;
    const auto offer = [&](Index left) {
      if (left == none || symbols[left].next == none) return;
      const Id l = symbols[left].id, r = symbols[symbols[left].next].id;
      if (const auto found = merges_.find(pair_key(l, r)); found != merges_.end()) queue.push({found->second.rank, left, l, r});
    };
    for (Index i = 0; i < symbols.size(); ++i) offer(i);
    while (!queue.empty()) {
      const Candidate best = queue.top();
      queue.pop();
      Symbol& left = symbols[best.left];
      if (left.id != best.left_id || left.next == none || symbols[left.next].id != best.right_id) continue;  // overtaken
      Symbol& right = symbols[left.next];
      left.id = merges_.at(pair_key(best.left_id, best.right_id)).whole;
      left.next = right.next;
      right.id = -1;
      if (left.next != none) symbols[left.next].previous = best.left;
      offer(best.left);
      offer(left.previous);
    }
    for (Index i = 0; i != none && i < symbols.size(); i = symbols[i].next) ids.push_back(symbols[i].id);
  }

  std::vector<std::string> tokens_;
  std::vector<Id> special_;
  std::vector<bool> is_special_;
  std::vector<Pattern> patterns_;
  std::unordered_map<std::string, Id> ids_;
  std::array<std::int16_t, 512> byte_of_ = [] {
    std::array<std::int16_t, 512> none{};
    none.fill(-1);
    return none;
  }();
  std::array<Id, 256> byte_ids_{};
  std::unordered_map<std::uint64_t, Merge> merges_;
};

}  // namespace graft
