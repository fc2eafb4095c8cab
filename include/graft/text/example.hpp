/// \file
/// What a model learns from: token ids with labels, of every kind that a model's head asks for.
#pragma once

#include <graft/data/batch.hpp>

namespace graft {

/// What is to be said of an example.
enum class ExampleKind {
  next_token,   ///< labels are the same ids where they are supervised, else −1: language models
  fill_in,      ///< labels are of masked tokens where they stand, else −1
  text_class,   ///< one label, the class of the text
  text_number,  ///< a number that is to be said of the text
  token_class,  ///< labels are classes of tokens where they stand, else −1
  answer,       ///< two labels, the tokens that an answer begins and ends with
  pair,         ///< `source` is read by an encoder, labels are what a decoder is to write
};

/// Whether models of a kind write texts.
[[nodiscard]] constexpr bool writes(ExampleKind kind) {
  return kind == ExampleKind::next_token || kind == ExampleKind::pair;
}

/// What a model is shown: token ids, and what is to be learned of them.
struct Example {
  std::vector<Id> ids, labels;
  ExampleKind kind = ExampleKind::next_token;
  std::vector<Id> source{};
  Index second = ~Index{0};  ///< where a second text begins in ids
  float number = 0;          ///< of a text

  [[nodiscard]] Index supervised() const {
    Index n = 0;
    for (Index i = kind == ExampleKind::next_token ? 1 : 0; i < labels.size(); ++i) n += labels[i] >= 0 ? 1 : 0;
    return n;
  }
  /// Tokens that a pass with it has.
  [[nodiscard]] Index tokens() const {
    return ids.size() + source.size() + (kind == ExampleKind::pair ? labels.size() : 0);
  }

  /// More tokens, each supervised or not.
  void append(const std::vector<Id>& more, bool is_supervised) {
    ids.insert(ids.end(), more.begin(), more.end());
    for (const Id id : more) labels.push_back(is_supervised ? id : -1);
  }
  /// Puts the example into a batch.
  /// \throws Error where it has not the labels of its kind.
  void into(Batch& batch) const {
    const Index least = kind == ExampleKind::answer ? 2 : kind == ExampleKind::text_class ? 1 : 0;
    if (labels.size() < least) fail("an example has ", labels.size(), " labels, and one of its kind has ", least);
    switch (kind) {
      case ExampleKind::next_token:
        return batch.append(ids, labels);
      case ExampleKind::fill_in:
        return batch.append_labelled(ids, labels);
      case ExampleKind::text_number:
        return batch.append_number(ids, number, second);
      case ExampleKind::token_class:
        return batch.append_labelled(ids, labels);
      case ExampleKind::answer:
        return batch.append_answer(ids, static_cast<Index>(labels[0]), static_cast<Index>(labels[1]), second);
      case ExampleKind::text_class:
        return batch.append_class(ids, labels[0], second);
      case ExampleKind::pair:
        return batch.append_pair(source, labels);
    }
  }
};

/// The kind of examples that a type of model learns from.
template <class Model>
constexpr ExampleKind example_kind() {
  if constexpr (Model::fills_in) return ExampleKind::fill_in;
  else if constexpr (Model::finds_answers) return ExampleKind::answer;
  else if constexpr (Model::labels_tokens) return ExampleKind::token_class;
  else if constexpr (Model::says_numbers) return ExampleKind::text_number;
  else if constexpr (Model::new_heads) return ExampleKind::text_class;
  else if constexpr (Model::config::encoder_blocks > 0) return ExampleKind::pair;
  else return ExampleKind::next_token;
}

}  // namespace graft
