/// \file
/// What the keys of a data set's rows are for: the form of a row, its label, and what it has for the chat template.
#pragma once

#include <graft/text/chat/conversation.hpp>
#include <graft/text/example.hpp>

#include <cmath>

namespace graft {

/// How a label is spelled: a text, a whole number, true or false. `where`: for messages
std::string label_text(const OrderedJson& label, const std::string& where);
/// That of a row.
std::string label_of(const Row& row);
/// Those of a row's tokens.
std::vector<std::string> tags_of(const Row& row);

#if defined(GRAFT_TEXT_INLINE)
/// What a kind of model learns from, in words.
inline const char* words_of(ExampleKind kind) {
  switch (kind) {
    case ExampleKind::next_token:
      return "\"prompt\" and \"completion\", or \"messages\", or \"text\"";
    case ExampleKind::pair:
      return "\"prompt\" and \"completion\"";
    case ExampleKind::fill_in:
      return "\"text\"";
    case ExampleKind::text_class:
      return "\"text\" and \"label\", and \"second\" for pairs of texts";
    case ExampleKind::text_number:
      return "\"text\" and a number \"label\", and \"second\" for pairs of texts";
    case ExampleKind::token_class:
      return "\"tokens\" and \"tags\", a list of words and one of as many labels";
    case ExampleKind::answer:
      return "\"question\", \"context\" and \"answers\", as SQuAD has them";
  }
  return "";
}

/// The key by which a row says what it is: "messages", "completion", "text", "tokens" or "question".
inline std::string form_of(const Row& row, ExampleKind kind) {
  std::vector<std::string> forms;
  if (row.has("messages")) forms.emplace_back("messages");
  if (row.has("prompt") || row.has("completion")) forms.emplace_back("completion");
  if (row.has("text")) forms.emplace_back("text");
  if (kind == ExampleKind::token_class && row.has("tokens")) forms = {"tokens"};
  if (kind == ExampleKind::answer && row.has("question")) forms = {"question"};
  if (forms.size() > 1)
    fail(row.where, ": the row can be read in two ways, by its \"", forms[0], "\" and by its \"", forms[1],
         "\"; leave one of them out");
  const bool reads_text =
      kind == ExampleKind::text_class || kind == ExampleKind::text_number || kind == ExampleKind::fill_in;
  const std::string wanted = kind == ExampleKind::pair          ? "completion"
                             : reads_text                       ? "text"
                             : kind == ExampleKind::token_class ? "tokens"
                             : kind == ExampleKind::answer      ? "question"
                                                                : "";
  if (!forms.empty() && (wanted.empty() || forms[0] == wanted)) return forms[0];
  std::string keys;
  for (const auto& entry : row.json.items()) keys += (keys.empty() ? "\"" : ", \"") + entry.key() + "\"";
  fail(row.where, ": the row has ", keys.empty() ? "no key" : keys, ", and this model learns from ", words_of(kind));
}
inline bool is_of_form(const std::string& form, const std::string& key) {
  return key == form || (form == "completion" && key == "prompt") || (form == "tokens" && key == "tags") ||
         (form == "question" && (key == "context" || key == "answers" || key == "id" || key == "title"));
}

/// What a row has for the chat template beside its messages: its other keys, and those of "chat_template_kwargs".
inline OrderedJson beside_messages(const Row& row, const std::string& form) {
  OrderedJson beside = OrderedJson::object();
  const auto add = [&](const std::string& key, const OrderedJson& value) {
    if (!is_nothing(value)) beside[key] = value;
  };
  for (const auto& [key, value] : row.json.items()) {
    if (is_of_form(form, key)) continue;
    if (key == "tools" && value.is_string()) {  // as tables keep them
      add(key, parse_json<OrderedJson>(value.get<std::string>(), row.where + ", tools"));
    } else if (key == "chat_template_kwargs" && !value.is_null()) {
      if (!value.is_object())
        fail(row.where, ": \"chat_template_kwargs\" is ", value.dump().substr(0, 40), ", and no object");
      for (const auto& [inner, given] : value.items()) add(inner, given);
    } else {
      add(key, value);
    }
  }
  if (beside.contains("tools") && !beside.at("tools").is_array())
    fail(row.where, ": \"tools\" is ", beside.at("tools").dump().substr(0, 40), ", and no list");
  return beside;
}

GRAFT_TEXT_INLINE std::string label_of(const Row& row) {
  if (!row.json.contains("label"))
    fail(row.where, ": the row has no \"label\", and a classifier learns from \"text\" and \"label\"");
  return label_text(row.json.at("label"), row.where);
}
GRAFT_TEXT_INLINE std::vector<std::string> tags_of(const Row& row) {
  if (!row.has("tags") || !row.json.at("tags").is_array())
    fail(row.where, ": the row has no list \"tags\", and this model learns from ", words_of(ExampleKind::token_class));
  std::vector<std::string> tags;
  for (const auto& tag : row.json.at("tags")) tags.push_back(label_text(tag, row.where));
  return tags;
}
GRAFT_TEXT_INLINE std::string label_text(const OrderedJson& label, const std::string& where) {
  if (label.is_string()) return label.get<std::string>();
  if (label.is_boolean() || label.is_number_integer()) return label.dump();
  if (label.is_number_float() && std::abs(label.get<double>()) < 1e15 &&
      label.get<double>() == std::round(label.get<double>()))
    return std::to_string(label.get<std::int64_t>());
  fail(where, ": the label is ", label.dump().substr(0, 40), "; a label is a text, a whole number, true or false");
}
#endif

}  // namespace graft
