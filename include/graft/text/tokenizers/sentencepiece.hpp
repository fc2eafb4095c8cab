/// \file
/// SentencePiece's own models (tokenizer.model, and the "llama" and "t5" kinds of GGUF), read and run by its library.
#pragma once

#include <graft/core/config.hpp>
#include <graft/text/tokenizers/splitter.hpp>
#include <graft/text/tokenizers/subword.hpp>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <memory>

#if GRAFT_HAS_SENTENCEPIECE
#include <sentencepiece_processor.h>
#endif

namespace graft {

/// What a SentencePiece model consists of, for files that keep it in another form.
struct SentencePieceParts {
  enum class Kind { unigram = 1, bpe = 2 };  ///< as its file format numbers them
  enum class Role { normal = 1, unknown = 2, control = 3, user_defined = 4, unused = 5, byte = 6 };
  Kind kind = Kind::unigram;
  std::vector<std::string> tokens;
  std::vector<float> scores;
  std::vector<Role> roles;
  std::string charsmap;  ///< see text/tokenizers/charsmap.hpp
  bool space_before = true, spaces_removed = true;

  /// The same as bytes of a tokenizer.model: sentencepiece_model.proto in Protocol Buffers' wire format.
  [[nodiscard]] std::string model() const {
    if (scores.size() != tokens.size() || roles.size() != tokens.size())
      fail("tokenizer: ", tokens.size(), " tokens have ", scores.size(), " scores and ", roles.size(), " types");
    std::string all;
    for (Index i = 0; i < tokens.size(); ++i) {
      std::string piece;
      write(piece, 1, tokens[i]);
      write_tag(piece, 2, 5);
      for (Index byte = 0; byte < 4; ++byte)
        piece += static_cast<char>(std::bit_cast<std::uint32_t>(scores[i]) >> (8 * byte));
      write(piece, 3, static_cast<std::uint64_t>(roles[i]));
      write(all, 1, piece);
    }
    std::string trainer, normalizer;
    write(trainer, 3, static_cast<std::uint64_t>(kind));
    write(trainer, 35, std::uint64_t{std::find(roles.begin(), roles.end(), Role::byte) != roles.end()});
    write(normalizer, 2, charsmap);
    write(normalizer, 3, std::uint64_t{space_before});
    write(normalizer, 4, std::uint64_t{spaces_removed});
    write(all, 2, trainer);
    write(all, 3, normalizer);
    return all;
  }

 private:
  static void write_number(std::string& to, std::uint64_t value) {
    for (; value >= 128; value >>= 7U) to += static_cast<char>(value | 128U);
    to += static_cast<char>(value);
  }
  static void write_tag(std::string& to, std::uint64_t field, std::uint64_t type) {
    write_number(to, field << 3U | type);
  }
  static void write(std::string& to, std::uint64_t field, std::uint64_t value) {
    write_tag(to, field, 0);
    write_number(to, value);
  }
  static void write(std::string& to, std::uint64_t field, const std::string& value) {
    write_tag(to, field, 2);
    write_number(to, value.size());
    to += value;
  }
};

#if GRAFT_HAS_SENTENCEPIECE
class SentencePiece final : public Subword {
 public:
  /// `model`: the bytes of a tokenizer.model.
  SentencePiece(const std::string& model, const std::string& source) {
    if (const auto status = processor_.LoadFromSerializedProto(model); !status.ok())
      fail(source, ": SentencePiece cannot read this model: ", status.ToString());
  }

  /// What the library makes of a text, normalised and cut into the tokens' own spellings.
  void cut(std::string_view text, std::vector<splitter::Piece>& pieces) const {
    std::vector<std::string> found;
    if (const auto status = processor_.Encode(text, &found); !status.ok()) fail("SentencePiece: ", status.ToString());
    for (auto& piece : found) pieces.push_back({std::move(piece)});
  }
  /// A piece is one token already.
  void encode(std::string_view piece, std::vector<Token>& tokens) const override {
    tokens.push_back({static_cast<Id>(processor_.PieceToId(piece)), piece.size()});
  }
  [[nodiscard]] const sentencepiece::SentencePieceProcessor& processor() const { return processor_; }

 private:
  sentencepiece::SentencePieceProcessor processor_;
};
#endif

}  // namespace graft
