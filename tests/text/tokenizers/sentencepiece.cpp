#include <graft/text/tokenizers/sentencepiece.hpp>

#include "error.hpp"

#include <boost/test/unit_test.hpp>

using namespace graft;
using made::error_of;

BOOST_AUTO_TEST_SUITE(text_tokenizers_sentencepiece)

using Role = SentencePieceParts::Role;

std::string bytes(std::initializer_list<int> values) {
  std::string all;
  for (const int value : values) all += static_cast<char>(value);
  return all;
}

BOOST_AUTO_TEST_CASE(bytes_of_a_model) {
  const SentencePieceParts parts{.kind = SentencePieceParts::Kind::bpe,
                                 .tokens = {"a"},
                                 .scores = {-1.5F},
                                 .roles = {Role::normal},
                                 .charsmap = {},
                                 .spaces_removed = false};
  BOOST_TEST(parts.model() == bytes({0x0A, 10, 0x0A, 1, 'a',  0x15, 0,    0, 0xC0, 0xBF, 0x18, 1,  // a piece
                                     0x12, 5,  0x18, 2, 0x98, 0x02, 0,           // the trainer's settings
                                     0x1A, 6,  0x12, 0, 0x18, 1,    0x20, 0}));  // the normalizer's
  auto with_bytes = parts;
  with_bytes.roles = {Role::byte};
  BOOST_TEST(with_bytes.model().find(bytes({0x98, 0x02, 1})) != std::string::npos);
  auto longer = parts;
  longer.tokens = {std::string(200, 'a')};
  BOOST_TEST(longer.model().starts_with(bytes({0x0A, 0xD2, 0x01, 0x0A, 0xC8, 0x01, 'a'})));
}

BOOST_AUTO_TEST_CASE(parts_that_do_not_belong_together) {
  SentencePieceParts parts;
  parts.tokens = {"a", "b"};
  parts.scores = {0};
  BOOST_TEST(error_of([&] { static_cast<void>(parts.model()); }) == "tokenizer: 2 tokens have 1 scores and 0 types");
}

#if GRAFT_HAS_SENTENCEPIECE
BOOST_AUTO_TEST_CASE(cuts_as_the_library_does) {
  SentencePieceParts parts;
  parts.tokens = {"<unk>", "\u2581a", "b", "ab", "\u2581"};
  parts.scores = {0, -1, -1, -5, -2};
  parts.roles = {Role::unknown, Role::normal, Role::normal, Role::normal, Role::normal};
  const SentencePiece model(parts.model(), "made");
  std::vector<splitter::Piece> pieces;
  model.cut(" ab b", pieces);
  std::string all;
  std::vector<Token> tokens;
  for (const auto& piece : pieces) {
    all += piece.text + "|";
    model.encode(piece.text, tokens);
  }
  BOOST_TEST(all == "\u2581a|b|\u2581|b|");
  BOOST_TEST(tokens.size() == 4U);
  BOOST_TEST(tokens[0].id == 1);
  BOOST_TEST(tokens[0].end == 4U);
  BOOST_TEST(tokens[2].id == 4);
  BOOST_TEST(
      error_of([] { SentencePiece("no model", "here"); }).starts_with("here: SentencePiece cannot read this model: "));
}
#endif

BOOST_AUTO_TEST_SUITE_END()
