// Conversations in chat templates built as those of known families are (make_templates.py), and what of them is
// supervised.
#include <graft/text/chat/conversation.hpp>

#include <boost/test/unit_test.hpp>

using namespace graft;

BOOST_AUTO_TEST_SUITE(text_chat_conversation)

const OrderedJson& reference() {
  static const auto json = parse_json<OrderedJson>(
      read_file(std::filesystem::path(GRAFT_TEST_DATA_DIR) / "text/conversations.json"), "conversations.json");
  return json;
}
ChatTemplate of_family(const std::string& family) {
  return ChatTemplate(reference().at("templates").at(family).get<std::string>(), "<s>", "</s>");
}
const OrderedJson& named(const std::string& conversation) { return reference().at("conversations").at(conversation); }

/// The parts with a bar about what is supervised.
std::string marked(const std::vector<TextPart>& parts) {
  std::string text;
  for (const auto& part : parts) text += part.supervised ? "[" + part.text + "]" : part.text;
  return text;
}
std::string marked(const std::string& family, const OrderedJson& messages, Turns turns = Turns::all,
                   const OrderedJson& beside = OrderedJson::object()) {
  const auto chat = of_family(family);
  return marked(Conversation(chat, messages, beside, "row").parts(turns));
}
template <class F>
void says(F f, const std::vector<std::string>& words) {
  BOOST_CHECK_EXCEPTION(f(), Error, [&](const Error& error) {
    const std::string message = error.what();
    return std::all_of(words.begin(), words.end(), [&](const std::string& word) {
      BOOST_TEST(message.find(word) != std::string::npos, message << " does not say " << word);
      return message.find(word) != std::string::npos;
    });
  });
}

BOOST_AUTO_TEST_CASE(rendered_as_by_transformers) {
  Index compared = 0;
  for (const auto& one : reference().at("cases")) {
    const auto chat = of_family(one.at("template").get<std::string>());
    const bool for_answer = one.at("for_answer").get<bool>();
    OrderedJson messages = named(one.at("conversation").get<std::string>());
    if (for_answer) messages.erase(messages.size() - 1);
    const auto where = one.at("template").dump() + one.at("conversation").dump() + (for_answer ? " for an answer" : "");
    if (one.contains("refused")) {  // graft is more lenient with what is undefined
      if (one.at("refused") == "TemplateError")
        BOOST_CHECK_THROW(static_cast<void>(chat.render(messages, for_answer, one.at("beside"))), Error);
      continue;
    }
    const auto made = chat.render(messages, for_answer, one.at("beside"));
    BOOST_TEST(made.text == one.at("rendered").get<std::string>(), where);
    BOOST_TEST((made.generated == one.at("generated").get<std::vector<std::pair<Index, Index>>>()), where);
    ++compared;
  }
  BOOST_TEST(compared >= 200U);
}

BOOST_AUTO_TEST_CASE(answers_are_spans_of_one_rendering) {
  BOOST_TEST(marked("chatml", named("two")) ==
             "<|im_start|>user\none<|im_end|>\n<|im_start|>assistant\n[uno<|im_end|>]\n<|im_start|>user\nand two in "
             "words<|im_end|>\n<|im_start|>assistant\n[dos<|im_end|>]\n");
  BOOST_TEST(marked("chatml", named("two"), Turns::last) ==
             "<|im_start|>user\none<|im_end|>\n<|im_start|>assistant\nuno<|im_end|>\n<|im_start|>user\nand two in "
             "words<|im_end|>\n<|im_start|>assistant\n[dos<|im_end|>]\n");
  BOOST_TEST(marked("llama3", named("spaces")) ==
             "<s><|start_header_id|>system<|end_header_id|>\n\n<|eot_id|><|start_header_id|>user<|end_header_id|>"
             "\n\none<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n[uno<|eot_id|>]"
             "<|start_header_id|>user<|end_header_id|>\n\ntwo<|eot_id|><|start_header_id|>assistant<|end_header_id|>"
             "\n\n[dos<|eot_id|>]");
  BOOST_TEST(marked("gemma", named("two")) ==
             "<s><start_of_turn>user\none<end_of_turn>\n<start_of_turn>model\n[uno<end_of_turn>]\n<start_of_turn>"
             "user\nand two in words<end_of_turn>\n<start_of_turn>model\n[dos<end_of_turn>]\n");
  BOOST_TEST(marked("mistral", named("two")) ==
             "<s>[INST] one[/INST][ uno</s>][INST] and two in words[/INST][ dos</s>]");
  BOOST_TEST(
      marked("chatml", named("empty_system")) ==
      "<|im_start|>system\n<|im_end|>\n<|im_start|>user\none<|im_end|>\n<|im_start|>assistant\n[uno<|im_end|>]\n");
  BOOST_TEST(marked("chatml", named("starts")) ==
             "<|im_start|>assistant\n[Ask.<|im_end|>]\n<|im_start|>user\none<|im_end|>\n<|im_start|>assistant\n[uno<|"
             "im_end|>]\n");
  // The end of text stands behind the last turn, whichever that is.
  BOOST_TEST(marked("phi3", named("two")) ==
             "<|user|>\none<|end|>\n<|assistant|>\n[uno<|end|>]\n<|user|>\nand two in "
             "words<|end|>\n<|assistant|>\n[dos<|end|>\n</s>]");
  // An answer that is shown otherwise than one is opened: what opens it is learned with it.
  BOOST_TEST(marked("thinks", named("one")) == "<s><|User|>2+2?[<|Assistant|>4</s>]");
}

