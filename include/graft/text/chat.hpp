/// \file
/// Chat templates: messages to the text a model was tuned on, by the Jinja template that came with the model.
#pragma once

#include <graft/core/config.hpp>
#if GRAFT_TEXT_BODIES
#include <graft/text/template.hpp>
#endif

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace graft {

class Template;

struct Message {
  std::string role, content;
};

class ChatTemplate {
 public:
  /// From the Jinja text in a GGUF, tokenizer_config.json or chat_template.jinja. `bos` and `eos` are how the tokens are spelled that begin and end a text.
  explicit ChatTemplate(std::string_view jinja, std::string bos = "", std::string eos = "");

  /// The whole text of a conversation; `for_answer` opens the assistant's turn at the end.
  [[nodiscard]] std::string render(const std::vector<Message>& messages, bool for_answer) const;

  /// What the model is given before the assistant's last message, and what it is to say: the message and what ends it.
  struct Turn {
    std::string before, answer;
  };
  [[nodiscard]] Turn last_turn(const std::vector<Message>& messages) const;

  [[nodiscard]] const std::string& jinja() const { return jinja_; }

 private:
  std::shared_ptr<const Template> template_;
  std::string jinja_, bos_, eos_;
};

#if GRAFT_TEXT_BODIES
GRAFT_TEXT_INLINE ChatTemplate::ChatTemplate(std::string_view jinja, std::string bos, std::string eos) : template_(std::make_shared<const Template>(jinja)), jinja_(jinja), bos_(std::move(bos)), eos_(std::move(eos)) {}

GRAFT_TEXT_INLINE std::string ChatTemplate::render(const std::vector<Message>& messages, bool for_answer) const {
  jinja::List list;
  for (const auto& [role, content] : messages) list.emplace_back(jinja::Dict{{"role", role}, {"content", content}});
  return (*template_)({{"messages", std::move(list)}, {"add_generation_prompt", for_answer}, {"bos_token", bos_}, {"eos_token", eos_}, {"tools", nullptr}, {"documents", nullptr}}).text;
}

GRAFT_TEXT_INLINE ChatTemplate::Turn ChatTemplate::last_turn(const std::vector<Message>& messages) const {
  const std::vector<Message> earlier(messages.begin(), messages.end() - 1);
  std::string before = render(earlier, true);
  const std::string whole = render(messages, false);
  if (!whole.starts_with(before)) before = render(earlier, false);  // a template may open an answer otherwise than it shows one
  if (!whole.starts_with(before)) fail("the chat template renders what stands before an answer otherwise than with the answer behind it; train on \"prompt\" and \"completion\"");
  return {before, jinja::stripped(whole.substr(before.size()), "\n", false, true)};
}
#endif

}  // namespace graft
