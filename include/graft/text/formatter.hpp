/// \file
/// Rows of data sets to examples.
///   language models:
///       {"prompt", "completion"}, {"messages": [{"role", "content", …}, …]} or {"text"}; completions and the
///       assistant's turns are
///                        supervised, what ends them included; plain text is supervised whole
///   encoder–decoders:    {"prompt", "completion"}
///   classifiers:         {"text", "label"}, and "second" for pairs of texts; labels are numbers or names
///   models of numbers:   the same, and the label is a number
///   of tokens:           {"tokens", "tags"}: words, and a label for each
///   of answers:
///       {"question", "context", "answers": {"text": […], "answer_start": […]}}; no answer is the first token
///   masked models:
///       {"text"}, of which 15 % are masked (Devlin et al. 2019: 80 % by the mask, 10 % by any token, 10 % not), others
///       at every epoch
///                        (Liu et al. 2019)
/// Other keys are for the chat template; what it does not read is refused or named (docs/rows.md).
#pragma once

#include <graft/core/random.hpp>
#include <graft/text/chat/conversation.hpp>
#include <graft/text/encode_parts.hpp>
#include <graft/text/example.hpp>
#include <graft/text/row_form.hpp>

#include <cstdio>
#include <functional>
#include <optional>
#include <set>

namespace graft {

/// Makes examples of rows.
struct Formatter {
  const Tokenizer& tokenizer;          ///< the model's tokenizer
  std::optional<ChatTemplate> chat{};  ///< without one, prompt and completion are joined as they are
  std::string instruction{};           ///< put before every prompt
  Index longest = 2048;                ///< examples of more tokens are refused
  Id end = -1;                         ///< what ends a text where no template says it; −1: nothing
  ExampleKind kind = ExampleKind::next_token;
  std::vector<std::string> classes{};  ///< names of a classifier's labels, by number
  Id mask = -1;                        ///< the token that hides others
  std::uint64_t seed = 1;              ///< of which tokens are masked
  Turns turns = Turns::all;            ///< which answers of a conversation are supervised
  Index vocabulary = 0;                ///< tokens that the model has rows for; 0: not known

  /// What the model is given to answer.
  [[nodiscard]] std::string prompt(const std::string& text) const;
  /// The same in tokens; of a row, those that training reads before the last answer.
  [[nodiscard]] std::vector<Id> prompt_ids(const std::string& text) const;
  /// The tokens of a row's prompt, as generation reads them.
  [[nodiscard]] std::vector<Id> prompt_ids(const Row& row) const;
  /// The tokens that end an answer.
  [[nodiscard]] std::vector<Id> ends() const;
  /// Of a model of answers, what it says where z has for every token of the row's example how likely an answer begins
  /// there, and ends; empty: there is none. Of all within the context, and of at most `most` tokens, the likeliest.
  [[nodiscard]] std::string answer(const Row& row, std::span<const float> z, Index most = 30) const;
  /// The answers that a row has.
  [[nodiscard]] static std::vector<std::string> answers_of(const Row& row);

  /// Example number `number` of a data set.
  [[nodiscard]] Example example(const Row& row, Index number = 0) const;

  /// All of a data set; keys that nothing reads are named once, on standard error, as those of `source`.
  [[nodiscard]] std::vector<Example> examples(const std::vector<Row>& rows, const std::string& source) const;

  /// What fit() asks at every epoch (train/fit.hpp): other tokens are masked. None for examples of other kinds, which
  /// stay as they are.
  [[nodiscard]] std::function<Example(const Example&, Index, Index)> anew() const;

 private:
  using Keys = std::set<std::string>;

  [[nodiscard]] Example read(const Row& row, Index number, Keys& unread) const;
  void conversed(Example& made, const Row& row, Keys& unread) const;
  void plain(Example& made, const Row& row, bool completes) const;
  void paired(Example& made, const Row& row) const;
  void classified(Example& made, const Row& row) const;
  void tagged(Example& made, const Row& row) const;
  void answered(Example& made, const Row& row) const;
  void masked(Example& made, const Row& row, Index number) const;
  void hide(Example& made, Index number, Index epoch) const;

