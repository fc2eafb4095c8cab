/// \file
/// From tokens back to text: steps that refine a list of strings, which are then put together.
#pragma once

#include <graft/text/tokenizers/splitter.hpp>
#include <graft/text/tokenizers/subword.hpp>

namespace graft::token_decoder {

using Step = std::function<void(std::vector<std::string>&)>;

/// Letters that stand for bytes (splitter::byte_letters) as these bytes; others as they are.
inline Step byte_level() {
  return [](std::vector<std::string>& tokens) {
    static const auto bytes = [] {
      std::unordered_map<std::string_view, char> made;
      for (Index byte = 0; byte < 256; ++byte) made.emplace(splitter::byte_letters()[byte], static_cast<char>(byte));
      return made;
    }();
    for (auto& token : tokens) {
      std::string text;
      each_character(token, [&text](std::int32_t, std::string_view letter) {
        const auto found = bytes.find(letter);
        if (found != bytes.end()) text += found->second;
        else text += letter;
      });
      token = std::move(text);
    }
  };
}

/// "<0x0A>" as the byte 10.
inline Step byte_fallback() {
  return [](std::vector<std::string>& tokens) {
    for (auto& token : tokens)
      if (const int byte = byte_of(token); byte >= 0) token.assign(1, static_cast<char>(byte));
  };
}

inline Step replace(const std::string& pattern, std::string with) {
  return [step = normalizer::replace(pattern, std::move(with))](std::vector<std::string>& tokens) {
    for (auto& token : tokens) token = step(token);
  };
}

inline Step fuse() {
  return [](std::vector<std::string>& tokens) {
    std::string all;
    for (const auto& token : tokens) all += token;
    tokens.assign(1, all);
  };
}

/// At most so many of a character taken from either end of every token.
inline Step strip(const std::string& what, Index left, Index right) {
  return [what, left, right](std::vector<std::string>& tokens) {
    for (auto& token : tokens) {
      std::string_view rest = token;
      for (Index i = 0; i < left && rest.starts_with(what); ++i) rest.remove_prefix(what.size());
      for (Index i = 0; i < right && rest.ends_with(what); ++i) rest.remove_suffix(what.size());
      token = std::string(rest);
    }
  };
}

/// SentencePiece's marks as spaces; the one that was put before the text is taken away.
inline Step metaspace(const std::string& mark, bool space_before) {
  if (mark.empty()) fail("the tokenizer's mark for spaces is empty");
  return [mark, space_before](std::vector<std::string>& tokens) {
    for (Index i = 0; i < tokens.size(); ++i) {
      std::string text;
      std::string_view rest = tokens[i];
      if (i == 0 && space_before && rest.starts_with(mark)) rest.remove_prefix(mark.size());
      while (!rest.empty()) {
        const bool space = rest.starts_with(mark);
        if (space) text += ' ';
        else text += rest.front();
        rest.remove_prefix(space ? mark.size() : 1);
      }
      tokens[i] = std::move(text);
    }
  };
}

/// Words set apart by spaces, their continuations joined; `tidy` takes the spaces before punctuation and within
/// contractions.
inline Step word_piece(const std::string& continuing, bool tidy) {
  return [continuing, tidy](std::vector<std::string>& tokens) {
    static constexpr std::pair<std::string_view, std::string_view> untidy[] = {
        {" .", "."},   {" ?", "?"},           {" !", "!"},   {" ,", ","},     {" ' ", "'"},   {" n't", "n't"},
        {" 'm", "'m"}, {" do not", " don't"}, {" 's", "'s"}, {" 've", "'ve"}, {" 're", "'re"}};
    for (Index i = 0; i < tokens.size(); ++i) {
      if (i > 0) {
        if (tokens[i].starts_with(continuing)) tokens[i].erase(0, continuing.size());
        else tokens[i].insert(0, 1, ' ');
      }
      if (tidy)
        for (const auto& [from, to] : untidy)
          for (auto at = tokens[i].find(from); at != std::string::npos; at = tokens[i].find(from, at + to.size()))
            tokens[i].replace(at, from.size(), to);
    }
  };
}

}  // namespace graft::token_decoder
