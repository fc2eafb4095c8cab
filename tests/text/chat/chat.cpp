#include <graft/text/chat/chat.hpp>

#include "error.hpp"

#include <boost/test/unit_test.hpp>

using namespace graft;

BOOST_AUTO_TEST_SUITE(text_chat_chat)

using Keys = std::vector<std::string>;
using Spans = std::vector<std::pair<Index, Index>>;

const char* const chatml =
    "{% for m in messages %}{{ '<|im_start|>' ~ m.role ~ '\\n' ~ m.content ~ '<|im_end|>\\n' }}{% endfor %}{% if "
    "add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";

BOOST_AUTO_TEST_CASE(renders_messages) {
  const ChatTemplate chat(chatml);
  BOOST_TEST(chat.render(OrderedJson::array({text_message("user", "Hi")}), true).text ==
             "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n");
  const ChatTemplate with_ends("{{ bos_token }}{% for m in messages %}{{ m.content ~ eos_token }}{% endfor %}", "<s>",
                               "</s>");
  BOOST_TEST(with_ends.render(OrderedJson::array({text_message("user", "a")}), false).text == "<s>a</s>");
}

BOOST_AUTO_TEST_CASE(generation_blocks_are_places_in_the_text) {
  const ChatTemplate chat("{% for m in messages %}<{% generation %}{{ m.content }}{% endgeneration %}>{% endfor %}");
  const auto made = chat.render(OrderedJson::array({text_message("user", "a"), text_message("user", "bcd")}), false);
  BOOST_TEST(made.text == "<a><bcd>");
  BOOST_TEST((made.generated == Spans{{1, 2}, {4, 7}}));
}

BOOST_AUTO_TEST_CASE(keys_that_a_template_asks_for) {
  const ChatTemplate chat(
      "{% for m in messages %}{{ m.role }}{% for p in m.content %}{{ p.type }}{% endfor %}{% endfor %}"
      "{% if tools %}{{ tools | length }}{% endif %}");
  const OrderedJson messages = {{{"role", "user"}, {"content", {{{"type", "text"}, {"text", "Hi"}}}}, {"name", "me"}}};
  const auto made = chat.render(messages, false, {{"tools", {1, 2}}, {"documents", {3}}});
  BOOST_TEST(made.text == "usertext2");
  const auto has = [](const Keys& keys, const char* key) {
    return std::find(keys.begin(), keys.end(), key) != keys.end();
  };
  BOOST_TEST(has(made.asked, "tools"));
  BOOST_TEST(!has(made.asked, "documents"));
  BOOST_TEST((made.asked_of == std::vector<Keys>{{"role"}}));  // of the content no text was asked for
  BOOST_TEST((ChatTemplate("{{ messages[0].content[0].text }}").render(messages, false).asked_of ==
              std::vector<Keys>{{"content"}}));
}

BOOST_AUTO_TEST_CASE(a_template_may_refuse) {
  const ChatTemplate chat("{{ raise_exception('roles must alternate') }}");
  BOOST_TEST(made::error_of([&] { static_cast<void>(chat.render(OrderedJson::array(), false)); }) ==
             "the chat template refuses this conversation: roles must alternate");
  BOOST_TEST(made::error_of([] { ChatTemplate("{% if %}"); }).find("the chat template ") == 0U);
}

BOOST_AUTO_TEST_SUITE_END()
