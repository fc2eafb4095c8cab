/// \file
/// Chat templates: messages to the text a model was tuned on.
#pragma once

#include <graft/core/error.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace graft {

struct Message {
  std::string role, content;
};

/// ChatML: <|im_start|>role\ncontent<|im_end|>\n for each message. Whether conversations without a system message get a
/// default one, and which, is taken from the template that came with the model.
class ChatTemplate {
 public:
  /// From the Jinja text in a GGUF or tokenizer_config.json. Other families than ChatML are refused by name.
  explicit ChatTemplate(std::string_view jinja) {
    if (jinja.find("<|im_start|>") == jinja.npos || jinja.find("<|im_end|>") == jinja.npos) {
      const std::string_view family = jinja.find("[INST]") != jinja.npos ? "the Llama 2 and Mistral form ([INST])"
                                      : jinja.find("<|start_header_id|>") != jinja.npos ? "the Llama 3 form (<|start_header_id|>)"
                                                                                         : "a form graft does not know";
      fail("the model's chat template is ", family, "; graft renders ChatML (<|im_start|>). Train on \"text\" or on prompts you have rendered yourself");
    }
    const std::string_view opening = "<|im_start|>system";
    for (auto at = jinja.find(opening); at != jinja.npos; at = jinja.find(opening, at + 1)) {
      std::string_view rest = jinja.substr(at + opening.size());
      if (rest.starts_with("\\n")) rest.remove_prefix(2);
      else if (rest.starts_with("\n")) rest.remove_prefix(1);
      else continue;
      const auto end = rest.find("<|im_end|>");
      const std::string_view text = rest.substr(0, end);
      if (end == rest.npos || text.find('\'') != text.npos || text.find("{{") != text.npos) continue;
      default_system_ = text;
      break;
    }
  }

  /// The whole text of a conversation; `for_answer` opens the assistant's turn at the end.
  [[nodiscard]] std::string render(const std::vector<Message>& messages, bool for_answer) const {
    std::string text;
    const auto turn = [&text](std::string_view role, std::string_view content) {
      text.append("<|im_start|>").append(role).append("\n").append(content).append("<|im_end|>\n");
    };
    if (!default_system_.empty() && (messages.empty() || messages.front().role != "system")) turn("system", default_system_);
    for (const auto& message : messages) turn(message.role, message.content);
    if (for_answer) text += "<|im_start|>assistant\n";
    return text;
  }

  /// What ends an answer.
  [[nodiscard]] static std::string end_of_turn() { return "<|im_end|>"; }
  [[nodiscard]] const std::string& default_system() const { return default_system_; }

 private:
  std::string default_system_;
};

}  // namespace graft
