/// \file
/// What a family's tokenizer class in transformers has where a folder's files do not say it
/// (text/tokenizers/vocabulary_files.hpp).
#pragma once

#include <string_view>

namespace graft {

struct VocabularyHabits {
  bool begins = true, ends = false;  ///< SentencePiece's texts stand behind <s>, and before </s>
  std::string_view split{};      ///< how byte-level BPE splits text, by its name in GGUF; empty: graft does not know
  bool composed = false;         ///< and before it characters are composed (NFC)
  bool encloses = false;         ///< its texts stand between a first token and a last one, and pairs do
  bool mask_takes_left = false;  ///< the token for masked ones takes the spaces before it
  std::string_view unknown = "<unk>", separator = "</s>", padding = "<pad>", first = "<s>", mask = "<mask>",
                   end = "</s>";
};

}  // namespace graft