BOOST_AUTO_TEST_CASE(generation_blocks_say_what_is_supervised) {
  const std::string question = "<|im_start|>user\none<|im_end|>\n<|im_start|>assistant\n",
                    then = "\n<|im_start|>user\nand two in words<|im_end|>\n<|im_start|>assistant\n";
  BOOST_TEST(marked("chatml_blocks", named("two")) == question + "[uno<|im_end|>]" + then + "[dos<|im_end|>]\n");
  BOOST_TEST(marked("chatml_blocks", named("two"), Turns::last) ==
             question + "uno<|im_end|>" + then + "[dos<|im_end|>]\n");
  auto weighted = named("two");
  weighted[3]["weight"] = 0;
  BOOST_TEST(marked("chatml_blocks", weighted) == question + "[uno<|im_end|>]" + then + "dos<|im_end|>\n");
  // Blocks that say less than a whole turn, and one written to a variable, which says nothing.
  const ChatTemplate less(
      "{% for m in messages %}{{ m.role }}:{% if m.role == 'assistant' %}{% generation %}{{ m.content }}{% "
      "endgeneration %}{% else %}{{ m.content }}{% endif %};{% endfor %}");
  BOOST_TEST(marked(Conversation(less, named("two"), OrderedJson::object(), "row").parts(Turns::all)) ==
             "user:one;assistant:[uno];user:and two in words;assistant:[dos];");
  const ChatTemplate captured(
      "{% for m in messages %}{{ m.role }}:{% set said %}{% generation %}{{ m.content }}{% endgeneration %}{% endset "
      "%}{{ said }};{% endfor %}{% if add_generation_prompt %}assistant:{% endif %}");
  BOOST_TEST(marked(Conversation(captured, named("one"), OrderedJson::object(), "row").parts(Turns::all)) ==
             "user:2+2?;assistant:[4;]");
}

BOOST_AUTO_TEST_CASE(renderings_that_disagree) {
  // Thinking is shown in the last answer only: no part of the whole is what the first answer was.
  says([] { marked("qwen3", named("two")); },
       {"row: the chat template", "message 2", "\"<think>", "\"uno<|im_end|>", "--turns last"});
  BOOST_TEST(marked("qwen3", named("two"), Turns::last) ==
             "<|im_start|>user\none<|im_end|>\n<|im_start|>assistant\nuno<|im_end|>\n<|im_start|>user\nand two in "
             "words<|im_end|>\n<|im_start|>assistant\n[<think>\n\n</think>\n\ndos<|im_end|>]\n");
  BOOST_TEST(marked("qwen3", named("thought"), Turns::last) ==
             "<|im_start|>user\none<|im_end|>\n<|im_start|>assistant\nuno<|im_end|>\n<|im_start|>user\ntwo<|im_end|>\n<"
             "|im_start|>assistant\n[<think>\nSpanish again.\n</think>\n\ndos<|im_end|>]\n");
  BOOST_TEST(marked("qwen3", named("one"), Turns::all, {{"enable_thinking", false}}) ==
             "<|im_start|>user\n2+2?<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n[4<|im_end|>]\n");
  // What the system says is lost where an answer stands last.
  says([] { marked("mistral", named("system"), Turns::last); },
       {"row: the chat template", "before the last answer", "Be brief.", "\"text\""});
  says([] { marked("mistral", named("system")); }, {"row: the chat template", "message 3", "--turns last"});
  says([] { marked("gemma", named("system")); },
       {"row: the chat template refuses this conversation: System role not supported"});
}