  [[nodiscard]] Conversation conversation(const Row& row) const;
  [[nodiscard]] Id class_of(const std::string& name, bool is_number, const std::string& where) const;
  void add_parts(Example& made, const std::vector<TextPart>& parts) const;
  void add_end(std::vector<Id>& ids) const;
  void check_rows(const std::vector<Id>& ids, const std::string& where) const;
};

#if defined(GRAFT_TEXT_INLINE)
GRAFT_TEXT_INLINE std::string Formatter::prompt(const std::string& text) const {
  return chat ? chat->render(OrderedJson::array({text_message("user", instruction + text)}), true).text
              : instruction + text;
}

GRAFT_TEXT_INLINE std::vector<Id> Formatter::prompt_ids(const std::string& text) const {
  std::vector<Id> ids;
  if (kind == ExampleKind::pair) {
    ids = tokenizer.encode_whole(instruction + text).ids;
  } else {
    ids = tokenizer.encode(prompt(text));
    if (const auto own = tokenizer.opening(); !chat)
      ids.insert(ids.begin(), own.begin(), own.end() - static_cast<std::ptrdiff_t>(overlap(own, ids)));
  }
  check_rows(ids, "the prompt");
  return ids;
}

GRAFT_TEXT_INLINE std::vector<Id> Formatter::prompt_ids(const Row& row) const {
  if (kind == ExampleKind::pair) return prompt_ids(row.get("prompt"));
  if (!chat) {
    const auto made = example(row);
    return {made.ids.begin(), made.ids.begin() + (std::find_if(made.labels.begin(), made.labels.end(),
                                                               [](Id label) { return label >= 0; }) -
                                                  made.labels.begin())};
  }
  const Conversation talk = conversation(row);
  const std::string question = talk.question();
  const std::string& whole = talk.text();
  auto ids = tokenizer.encode(question);
  if (whole.starts_with(question)) {
    const std::vector<std::string> parts{question, whole.substr(question.size())};
    const auto encoded = encode_parts(tokenizer, parts);
    ids.assign(encoded.ids.begin(), encoded.ids.begin() + static_cast<std::ptrdiff_t>(encoded.parts[1].first));
  }
  check_rows(ids, row.where);
  return ids;
}

GRAFT_TEXT_INLINE std::vector<Id> Formatter::ends() const {
  std::vector<Id> ids;
  if (end >= 0) ids.push_back(end);
  if (!chat) return ids;
  const std::string said = "42";
  std::string before, behind;  // up to the end of what is said, and what ends it
  try {
    for (const auto& part :
         Conversation(*chat, OrderedJson::array({text_message("user", "?"), text_message("assistant", said)}),
                      OrderedJson::object(), "")
             .parts(Turns::last)) {
      before += behind + part.text;
      behind.clear();
      if (!part.supervised) continue;
      behind = before.substr(before.rfind(said) + said.size());
      before.erase(before.size() - behind.size());
      break;
    }
    // a template that has no such conversation ends none of its answers otherwise than the model its texts
  } catch (const Error&) {}
  const std::vector<std::string> both{before, behind};
  const auto encoded = encode_parts(tokenizer, both);
  const auto [first, last] = encoded.parts[1];
  if (last > first && (last - first == 1 || tokenizer.is_added(encoded.ids[last - 1])))
    ids.push_back(encoded.ids[last - 1]);
  return ids;
}

GRAFT_TEXT_INLINE Example Formatter::example(const Row& row, Index number) const {
  Keys unread;
  return read(row, number, unread);
}

GRAFT_TEXT_INLINE Example Formatter::read(const Row& row, Index number, Keys& unread) const {
  Example made;
  made.kind = kind;
  const std::string form = form_of(row, kind);
  if (form == "messages" && !chat)
    fail(row.where,
         ": \"messages\" need a model with a chat template, and this model's files have none: give \"prompt\" and "
         "\"completion\", or put a chat_template.jinja into its folder");
  if (form != "messages" && (form != "completion" || !chat)) {
    for (const auto& [key, value] : row.json.items()) {
      const bool of_class =
          (kind == ExampleKind::text_class || kind == ExampleKind::text_number) && (key == "second" || key == "label");
      if (is_of_form(form, key) || of_class || says_nothing(value)) continue;
      if (form == "completion" && changes_meaning(key))
        fail(row.where, ": nothing reads \"", key,
             "\", as the model has no chat template, and without it the row means something else; put it into the "
             "prompt, or remove it where it is not meant");
      unread.insert("\"" + key + "\"");
    }
  }
  if (kind == ExampleKind::text_class || kind == ExampleKind::text_number) classified(made, row);
  else if (kind == ExampleKind::token_class) tagged(made, row);
  else if (kind == ExampleKind::answer) answered(made, row);
  else if (kind == ExampleKind::fill_in) masked(made, row, number);
  else if (kind == ExampleKind::pair) paired(made, row);
  else if (form == "text" || !chat) plain(made, row, form == "completion");
  else conversed(made, row, unread);
  check_rows(made.ids, row.where);
  check_rows(made.source, row.where);
  if (kind == ExampleKind::pair) check_rows(made.labels, row.where);
  if (made.tokens() > longest)
    fail(row.where, ": the example has ", made.tokens(), " tokens, more than the limit of ", longest,
         "; shorten it, or raise the limit (--max-length, Formatter::longest)");
  if (made.supervised() == 0) fail(row.where, ": no token of the example is supervised; is the completion empty?");
  return made;
}

GRAFT_TEXT_INLINE std::vector<Example> Formatter::examples(const std::vector<Row>& rows,
                                                           const std::string& source) const {
  std::vector<Example> all;
  Keys unread;
  for (Index i = 0; i < rows.size(); ++i) all.push_back(read(rows[i], i, unread));
  std::string named;
  for (const auto& key : unread) named += (named.empty() ? "" : ", ") + key;
  if (!named.empty()) std::fprintf(stderr, "%s: nothing reads %s\n", source.c_str(), named.c_str());
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

GRAFT_TEXT_INLINE Conversation Formatter::conversation(const Row& row) const {
  const std::string form = form_of(row, kind);
  if (form == "text") fail(row.where, ": a row of \"text\" asks for no answer");
  if (form == "messages") return Conversation(*chat, row.json.at("messages"), beside_messages(row, form), row.where);
  return Conversation(*chat,
                      OrderedJson::array({text_message("user", instruction + row.get("prompt")),
                                          text_message("assistant", row.get("completion"))}),
                      beside_messages(row, form), row.where);
}

/// A conversation is what the template makes of it, and nothing is put about it.
GRAFT_TEXT_INLINE void Formatter::conversed(Example& made, const Row& row, Keys& unread) const {
  if (row.has("completion") && row.get("completion").empty()) return;
  const Conversation talk = conversation(row);
  add_parts(made, talk.parts(turns));
  const auto left = talk.unread();
  for (const auto& key : left.beside) unread.insert("\"" + key + "\"");
  for (const auto& key : left.of_messages) unread.insert("\"" + key + "\" of messages");
  while (!made.labels.empty() && made.labels.back() < 0) {  // nothing is learned of what stands behind the last answer
    made.labels.pop_back();
    made.ids.pop_back();
  }
}

GRAFT_TEXT_INLINE void Formatter::plain(Example& made, const Row& row, bool completes) const {
  if (completes) add_parts(made, {{instruction + row.get("prompt"), false}, {row.get("completion"), true}});
  else add_parts(made, {{row.get("text"), true}});
  const auto first = tokenizer.opening(), last = tokenizer.closing();
  const auto missing = static_cast<std::ptrdiff_t>(first.size() - overlap(first, made.ids));
  made.ids.insert(made.ids.begin(), first.begin(), first.begin() + missing);
  made.labels.insert(made.labels.begin(), static_cast<Index>(missing), -1);
  std::fill_n(made.labels.begin(), first.size(), -1);
  if (std::all_of(made.labels.begin(), made.labels.end(), [](Id label) { return label < 0; })) return;
  made.ids.insert(made.ids.end(), last.begin() + static_cast<std::ptrdiff_t>(overlap(made.ids, last)), last.end());
  add_end(made.ids);
  made.labels.insert(made.labels.end(), made.ids.begin() + static_cast<std::ptrdiff_t>(made.labels.size()),
                     made.ids.end());
}

GRAFT_TEXT_INLINE void Formatter::paired(Example& made, const Row& row) const {
  made.source = tokenizer.encode_whole(instruction + row.get("prompt")).ids;
  const auto said = row.get("completion");
  if (said.empty()) return;
  made.labels = tokenizer.encode_whole(said).ids;
  add_end(made.labels);
}

GRAFT_TEXT_INLINE void Formatter::classified(Example& made, const Row& row) const {
  const auto first = instruction + row.get("text");
  const auto encoded =
      row.has("second") ? tokenizer.encode_pair(first, row.get("second")) : tokenizer.encode_whole(first);
  made.ids = encoded.ids;
  made.second = static_cast<Index>(std::find(encoded.types.begin(), encoded.types.end(), 1) - encoded.types.begin());
  if (kind == ExampleKind::text_class) {
    made.labels = {class_of(label_of(row), row.json.value("label", OrderedJson()).is_number(), row.where)};
    return;
  }
  const OrderedJson label = row.json.value("label", OrderedJson());
  if (!label.is_number())
    fail(row.where, ": the label is ", label.dump().substr(0, 40),
         ", and this model says a number of a text: give a number, or train a classifier (--task class)");
  made.number = label.get<float>();
  made.labels = {0};
}

/// Words stand with spaces between them, and the first token of a word has its label.
GRAFT_TEXT_INLINE void Formatter::tagged(Example& made, const Row& row) const {
  const auto words = row.get<std::vector<std::string>>("tokens");
  const auto tags = tags_of(row);
  if (words.size() != tags.size())
    fail(row.where, ": there are ", words.size(), " tokens and ", tags.size(), " tags; a token has one tag");
  std::vector<std::string> parts;
  for (const auto& word : words) {
    if (!parts.empty()) parts.emplace_back(" ");
    parts.push_back(word);
  }
  const auto encoded = encode_parts(tokenizer, parts);
  const auto whole = tokenizer.enclosed(encoded.ids);
  made.ids = whole.ids;
  made.labels.assign(made.ids.size(), -1);
  Index done = 0;
  for (Index i = 0; i < words.size(); ++i) {
    const auto [begin, behind] = encoded.parts[2 * i];
    if (const Index first = std::max(begin, done); first < behind)
      made.labels[whole.first + first] = class_of(tags[i], row.json.at("tags")[i].is_number(), row.where);
    done = std::max(done, behind);
  }
}

/// An answer in a context: its bytes [begin, end).
struct AnswerPlace {
  Index begin, end;
};
inline AnswerPlace place_of_answer(const Row& row, const std::string& context, const std::string& text,
                                   const OrderedJson& start) {
  if (text.empty()) fail(row.where, ": an answer is empty; where there is none, leave the lists of \"answers\" empty");
  if (!start.is_number_integer()) {
    const auto found = context.find(text);
    if (found == context.npos)
      fail(row.where, ": the answer \"", text.substr(0, 60), "\" does not stand in the context");
    return {found, found + text.size()};
  }
  Index at = 0;  // the file counts characters
  for (auto left = start.get<std::int64_t>(); left > 0 && at < context.size(); --left)
    at += std::max<Index>(first_character(std::string_view(context).substr(at)).second, 1);
  if (start < 0 || context.compare(at, text.size(), text) != 0)
    fail(row.where, ": answer_start is ", start.dump(), ", and there the context has \"",
         context.substr(std::min(at, context.size()), std::min<Index>(text.size(), 60)), "\" and not the answer \"",
         text.substr(0, 60), "\"");
  return {at, at + text.size()};
}
/// A row's answers and where they begin, as SQuAD has them, or as a text or a list of texts.
inline std::vector<std::pair<std::string, OrderedJson>> stated_answers(const Row& row) {
  std::vector<std::pair<std::string, OrderedJson>> all;
  const OrderedJson stated = row.json.value("answers", OrderedJson());
  const auto wrong = [&]() {
    fail(row.where, ": \"answers\" is ", stated.dump().substr(0, 60),
         "; it is {\"text\": [...], \"answer_start\": [...]}, a text, or a list of texts");
  };
  const auto add = [&](const OrderedJson& text, const OrderedJson& start) {
    if (!text.is_string()) wrong();
    all.emplace_back(text.get<std::string>(), start);
  };
  if (stated.is_object()) {
    const OrderedJson texts = stated.value("text", OrderedJson()), starts = stated.value("answer_start", OrderedJson());
    if (!texts.is_array() || (!starts.is_null() && (!starts.is_array() || starts.size() != texts.size()))) wrong();
    for (Index i = 0; i < texts.size(); ++i) add(texts[i], starts.is_null() ? OrderedJson() : starts[i]);
  } else if (stated.is_array()) {
    for (const auto& one : stated)
      if (one.is_object()) add(one.value("text", OrderedJson()), one.value("answer_start", OrderedJson()));
      else add(one, OrderedJson());
  } else {
    add(stated, OrderedJson());
  }
  return all;
}

GRAFT_TEXT_INLINE std::vector<std::string> Formatter::answers_of(const Row& row) {
  std::vector<std::string> texts;
  for (auto& [text, start] : stated_answers(row)) texts.push_back(std::move(text));
  return texts;
}

GRAFT_TEXT_INLINE void Formatter::answered(Example& made, const Row& row) const {
  const auto context = row.get("context");
  const auto answers = stated_answers(row);
  const AnswerPlace place =
      answers.empty() ? AnswerPlace{0, 0} : place_of_answer(row, context, answers[0].first, answers[0].second);
  const std::vector<std::string> parts{context.substr(0, place.begin),
                                       context.substr(place.begin, place.end - place.begin), context.substr(place.end)};
  const auto encoded = encode_parts(tokenizer, parts);
  const auto both = tokenizer.enclosed(tokenizer.encode(instruction + row.get("question")), encoded.ids);
  made.ids = both.ids;
  made.second = static_cast<Index>(std::find(both.types.begin(), both.types.end(), 1) - both.types.begin());
  made.labels = {0, 0};
  if (answers.empty()) return;
  const auto [first, last] = encoded.parts[1];
  if (first == last)
    fail(row.where, ": the tokenizer makes no token of the answer \"", parts[1].substr(0, 60), "\"; leave the row out");
  made.labels = {static_cast<Id>(both.second + first), static_cast<Id>(both.second + last - 1)};
}

GRAFT_TEXT_INLINE std::string Formatter::answer(const Row& row, std::span<const float> z, Index most) const {
  const auto context = row.get("context");
  const auto ids = tokenizer.encode(context);
  const auto both = tokenizer.enclosed(tokenizer.encode(instruction + row.get("question")), ids);
  float best = z[0] + z[1];  // that there is none
  std::pair<Index, Index> found{1, 0};
  for (Index i = both.second; i < both.second + ids.size(); ++i)
    for (Index j = i; j < std::min(i + most, both.second + ids.size()); ++j)
      if (const float score = z[2 * i] + z[2 * j + 1]; score > best) best = score, found = {i, j};
  return found.second < found.first
             ? ""
             : characters_of(tokenizer, context, found.first - both.second, found.second - both.second);
}

GRAFT_TEXT_INLINE Id Formatter::class_of(const std::string& name, bool is_number, const std::string& where) const {
  if (const auto found = std::find(classes.begin(), classes.end(), name); found != classes.end())
    return static_cast<Id>(found - classes.begin());
  Index number = 0;
  if (const auto read = std::from_chars(name.data(), name.data() + name.size(), number);
      is_number && read.ec == std::errc() && number < classes.size())
    return static_cast<Id>(number);
  std::string known;
  for (Index i = 0; i < classes.size() && known.size() < 200; ++i) known += (i == 0 ? "" : ", ") + classes[i];
  fail(where, ": the label \"", name, "\" is none of the ", classes.size(), " classes: ", known);
}

GRAFT_TEXT_INLINE void Formatter::masked(Example& made, const Row& row, Index number) const {
  if (mask < 0)
    fail(row.where,
         ": the tokenizer has no mask token ([MASK] or <mask>), by which this kind of model learns; name a model that "
         "was made to fill in, or another --task");
  made.ids = tokenizer.encode_whole(row.get("text")).ids;
  hide(made, number, 0);
}

GRAFT_TEXT_INLINE void Formatter::hide(Example& made, Index number, Index epoch) const {
  const auto first = tokenizer.opening().size(),
             last = made.ids.size() - std::min(made.ids.size(), tokenizer.closing().size());
  const Index tokens = vocabulary == 0 ? tokenizer.size() : std::min(tokenizer.size(), vocabulary);
  made.labels.assign(made.ids.size(), -1);
  const auto draw = [&](Index i, Index which) { return uniform01({seed, number + (epoch << 32U)}, 3 * i + which); };
  for (Index i = first; i < last; ++i) {
    if (draw(i, 0) >= 0.15F && !(i + 1 == last && made.supervised() == 0)) continue;  // one at least
    made.labels[i] = made.ids[i];
    if (const float kind_of = draw(i, 1); kind_of < 0.8F) made.ids[i] = mask;
    else if (kind_of < 0.9F) made.ids[i] = static_cast<Id>(draw(i, 2) * static_cast<float>(tokens - 1));
  }
}

GRAFT_TEXT_INLINE void Formatter::add_parts(Example& made, const std::vector<TextPart>& parts) const {
  std::vector<std::string> texts;
  for (const auto& part : parts) texts.push_back(part.text);
  const auto encoded = encode_parts(tokenizer, texts);
  made.ids = encoded.ids;
  made.labels.assign(made.ids.size(), -1);
  for (Index p = 0; p < parts.size(); ++p)
    if (const auto [first, last] = encoded.parts[p]; parts[p].supervised)
      std::copy(made.ids.begin() + static_cast<std::ptrdiff_t>(first),
                made.ids.begin() + static_cast<std::ptrdiff_t>(last),
                made.labels.begin() + static_cast<std::ptrdiff_t>(first));
}

/// The token that ends a text, unless the text has it already, if need be before white space.
GRAFT_TEXT_INLINE void Formatter::add_end(std::vector<Id>& ids) const {
  if (end < 0) return;
  Index last = ids.size();
  while (last > 0 && ids[last - 1] != end &&
         without_space_at_end(tokenizer.decode(std::span(&ids[last - 1], 1), true)) == 0)
    --last;
  if (last == 0 || ids[last - 1] != end) ids.push_back(end);
}

GRAFT_TEXT_INLINE void Formatter::check_rows(const std::vector<Id>& ids, const std::string& where) const {
  for (const Id id : ids)
    if (vocabulary > 0 && id >= static_cast<Id>(vocabulary))
      fail(where, ": the token \"", tokenizer.token(id), "\" has the id ", id, ", and the model has rows for ",
           vocabulary, " tokens (the tokenizer has ", tokenizer.size(),
           "); leave it out of the texts, or take a model whose embedding was resized");
}
#endif

}  // namespace graft
