/// \file
/// What tokenizers share: pieces of text ↔ ids of a vocabulary.
#pragma once

#include <graft/core/error.hpp>
#include <graft/core/types.hpp>

#include <algorithm>
#include <charconv>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace graft {

/// Tokens by id and ids by token. An id may be empty; where two ids spell the same, the first one is meant.
class Vocabulary {
 public:
  explicit Vocabulary(std::vector<std::string> tokens) : tokens_(std::move(tokens)) {
    ids_.reserve(tokens_.size());
    for (Index i = 0; i < tokens_.size(); ++i)
      if (!tokens_[i].empty()) ids_.emplace(tokens_[i], static_cast<Id>(i));
  }

  [[nodiscard]] Index size() const { return tokens_.size(); }
  /// The id of a token spelled exactly so, or −1.
  [[nodiscard]] Id id(std::string_view token) const {
    const auto found = ids_.find(token);
    return found == ids_.end() ? -1 : found->second;
  }
  [[nodiscard]] const std::string& operator[](Id id) const {
    if (id < 0 || static_cast<Index>(id) >= tokens_.size())
      fail("tokenizer: no token has the id ", id, "; there are ", tokens_.size());
    return tokens_[static_cast<Index>(id)];
  }
  /// The id of "<0x0A>" for the byte 10, or −1.
  [[nodiscard]] Id byte(unsigned char byte) const {
    constexpr char digits[] = "0123456789ABCDEF";
    return id({std::string{'<', '0', 'x', digits[byte >> 4U], digits[byte & 15U], '>'}});
  }

 private:
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  std::vector<std::string> tokens_;
  std::unordered_map<std::string, Id, Hash, std::equal_to<>> ids_;
};

/// The byte that "<0x0A>" stands for, or −1.
inline int byte_of(std::string_view token) {
  int byte = -1;
  if (token.size() == 6 && token.starts_with("<0x") && token.ends_with('>') &&
      std::from_chars(token.data() + 3, token.data() + 5, byte, 16).ptr != token.data() + 5)
    return -1;
  return byte;
}

/// A token of a piece, and where in the piece it ends.
struct Token {
  Id id;
  Index end;
};

/// A tokenizer's model: a piece of text to the tokens that it is made of, in order.
class Subword {
 public:
  virtual ~Subword() = default;
  virtual void encode(std::string_view piece, std::vector<Token>& tokens) const = 0;
};

/// What a piece becomes that is not in the vocabulary: its bytes, where all of them are, or the unknown token, once for
/// all that follow each other where they are fused.
struct Unknown {
  Id token = -1;
  bool bytes = false, fused = false;

  /// Appends it; `begin` is where in a piece the text stands. `after_unknown`: whether what was appended before is
  /// unknown, too; is so afterwards where this is.
  void encode(const Vocabulary& vocabulary, std::string_view text, Index begin, std::vector<Token>& tokens,
              bool& after_unknown) const {
    if (bytes) {
      std::vector<Token> spelled;
      for (const char c : text)
        spelled.push_back({vocabulary.byte(static_cast<unsigned char>(c)), begin + spelled.size() + 1});
      if (std::none_of(spelled.begin(), spelled.end(), [](const Token& byte) { return byte.id < 0; })) {
        tokens.insert(tokens.end(), spelled.begin(), spelled.end());
        after_unknown = false;
        return;
      }
    }
    if (token < 0)
      fail("tokenizer: the vocabulary has no token for \"", std::string(text), "\" and none for what is unknown");
    if (fused && after_unknown) tokens.back().end = begin + text.size();
    else tokens.push_back({token, begin + text.size()});
    after_unknown = true;
  }
};

}  // namespace graft