BOOST_AUTO_TEST_CASE(tools_reach_the_template) {
  const OrderedJson beside = {
      {"tools",
       OrderedJson::array({{{"type", "function"}, {"function", {{"name", "add"}, {"description", "Adds."}}}}})}};
  const auto text = marked("llama3", named("calls"), Turns::all, beside);
  // in the order of the row
  BOOST_TEST(
      text.find("\"type\": \"function\",\n    \"function\": {\n        \"name\": \"add\",\n        \"description\"") !=
          std::string::npos,
      text);
  BOOST_TEST(text.find("<|start_header_id|>assistant<|end_header_id|>\n\n[{\"name\": \"add\", \"parameters\": {\"b\": "
                       "2, \"a\": 3}}<|eot_id|>]") != std::string::npos,
             text);
  BOOST_TEST(text.find("<|start_header_id|>ipython<|end_header_id|>\n\n5<|eot_id|>") != std::string::npos, text);
  BOOST_TEST(text.ends_with("[It is 5.<|eot_id|>]"), text);
  const auto many = marked("qwen3", named("many_calls"), Turns::last, beside);
  BOOST_TEST(
      many.find(
          "Both:\n<tool_call>\n{\"name\": \"add\", \"arguments\": {\"b\": 2, \"a\": 3}}\n</tool_call>\n<tool_call>") !=
          std::string::npos,
      many);
  BOOST_TEST(
      many.find(
          "<|im_start|>user\n<tool_response>\n5\n</tool_response>\n<tool_response>\n9\n</tool_response><|im_end|>\n") !=
          std::string::npos,
      many);
}

BOOST_AUTO_TEST_CASE(what_the_template_does_not_read) {
  const auto unread = [](const std::string& family, const OrderedJson& messages,
                         const OrderedJson& beside = OrderedJson::object()) {
    const auto chat = of_family(family);
    return Conversation(chat, messages, beside, "row").unread();
  };
  const auto calls = named("calls");
  says([&] { unread("chatml", calls); }, {"row, message 2", "does not read \"tool_calls\""});
  says([&] { unread("chatml", named("one"), {{"tools", {1}}}); }, {"row: the chat template does not read \"tools\""});
  says([&] { unread("chatml", named("one"), {{"system", "Be brief."}}); }, {"\"system\""});
  says([&] { unread("chatml", named("thought")); }, {"row, message 2", "\"reasoning_content\""});
  BOOST_TEST(unread("qwen3", named("thought")).of_messages.empty());
  // Thinking of an earlier turn alone is left out by a template that reads it.
  BOOST_TEST(unread("qwen3", OrderedJson::array({text_message("user", "a"), named("thought")[1],
                                                 text_message("user", "b"), text_message("assistant", "c")}))
                 .of_messages.empty());
  // Calls are not: this template reads a call of the tools only where nothing is said beside it.
  const ChatTemplate either(
      "{% for m in messages %}{% if m.content %}{{ m.content }}{% elif m.tool_calls %}{{ m.tool_calls|tojson }}{% "
      "endif %};{% endfor %}");
  BOOST_TEST(Conversation(either, calls, OrderedJson::object(), "row").unread().of_messages ==
                 (std::vector<std::string>{"name", "tool_call_id"}),
             boost::test_tools::per_element());
  auto both = calls;
  both[1]["content"] = "Adding.";
  says([&] { static_cast<void>(Conversation(either, both, OrderedJson::object(), "row").unread()); },
       {"row, message 2", "\"tool_calls\""});
  // which this one leaves out beside a call
  says([&] { unread("llama3", both); }, {"row, message 2", "does not read \"content\""});
  const auto harmless = unread("llama3", calls, {{"id", 7}, {"tools", {1}}, {"score", 0.5}});
  BOOST_TEST(harmless.beside == (std::vector<std::string>{"id", "score"}), boost::test_tools::per_element());
  BOOST_TEST(harmless.of_messages == (std::vector<std::string>{"name", "tool_call_id"}),
             boost::test_tools::per_element());
  // read where an answer is opened
  BOOST_TEST(unread("qwen3", named("one"), {{"enable_thinking", false}}).beside.empty());
  // Null and empty lists are nothing.
  auto tabular = named("one");
  for (auto& message : tabular)
    message["tool_calls"] = nullptr, message["name"] = nullptr, message["images"] = OrderedJson::array();
  const auto nothing = unread("chatml", tabular, {{"system", ""}, {"tools", OrderedJson::array()}});
  BOOST_TEST((nothing.beside.empty() && nothing.of_messages.empty()));
  BOOST_TEST(marked("llama3", tabular) == marked("llama3", named("one")));
}

