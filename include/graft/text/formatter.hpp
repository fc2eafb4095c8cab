/// \file
/// Rows of data sets to examples.
///   language models:     {"prompt", "completion"}, {"messages": [{"role", "content"}, …]} or {"text"}; completions and the assistant's turns are
///                        supervised, what ends them included; plain text is supervised whole
///   encoder–decoders:    {"prompt", "completion"}
///   classifiers:         {"text", "label"}, and "second" for pairs of texts; labels are numbers or names
///   masked models:       {"text"}, of which 15 % are masked (Devlin et al. 2019: 80 % by the mask, 10 % by any token, 10 % not), others at every epoch
///                        (Liu et al. 2019)
#pragma once

#include <graft/core/random.hpp>
#include <graft/io/json.hpp>
#include <graft/text/chat.hpp>
#include <graft/text/example.hpp>
#include <graft/text/tokenizer.hpp>

#include <functional>

namespace graft {

struct Formatter {
  const Tokenizer& tokenizer;
  std::optional<ChatTemplate> chat{};  ///< without one, prompt and completion are joined as they are
  std::string instruction{};         ///< put before every prompt
  Index longest = 2048;              ///< examples of more tokens are refused
  Id end = -1;                       ///< what ends a text where no template says it; −1: nothing
  ExampleKind kind = ExampleKind::next_token;
  std::vector<std::string> classes{};  ///< names of a classifier's labels, by number
  Id mask = -1;                        ///< the token that hides others
  std::uint64_t seed = 1;              ///< of which tokens are masked

  /// What the model is given to answer.
  [[nodiscard]] std::string prompt(const std::string& text) const;
  /// The same in tokens.
  [[nodiscard]] std::vector<Id> prompt_ids(const std::string& text) const;
  /// The tokens that end an answer.
  [[nodiscard]] std::vector<Id> ends() const;

  /// Example number `number` of a data set.
  [[nodiscard]] Example example(const Json& row, const std::string& source, Index number = 0) const;

  [[nodiscard]] std::vector<Example> examples(const std::vector<Json>& rows, const std::string& source) const;

  /// What fit() asks at every epoch (train/fit.hpp): other tokens are masked. None for examples of other kinds, which stay as they are.
  [[nodiscard]] std::function<Example(const Example&, Index, Index)> anew() const;

  /// The number of a row's label.
  [[nodiscard]] Id class_of(const Json& row, const std::string& source) const;

 private:
  void continued(Example& made, const Json& row, const std::string& source) const;

  void paired(Example& made, const Json& row, const std::string& source) const;

  void classified(Example& made, const Json& row, const std::string& source) const;

