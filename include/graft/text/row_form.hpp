/// \file
/// What the keys of a data set's rows are for: the form of a row, its label, and what it has for the chat template.
#pragma once

#include <graft/text/conversation.hpp>
#include <graft/text/example.hpp>

#include <cmath>

namespace graft {

/// How a row's label is spelled: a text, a whole number, true or false.
std::string label_of(const Row& row);

#if GRAFT_TEXT_BODIES
/// The key by which a row says what it is: "messages", "completion" or "text".
inline std::string form_of(const Row& row, ExampleKind kind) {
  std::vector<std::string> forms;
  if (row.has("messages")) forms.emplace_back("messages");
  if (row.has("prompt") || row.has("completion")) forms.emplace_back("completion");
  if (row.has("text")) forms.emplace_back("text");
  if (forms.size() > 1) fail(row.where, ": the row can be read in two ways, by its \"", forms[0], "\" and by its \"", forms[1], "\"; leave one of them out");
  const bool classifies = kind == ExampleKind::text_class, fills = kind == ExampleKind::fill_in, pairs = kind == ExampleKind::pair;
  if (!forms.empty() && (pairs ? forms[0] == "completion" : !(classifies || fills) || forms[0] == "text")) return forms[0];
  std::string keys;
  for (const auto& entry : row.json.items()) keys += (keys.empty() ? "\"" : ", \"") + entry.key() + "\"";
  fail(row.where, ": the row has ", keys.empty() ? "no key" : keys, ", and this model learns from ",
       classifies ? "\"text\" and \"label\", and \"second\" for pairs of texts" : fills ? "\"text\"" : pairs ? "\"prompt\" and \"completion\"" : "\"prompt\" and \"completion\", or \"messages\", or \"text\"");
}
inline bool is_of_form(const std::string& form, const std::string& key) { return key == form || (form == "completion" && key == "prompt"); }

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
      if (!value.is_object()) fail(row.where, ": \"chat_template_kwargs\" is ", value.dump().substr(0, 40), ", and no object");
      for (const auto& [inner, given] : value.items()) add(inner, given);
    } else {
      add(key, value);
    }
  }
  if (beside.contains("tools") && !beside.at("tools").is_array()) fail(row.where, ": \"tools\" is ", beside.at("tools").dump().substr(0, 40), ", and no list");
  return beside;
}

GRAFT_TEXT_INLINE std::string label_of(const Row& row) {
  if (!row.json.contains("label")) fail(row.where, ": the row has no \"label\", and a classifier learns from \"text\" and \"label\"");
  const OrderedJson& label = row.json.at("label");
  if (label.is_string()) return label.get<std::string>();
  if (label.is_boolean() || label.is_number_integer()) return label.dump();
  if (label.is_number_float() && std::abs(label.get<double>()) < 1e15 && label.get<double>() == std::round(label.get<double>())) return std::to_string(label.get<std::int64_t>());
  fail(row.where, ": the label is ", label.dump().substr(0, 40), "; a label is a text, a whole number, true or false");
}
#endif

}  // namespace graft