BOOST_AUTO_TEST_CASE(contents_of_parts) {
  BOOST_TEST(marked("parts", named("parts")) == "<|user|>one, please<|end|><|assistant|>[uno<|end|>]");
  // which would write a list out
  BOOST_TEST(marked("chatml", named("parts")) ==
             "<|im_start|>user\none, please<|im_end|>\n<|im_start|>assistant\n[uno<|im_end|>]\n");
  // which cannot
  BOOST_TEST(marked("chatml_blocks", named("parts")) ==
             "<|im_start|>user\none, please<|im_end|>\n<|im_start|>assistant\n[uno<|im_end|>]\n");
  auto seen = named("parts");
  seen[0]["content"][1] = {{"type", "image_url"}, {"image_url", "x.png"}};
  says([&] { marked("parts", seen); }, {"row, message 1", "image_url", "text only"});
}

BOOST_AUTO_TEST_CASE(messages_that_are_none) {
  const auto of = [](const OrderedJson& messages) { return marked("chatml", messages); };
  says([&] { of({{"role", "user"}}); }, {"row: \"messages\" is no list"});
  says([&] { of(OrderedJson::array()); }, {"row: \"messages\" is no list"});
  says([&] { of(OrderedJson::array({"hi"})); }, {"row, message 1"});
  says([&] { of(OrderedJson::array({text_message("user", "a")})); }, {"no message is of the role \"assistant\""});
  says(
      [&] {
        of(OrderedJson::array({text_message("user", "a"), text_message("assistant", "b"), text_message("user", "c")}));
      },
      {"ends with a message of the role \"user\""});
  says([&] { of(OrderedJson::array({{{"role", "user"}}, text_message("assistant", "b")})); },
       {"row, message 1: it has no \"content\""});
  says(
      [&] {
        of(OrderedJson::array(
            {{{"role", "user"}, {"content", nullptr}, {"name", "x"}}, text_message("assistant", "b")}));
      },
      {"row, message 1: it has no \"content\""});
  says([&] { of(OrderedJson::array({{{"role", "user"}, {"content", 7}}, text_message("assistant", "b")})); },
       {"row, message 1", "is 7, and no text"});
  says([&] { of(OrderedJson::array({{{"content", "a"}}, text_message("assistant", "b")})); },
       {"row, message 1", "\"role\""});
  auto weighted = named("two");
  weighted[1]["weight"] = 0;
  BOOST_TEST(of(weighted).find("[uno") == std::string::npos);
  BOOST_TEST(of(weighted).find("[dos<|im_end|>]") != std::string::npos);
  weighted[1]["weight"] = 0.5;
  says([&] { of(weighted); }, {"row, message 2", "\"weight\" is 0.5"});
  weighted[1].erase("weight");
  weighted[1]["train"] = false;
  BOOST_TEST(of(weighted).find("[uno") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(questions) {
  const auto qwen = of_family("qwen3");
  BOOST_TEST(Conversation(qwen, named("two"), OrderedJson::object(), "row").question() ==
             "<|im_start|>user\none<|im_end|>\n<|im_start|>assistant\nuno<|im_end|>\n<|im_start|>user\nand two in "
             "words<|im_end|>\n<|im_start|>assistant\n");
  const auto thinks = of_family("thinks");
  BOOST_TEST(Conversation(thinks, named("one"), OrderedJson::object(), "row").question() ==
             "<s><|User|>2+2?<|Assistant|><think>\n");
}

BOOST_AUTO_TEST_SUITE_END()
