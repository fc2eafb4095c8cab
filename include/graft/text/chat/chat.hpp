/// \file
/// Chat templates: messages to the text a model was tuned on, by the Jinja template that came with the model.
#pragma once

#include <graft/core/config.hpp>
#include <graft/io/jsonl.hpp>
#if defined(GRAFT_TEXT_INLINE)
#include <graft/text/jinja/jinja_template.hpp>
#endif

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace graft {

class JinjaTemplate;

/// What a template makes of messages.
struct Rendering {
  std::string text;
  std::vector<std::pair<Index, Index>> generated;  ///< where its {% generation %} blocks begin and end in the text
  /// keys of what stands beside the messages that it asked for, whether they were there or not
  std::vector<std::string> asked;
  /// the same of every message; a content that is a list counts if the texts in it were asked for
  std::vector<std::vector<std::string>> asked_of;
};

/// A model's own template that makes a text of a conversation.
class ChatTemplate {
 public:
  /// From the Jinja text in a GGUF, tokenizer_config.json or chat_template.jinja. `bos` and `eos` are how the tokens
  /// are spelled that begin and end a text.
  explicit ChatTemplate(std::string_view jinja, std::string bos = "", std::string eos = "");

  /// The text of a conversation, a list of {"role", "content", …}; `for_answer` opens the assistant's turn at the end.
  /// Of messages and of `beside` ({"tools": […]}) the template gets all there is.
  [[nodiscard]] Rendering render(const OrderedJson& messages, bool for_answer,
                                 const OrderedJson& beside = OrderedJson::object()) const;

  /// The template's text.
  [[nodiscard]] const std::string& jinja() const { return jinja_; }
  [[nodiscard]] const std::string& eos() const { return eos_; }

 private:
  std::shared_ptr<const JinjaTemplate> template_;
  std::string jinja_, bos_, eos_;
};

/// A message of nothing but text.
inline OrderedJson text_message(const std::string& role, const std::string& content) {
  return {{"role", role}, {"content", content}};
}

#if defined(GRAFT_TEXT_INLINE)
GRAFT_TEXT_INLINE ChatTemplate::ChatTemplate(std::string_view jinja, std::string bos, std::string eos)
    : template_(std::make_shared<const JinjaTemplate>(jinja)),
      jinja_(jinja),
      bos_(std::move(bos)),
      eos_(std::move(eos)) {}

template <class Keys>
bool is_among(const Keys& keys, std::string_view key) {
  return std::find(std::begin(keys), std::end(keys), key) != std::end(keys);
}

/// An object as a template sees it, and what the template asked of it.
class TemplateObject {
 public:
  explicit TemplateObject(const OrderedJson& object) {
    dict_.asked = std::make_shared<std::vector<std::string>>();
    for (const auto& [key, value] : object.items())
      dict_.emplace_back(key, key == "content" && value.is_array() ? watched_parts(value) : jinja::Value(value));
  }

  [[nodiscard]] const jinja::Dict& dict() const { return dict_; }
  [[nodiscard]] std::vector<std::string> asked() const {
    auto keys = *dict_.asked;
    if (std::any_of(parts_.begin(), parts_.end(),
                    [](const TemplateObject& part) { return !is_among(part.asked(), "text"); }))
      std::erase(keys, "content");
    return keys;
  }

 private:
  jinja::Value watched_parts(const OrderedJson& parts) {
    jinja::List list;
    for (const OrderedJson& part : parts) list.emplace_back(parts_.emplace_back(part).dict());
    return list;
  }

  jinja::Dict dict_;
  std::vector<TemplateObject> parts_;  ///< of its content, if that is a list
};

GRAFT_TEXT_INLINE Rendering ChatTemplate::render(const OrderedJson& messages, bool for_answer,
                                                 const OrderedJson& beside) const {
  std::vector<TemplateObject> watched;
  jinja::List list;
  for (const OrderedJson& message : messages) list.emplace_back(watched.emplace_back(message).dict());
  const TemplateObject others(beside);
  jinja::Dict values = others.dict();
  for (const char* usual : {"tools", "documents"})
    if (!beside.contains(usual)) values.set(usual, nullptr);
  values.set("messages", std::move(list));
  values.set("add_generation_prompt", for_answer);
  values.set("bos_token", bos_);
  values.set("eos_token", eos_);
  auto [text, generated] = (*template_)(values);
  Rendering made{std::move(text), std::move(generated), others.asked(), {}};
  for (const auto& message : watched) made.asked_of.push_back(message.asked());
  return made;
}
#endif

}  // namespace graft