  void masked(Example& made, const Json& row, const std::string& source, Index number) const;
  void hide(Example& made, Index number, Index epoch) const;
};

#if GRAFT_TEXT_BODIES
GRAFT_TEXT_INLINE std::string Formatter::prompt(const std::string& text) const {
  return chat ? chat->render({{"user", instruction + text}}, true) : instruction + text;
}

GRAFT_TEXT_INLINE std::vector<Id> Formatter::prompt_ids(const std::string& text) const {
  if (kind == ExampleKind::pair) return tokenizer.encode_whole(instruction + text).ids;
  auto ids = chat ? std::vector<Id>() : tokenizer.opening();
  const auto more = tokenizer.encode(prompt(text));
  ids.insert(ids.end(), more.begin(), more.end());
  return ids;
}

GRAFT_TEXT_INLINE std::vector<Id> Formatter::ends() const {
  std::vector<Id> ids;
  if (end >= 0) ids.push_back(end);
  if (chat) {
    const auto said = tokenizer.encode(chat->last_turn({{"user", "a"}, {"assistant", "b"}}).answer);
    if (said.size() > 1) ids.push_back(said.back());
  }
  return ids;
}

GRAFT_TEXT_INLINE Example Formatter::example(const Json& row, const std::string& source, Index number) const {
  Example made;
  made.kind = kind;
  if (kind == ExampleKind::text_class) classified(made, row, source);
  else if (kind == ExampleKind::fill_in) masked(made, row, source, number);
  else if (kind == ExampleKind::pair) paired(made, row, source);
  else continued(made, row, source);
  if (made.tokens() > longest) fail(source, ": the example has ", made.tokens(), " tokens, more than the limit of ", longest);
  if (made.supervised() == 0) fail(source, ": no token of the example is supervised; is the completion empty?");
  return made;
}

GRAFT_TEXT_INLINE std::vector<Example> Formatter::examples(const std::vector<Json>& rows, const std::string& source) const {
  std::vector<Example> all;
  for (Index i = 0; i < rows.size(); ++i) all.push_back(example(rows[i], source + ", example " + std::to_string(i + 1), i));
  return all;
}

GRAFT_TEXT_INLINE std::function<Example(const Example&, Index, Index)> Formatter::anew() const {
  if (kind != ExampleKind::fill_in) return nullptr;
  return [this](Example made, Index number, Index epoch) {
    for (Index i = 0; i < made.ids.size(); ++i)
      if (made.labels[i] >= 0) made.ids[i] = made.labels[i];
    hide(made, number, epoch);
    return made;
  };
}

GRAFT_TEXT_INLINE Id Formatter::class_of(const Json& row, const std::string& source) const {
  if (!row.contains("label")) fail(source, ": an example of a classifier needs \"text\" and \"label\"");
  const Json& label = row.at("label");
  const std::string name = label.is_string() ? label.get<std::string>() : label.dump();
  for (Index i = 0; i < classes.size(); ++i)
    if (classes[i] == name) return static_cast<Id>(i);
  if (!label.is_number_unsigned() || label.get<Index>() >= classes.size()) fail(source, ": the label ", label.dump(), " is none of the ", classes.size(), " classes");
  return label.get<Id>();
}

GRAFT_TEXT_INLINE void Formatter::continued(Example& made, const Json& row, const std::string& source) const {
  if (row.contains("messages")) {
    if (!chat) fail(source, ": \"messages\" need a model with a chat template");
    std::vector<Message> so_far;
    Index rendered = 0;
    for (const Json& message : row.at("messages")) {
      so_far.push_back({required<std::string>(message, "role", source), required<std::string>(message, "content", source)});
      if (so_far.back().role != "assistant") continue;
      const auto [before, answer] = chat->last_turn(so_far);
      if (before.size() < rendered) fail(source, ": the chat template renders earlier turns otherwise when more follow; train on the last answer alone");
      made.append(tokenizer.encode(std::string_view(before).substr(rendered)), false);
      made.append(tokenizer.encode(answer), true);
      rendered = before.size() + answer.size();
    }
    return;
  }
  if (row.contains("completion")) {
    const auto asked = required<std::string>(row, "prompt", source), said = required<std::string>(row, "completion", source);
    if (chat) {
      const auto [before, answer] = chat->last_turn({{"user", instruction + asked}, {"assistant", said}});
      made.append(tokenizer.encode(before), false);
      if (!said.empty()) made.append(tokenizer.encode(answer), true);
      return;
    }
    made.append(prompt_ids(asked), false);
    made.append(tokenizer.encode(said), true);
  } else if (row.contains("text")) {
    made.append(tokenizer.opening(), false);
    made.append(tokenizer.encode(required<std::string>(row, "text", source)), true);
  } else {
    fail(source, ": an example needs \"prompt\" and \"completion\", or \"messages\", or \"text\"");
  }
  if (end >= 0 && made.supervised() > 0) made.append({end}, true);
}

GRAFT_TEXT_INLINE void Formatter::paired(Example& made, const Json& row, const std::string& source) const {
  if (!row.contains("completion")) fail(source, ": an example of an encoder–decoder needs \"prompt\" and \"completion\"");
  made.source = prompt_ids(required<std::string>(row, "prompt", source));
  if (const auto said = required<std::string>(row, "completion", source); !said.empty()) made.labels = tokenizer.encode_whole(said).ids;
}

GRAFT_TEXT_INLINE void Formatter::classified(Example& made, const Json& row, const std::string& source) const {
  const auto first = instruction + required<std::string>(row, "text", source);
  const bool two = row.contains("second");
  const auto encoded = two ? tokenizer.encode_pair(first, required<std::string>(row, "second", source)) : tokenizer.encode_whole(first);
  made.ids = encoded.ids;
  made.second = static_cast<Index>(std::find(encoded.types.begin(), encoded.types.end(), 1) - encoded.types.begin());
  made.labels = {class_of(row, source)};
}

GRAFT_TEXT_INLINE void Formatter::masked(Example& made, const Json& row, const std::string& source, Index number) const {
  if (mask < 0) fail(source, ": the tokenizer has no mask token ([MASK] or <mask>), by which this kind of model learns");
  made.ids = tokenizer.encode_whole(required<std::string>(row, "text", source)).ids;
  hide(made, number, 0);
}

GRAFT_TEXT_INLINE void Formatter::hide(Example& made, Index number, Index epoch) const {
  const auto first = tokenizer.opening().size(), last = made.ids.size() - std::min(made.ids.size(), tokenizer.closing().size());
  made.labels.assign(made.ids.size(), -1);
  const auto draw = [&](Index i, Index which) { return uniform01({seed, number + (epoch << 32U)}, 3 * i + which); };
  for (Index i = first; i < last; ++i) {
    if (draw(i, 0) >= 0.15F && !(i + 1 == last && made.supervised() == 0)) continue;  // one at least
    made.labels[i] = made.ids[i];
    if (const float kind_of = draw(i, 1); kind_of < 0.8F) made.ids[i] = mask;
    else if (kind_of < 0.9F) made.ids[i] = static_cast<Id>(draw(i, 2) * static_cast<float>(tokenizer.size() - 1));
  }
}
#endif

}  // namespace graft
