// Rows to examples: what is one text is tokenized once, special tokens are there once, and nothing of a row is lost in
// silence.
#include <graft/checkpoints/base/tokenizer_files.hpp>
#include <graft/text.hpp>

#include <boost/test/unit_test.hpp>

#include <unistd.h>

using namespace graft;

namespace {

Tokenizer of_kind(const std::string& kind) {
  return Tokenizer(tokenizer_parts(
      read_json(std::filesystem::path(GRAFT_TEST_DATA_DIR) / "text/tokenizers" / (kind + ".json")), kind));
}

/// Every byte is a token, and some are special; `bos` is put before every text, `eos` behind, where they are named.
Tokenizer bytes(const std::vector<std::string>& special, const std::string& bos = "", const std::string& eos = "") {
  std::vector<std::string> tokens(splitter::byte_letters().begin(), splitter::byte_letters().end());
  std::vector<Id> ids;
  for (const auto& token : special) {
    ids.push_back(static_cast<Id>(tokens.size()));
    tokens.push_back(token);
  }
  auto parts = byte_level_parts(std::move(tokens), {}, ids, {splitter::gpt2_pattern});
  const auto id = [&parts](const std::string& token) { return token.empty() ? -1 : parts.vocabulary->id(token); };
  enclose(parts, id(bos), id(eos));
  return Tokenizer(std::move(parts));
}

Row row(OrderedJson json) { return {std::move(json), "data.jsonl, line 7"}; }

/// Supervised tokens in brackets.
std::string marked(const Tokenizer& tokenizer, const std::vector<Id>& ids, const std::vector<Id>& labels) {
  std::string text;
  for (Index i = 0; i < ids.size(); ++i) {
    const bool now = labels[i] >= 0, before = i > 0 && labels[i - 1] >= 0;
    BOOST_TEST((!now || labels[i] == ids[i]));
    if (now && !before) text += '[';
    if (!now && before) text += ']';
    text += tokenizer.decode(std::span(&ids[i], 1), true);
  }
  return text + (labels.back() >= 0 ? "]" : "");
}

std::string marked(const Formatter& formatter, OrderedJson json) {
  const auto made = formatter.example(row(std::move(json)));
  return marked(formatter.tokenizer, made.ids, made.labels);
}

template <class F>
void says(F f, const std::vector<std::string>& words) {
  BOOST_CHECK_EXCEPTION(f(), Error, [&](const Error& error) {
    for (const auto& word : words)
      BOOST_TEST(std::string(error.what()).find(word) != std::string::npos, error.what() << " does not say " << word);
    return true;
  });
}

void refuses(const Formatter& formatter, OrderedJson json, const std::vector<std::string>& words) {
  says([&] { static_cast<void>(formatter.example(row(json))); }, words);
  says([&] { static_cast<void>(formatter.example(row(json))); }, {"data.jsonl, line 7"});
}

}  // namespace

BOOST_AUTO_TEST_SUITE(text_encode_parts)

BOOST_AUTO_TEST_CASE(a_completion_is_what_the_whole_text_has_there) {
  const std::pair<std::string, std::string> rows[] = {{"2+2=", "4"},
                                                      {"Q: why?\nA:", " because"},
                                                      {"Q: why?\nA: ", "because"},
                                                      {"the fro", "zen weights"},
                                                      {"", "alone"},
                                                      {"x\n", "\ny"},
                                                      {"naïve caf", "é 🦀"},
                                                      {"a<0x41>", "<0x42>b"}};
  for (const char* kind :
       {"gpt2", "roberta", "smollm", "llama3", "qwen2", "llama2", "llama2_new", "gemma", "phi3", "t5"}) {
    const auto tokenizer = of_kind(kind);
    const Formatter formatter{.tokenizer = tokenizer};
    for (const auto& [prompt, completion] : rows) {
      const auto made = formatter.example(row({{"prompt", prompt}, {"completion", completion}}));
      const auto where = std::string(kind) + ": " + prompt + "|" + completion;
      BOOST_TEST((made.ids == tokenizer.encode_whole(prompt + completion).ids), where);
      // What is learned has the completion, and of the prompt no more than a token that has characters of both.
      const auto first =
          static_cast<Index>(std::find_if(made.labels.begin(), made.labels.end(), [](Id label) { return label >= 0; }) -
                             made.labels.begin());
      BOOST_TEST((std::equal(made.labels.begin() + static_cast<std::ptrdiff_t>(first), made.labels.end(),
                             made.ids.begin() + static_cast<std::ptrdiff_t>(first))),
                 where);
      // which put a space before, or take it away
      if (kind == std::string("roberta") || kind == std::string("t5")) continue;
      const auto learned = tokenizer.decode(std::span(made.ids).subspan(first), true);
      BOOST_TEST((learned == completion || learned.ends_with(completion) || (" " + learned).ends_with(completion)),
                 where << " learns " << learned);
    }
  }
  // "▁" stands before the text, and not before "4".
  const auto llama = of_kind("llama2");
  const auto made = Formatter{.tokenizer = llama}.example(row({{"prompt", "2+2="}, {"completion", "4"}}));
  BOOST_TEST(llama.token(made.ids.back()) == "4");
  BOOST_TEST((made.labels.back() == made.ids.back() && made.labels[made.labels.size() - 2] == -1));
}

BOOST_AUTO_TEST_CASE(special_tokens_are_there_once) {
  const std::vector<std::string> special{"<s>", "</s>", "<|im_end|>", "<pad>"};
  const auto before = bytes(special, "<s>"), both = bytes(special, "<s>", "</s>"), none = bytes(special);
  const Id end = before.id("</s>");
  const Formatter formatter{.tokenizer = before, .end = end}, closing{.tokenizer = both, .end = end},
      plain{.tokenizer = none, .end = end}, no_end{.tokenizer = before};
  for (const char* text : {"hi", "<s>hi", "hi</s>", "<s>hi</s>"}) {
    BOOST_TEST(marked(formatter, {{"text", text}}) == "<s>[hi</s>]", text);
    BOOST_TEST(marked(closing, {{"text", text}}) == "<s>[hi</s>]", text);
  }
  BOOST_TEST(marked(plain, {{"text", "hi"}}) == "[hi</s>]");
  BOOST_TEST(marked(plain, {{"text", "<s>hi</s>"}}) == "[<s>hi</s>]");
  BOOST_TEST(marked(no_end, {{"text", "hi"}}) == "<s>[hi]");
  BOOST_TEST(marked(formatter, {{"text", "a"}}) == "<s>[a</s>]");
  BOOST_TEST(marked(formatter, {{"text", "hi</s>\n"}}) == "<s>[hi</s>\n]");                  // as a template writes it
  BOOST_TEST(marked(formatter, {{"text", "hi<|im_end|>\n"}}) == "<s>[hi<|im_end|>\n</s>]");  // another end is no end
  BOOST_TEST(marked(formatter, {{"text", "hi</s>there"}}) == "<s>[hi</s>there</s>]");
  for (const char* prompt : {"2+2=", "<s>2+2="})
    for (const char* completion : {"4", "4</s>"}) {
      for (const auto* f : {&formatter, &closing})
        BOOST_TEST(marked(*f, {{"prompt", prompt}, {"completion", completion}}) == "<s>2+2=[4</s>]");
      BOOST_TEST((formatter.prompt_ids(prompt) == before.encode("<s>2+2=")));
      BOOST_TEST((closing.prompt_ids(prompt) == both.encode("<s>2+2=")));
    }
  BOOST_TEST(marked(Formatter{.tokenizer = before, .instruction = "<s>Add: ", .end = end},
                    {{"prompt", "2+2="}, {"completion", "4"}}) == "<s>Add: 2+2=[4</s>]");
  refuses(formatter, {{"text", ""}}, {"no token"});
  refuses(formatter, {{"text", "<s>"}}, {"no token"});
  refuses(formatter, {{"prompt", "a"}, {"completion", ""}}, {"is the completion empty?"});
  // A template says the whole text: nothing is put about it.
  const char* const written =
      "{{ bos_token }}{% for m in messages %}{{ m.role }}:{{ m.content }}{{ eos_token }}{% endfor %}{% if "
      "add_generation_prompt %}assistant:{% endif %}";
  const Formatter chat{.tokenizer = before, .chat = ChatTemplate(written, "<s>", "</s>"), .end = end},
      silent{.tokenizer = before, .chat = ChatTemplate(std::string(written).substr(15), "<s>", "</s>"), .end = end};
  BOOST_TEST(marked(chat, {{"prompt", "2+2="}, {"completion", "4"}}) == "<s>user:2+2=</s>assistant:[4</s>]");
  BOOST_TEST(marked(silent, {{"prompt", "2+2="}, {"completion", "4"}}) == "user:2+2=</s>assistant:[4</s>]");
  BOOST_TEST((chat.prompt_ids("2+2=") == before.encode("<s>user:2+2=</s>assistant:")));
  // Sources and answers, classes, pairs.
  const Formatter pairs{.tokenizer = both, .end = end, .kind = ExampleKind::pair},
      t5{.tokenizer = none, .end = end, .kind = ExampleKind::pair};
  for (const char* source : {"ask", "<s>ask", "ask</s>"})
    for (const char* answer : {"say", "say</s>"}) {
      const auto made = pairs.example(row({{"prompt", source}, {"completion", answer}}));
      BOOST_TEST((made.source == both.encode("<s>ask</s>") && made.labels == both.encode("<s>say</s>")));
      BOOST_TEST((pairs.prompt_ids(source) == made.source));
    }
  BOOST_TEST((t5.example(row({{"prompt", "ask"}, {"completion", "say"}})).labels == none.encode("say</s>")));
  const auto bert = of_kind("bert");
  const Formatter classes{.tokenizer = bert, .kind = ExampleKind::text_class, .classes = {"no", "yes"}};
  const auto one = classes.example(row({{"text", "[CLS] a b [SEP]"}, {"label", "yes"}}));
  BOOST_TEST((one.ids == bert.encode_whole("a b").ids && one.labels == std::vector<Id>{1}));
  const auto two = classes.example(row({{"text", "a"}, {"second", "b [SEP]"}, {"label", "no"}}));
  BOOST_TEST((two.ids == bert.encode("[CLS] a [SEP] b [SEP]") && two.second == 3U));
}

BOOST_AUTO_TEST_CASE(tokens_without_a_row) {
  const auto tokenizer = bytes({"<s>", "[NEW]"});
  const Formatter formatter{.tokenizer = tokenizer, .vocabulary = 257},
      pairs{.tokenizer = tokenizer, .kind = ExampleKind::pair, .vocabulary = 257};
  refuses(formatter, {{"text", "hi[NEW]there"}},
          {"the token \"[NEW]\" has the id 257", "rows for 257 tokens (the tokenizer has 258)"});
  refuses(pairs, {{"prompt", "[NEW]"}, {"completion", "a"}}, {"[NEW]"});
  refuses(pairs, {{"prompt", "a"}, {"completion", "[NEW]"}}, {"[NEW]"});
  says([&] { static_cast<void>(formatter.prompt_ids("hi[NEW]")); }, {"the prompt: the token \"[NEW]\""});
  BOOST_TEST(marked(formatter, {{"text", "hi"}}) == "[hi]");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(text_formatter)

const char* const thinking =
    "{% set at = namespace(q=-1) %}{% for m in messages %}{% if m.role == 'user' %}{% set at.q = loop.index0 %}{% "
    "endif %}{% endfor %}"
    "{% for m in messages %}<s>{{ m.role }}:{% if m.role == 'assistant' and loop.index0 > at.q %}<think></think>{% "
    "endif %}{{ m.content }}</s>\n{% endfor %}{% if add_generation_prompt %}<s>assistant:{% endif %}";

BOOST_AUTO_TEST_CASE(conversations) {
  const auto tokenizer = bytes({"<s>", "</s>", "<think>", "</think>"});
  Formatter formatter{.tokenizer = tokenizer, .chat = ChatTemplate(thinking)};
  const OrderedJson talk = {
      {"messages", OrderedJson::array({text_message("user", "one"), text_message("assistant", "uno"),
                                       text_message("user", "two"), text_message("assistant", "dos")})}};
  refuses(formatter, talk, {"message 2", "--turns last"});
  formatter.turns = Turns::last;
  BOOST_TEST(marked(formatter, talk) ==
             "<s>user:one</s>\n<s>assistant:uno</s>\n<s>user:two</s>\n<s>assistant:[<think></think>dos</s>]");
  BOOST_TEST((formatter.prompt_ids(row(talk)) ==
              tokenizer.encode("<s>user:one</s>\n<s>assistant:uno</s>\n<s>user:two</s>\n<s>assistant:")));
  formatter.turns = Turns::all;
  BOOST_TEST(marked(formatter, {{"prompt", "one"}, {"completion", "uno"}}) ==
             "<s>user:one</s>\n<s>assistant:[<think></think>uno</s>]");
  refuses(Formatter{.tokenizer = tokenizer}, talk, {"chat template"});
  // Whatever a row's question is, generation reads what training saw before the answer.
  for (const char* kind : {"llama2", "gemma", "qwen2", "t5"}) {
    const auto other = of_kind(kind);
    const Formatter inst{.tokenizer = other,
                         .chat = ChatTemplate("{% for m in messages %}{% if m.role == 'user' %}[INST] {{ m.content }} "
                                              "[/INST]{% else %} {{ m.content }}</s>{% endif %}{% endfor %}"),
                         .instruction = "Say: "};
    const auto asked = row({{"prompt", "2+2="}, {"completion", "4"}});
    const auto made = inst.example(asked);
    const auto prompt = inst.prompt_ids(asked);
    BOOST_TEST((prompt == inst.prompt_ids("2+2=")));
    BOOST_TEST((std::equal(prompt.begin(), prompt.end(), made.ids.begin()) && made.labels[prompt.size()] >= 0 &&
                made.labels[prompt.size() - 1] < 0),
               kind);
    BOOST_TEST((made.ids == other.encode("[INST] Say: 2+2= [/INST] 4</s>")), kind);
  }
}

BOOST_AUTO_TEST_CASE(prompts_of_rows_are_what_training_reads) {
  const auto gpt2 = of_kind("gpt2");
  const Formatter plain{.tokenizer = gpt2},
      chat{.tokenizer = gpt2,
           .chat = ChatTemplate("{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}{% if "
                                "add_generation_prompt %}assistant: {% endif %}")};
  for (const auto* formatter : {&plain, &chat})
    for (const auto& [prompt, completion] : {std::pair{"the ", "model"}, {"the", " model"}, {"the mod", "el"}}) {
      const auto asked = row({{"prompt", prompt}, {"completion", completion}});
      const auto made = formatter->example(asked);
      const auto ids = formatter->prompt_ids(asked);
      BOOST_TEST((ids.size() < made.ids.size() && std::equal(ids.begin(), ids.end(), made.ids.begin())));
      BOOST_TEST((made.labels[ids.size()] >= 0 &&
                  std::all_of(made.labels.begin(), made.labels.begin() + static_cast<std::ptrdiff_t>(ids.size()),
                              [](Id label) { return label < 0; })));
    }
}

BOOST_AUTO_TEST_CASE(what_ends_an_answer) {
  const auto tokenizer = bytes({"<s>", "</s>", "<end>"});
  const auto ends = [&](const char* jinja) {
    return Formatter{.tokenizer = tokenizer, .chat = ChatTemplate(jinja, "<s>", "</s>"), .end = tokenizer.id("</s>")}
        .ends();
  };
  BOOST_TEST((ends("{% for m in messages %}{{ m.role ~ m.content }}<end>\n{% endfor %}") == std::vector<Id>{257, 258}));
  BOOST_TEST(
      (ends("{% for m in messages %}{{ m.role ~ m.content }} <end>\n{% endfor %}") == std::vector<Id>{257, 258}));
  BOOST_TEST((ends("{% for m in messages %}{{ m.role ~ m.content }}#{% endfor %}") == std::vector<Id>{257, '#'}));
  // a part of what ends it would stop too soon
  BOOST_TEST((ends("{% for m in messages %}{{ m.role ~ m.content }}##{% endfor %}") == std::vector<Id>{257}));
  BOOST_TEST((ends("{% for m in messages %}{{ m.role ~ m.content }}\n{% endfor %}") == std::vector<Id>{257}));
  BOOST_TEST((ends("{{ raise_exception('no') }}") == std::vector<Id>{257}));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(text_row_form)

BOOST_AUTO_TEST_CASE(forms_of_rows) {
  const auto tokenizer = bytes({"<s>"});
  const Formatter formatter{.tokenizer = tokenizer,
                            .chat = ChatTemplate("{% for m in messages %}{{ m.role ~ m.content }};{% endfor %}")},
      plain{.tokenizer = tokenizer}, masked{.tokenizer = tokenizer, .kind = ExampleKind::fill_in},
      pairs{.tokenizer = tokenizer, .kind = ExampleKind::pair},
      classes{.tokenizer = tokenizer, .kind = ExampleKind::text_class, .classes = {"a"}};
  const OrderedJson messages = OrderedJson::array({text_message("user", "a"), text_message("assistant", "b")});
  refuses(formatter, {{"messages", messages}, {"text", "a"}}, {"two ways", "\"messages\"", "\"text\""});
  refuses(formatter, {{"messages", messages}, {"completion", "a"}}, {"two ways", "\"messages\"", "\"completion\""});
  refuses(plain, {{"text", "a"}, {"prompt", "b"}}, {"two ways"});
  // as tables of several kinds have it
  BOOST_TEST(marked(plain, {{"text", "ab"}, {"messages", nullptr}, {"prompt", nullptr}}) == "[ab]");
  refuses(plain, {{"instruction", "a"}, {"output", "b"}},
          {"the row has \"instruction\", \"output\"", "\"prompt\" and \"completion\", or \"messages\", or \"text\""});
  refuses(plain, OrderedJson::object(), {"the row has no key"});
  refuses(plain, {{"prompt", "a"}}, {"\"completion\" is missing"});
  refuses(plain, {{"completion", "a"}}, {"\"prompt\" is missing"});
  refuses(plain, {{"text", 5}}, {"\"text\""});
  refuses(masked, {{"prompt", "a"}, {"completion", "b"}}, {"learns from \"text\""});
  refuses(pairs, {{"text", "a"}}, {"learns from \"prompt\" and \"completion\""});
  refuses(classes, {{"messages", messages}}, {"\"text\" and \"label\""});
}

BOOST_AUTO_TEST_CASE(labels) {
  const auto bert = of_kind("bert");
  const Formatter formatter{.tokenizer = bert, .kind = ExampleKind::text_class, .classes = {"0", "1", "bad", "true"}};
  const auto label = [&](const OrderedJson& value) {
    return formatter.example(row({{"text", "a"}, {"label", value}})).labels[0];
  };
  BOOST_TEST(label("bad") == 2);
  BOOST_TEST(label("1") == 1);
  BOOST_TEST(label(1) == 1);
  BOOST_TEST(label(1.0) == 1);
  BOOST_TEST(label(true) == 3);
  BOOST_TEST(label(3) == 3);  // a class by its number
  for (const OrderedJson& value :
       {OrderedJson(nullptr), OrderedJson::array({1}), OrderedJson({{"a", 1}}), OrderedJson(0.5), OrderedJson(1e300)})
    refuses(formatter, {{"text", "a"}, {"label", value}},
            {"the label is " + value.dump(), "a text, a whole number, true or false"});
  refuses(formatter, {{"text", "a"}}, {"no \"label\""});
  refuses(formatter, {{"text", "a"}, {"label", "good"}}, {"\"good\" is none of the 4 classes"});
  refuses(formatter, {{"text", "a"}, {"label", 4}}, {"\"4\" is none of the 4 classes"});
  refuses(formatter, {{"text", "a"}, {"label", "3"}}, {"\"3\" is none"});  // a text is a name
  refuses(formatter, {{"text", "a"}, {"label", -1}}, {"\"-1\" is none"});
}

BOOST_AUTO_TEST_CASE(keys_that_are_not_used) {
  const auto tokenizer = bytes({"<s>"});
  const Formatter plain{.tokenizer = tokenizer},
      chat{
          .tokenizer = tokenizer,
          .chat = ChatTemplate("{% if tools %}{{ tools|tojson }}{% endif %}{{ style }}{% for m in messages %}{{ m.role "
                               "~ ':' ~ m.content }};{% endfor %}{% if add_generation_prompt %}assistant:{% endif %}")};
  const OrderedJson tools = OrderedJson::array({{{"name", "f"}, {"about", "x"}}});
  refuses(plain, {{"prompt", "a"}, {"completion", "b"}, {"tools", tools}},
          {"nothing reads \"tools\"", "no chat template"});
  refuses(plain, {{"prompt", "a"}, {"completion", "b"}, {"images", {"x.png"}}}, {"nothing reads \"images\""});
  refuses(chat, {{"prompt", "a"}, {"completion", "b"}, {"images", {"x.png"}}}, {"does not read \"images\""});
  refuses(chat, {{"prompt", "a"}, {"completion", "b"}, {"system", "Be brief."}}, {"does not read \"system\""});
  BOOST_TEST(
      marked(plain,
             {{"prompt", "a"}, {"completion", "b"}, {"tools", OrderedJson::array()}, {"images", nullptr}, {"id", 5}}) ==
      "a[b]");
  BOOST_TEST(marked(chat, {{"prompt", "a"}, {"completion", "b"}, {"tools", tools}}) ==
             "[{\"name\": \"f\", \"about\": \"x\"}]user:a;assistant:[b;]");
  BOOST_TEST(marked(chat, {{"prompt", "a"}, {"completion", "b"}, {"tools", tools.dump()}}) ==
             "[{\"name\": \"f\", \"about\": \"x\"}]user:a;assistant:[b;]");
  BOOST_TEST(marked(chat, {{"prompt", "a"}, {"completion", "b"}, {"chat_template_kwargs", {{"style", "S"}}}}) ==
             "Suser:a;assistant:[b;]");
  refuses(chat, {{"prompt", "a"}, {"completion", "b"}, {"chat_template_kwargs", 3}}, {"\"chat_template_kwargs\" is 3"});
  refuses(chat, {{"prompt", "a"}, {"completion", "b"}, {"tools", "[1"}}, {"tools", "not valid JSON"});
  refuses(chat, {{"prompt", "a"}, {"completion", "b"}, {"tools", {{"name", "f"}}}}, {"no list"});
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(text_dataset)

BOOST_AUTO_TEST_CASE(lines_are_those_of_the_file) {
  const auto path = std::filesystem::temp_directory_path() / ("graft-rows-" + std::to_string(::getpid()) + ".jsonl");
  write_file(path,
             "\xEF\xBB\xBF\r\n{\"text\": \"one\", \"b\": 1, \"a\": 2}\r\n\r\n  \n{\"text\": \"two\xE2\x80\xA8three\"}");
  const auto rows = read_jsonl(path);
  BOOST_REQUIRE(rows.size() == 2U);
  BOOST_TEST(rows[0].where == path.string() + ", line 2");
  BOOST_TEST(rows[1].where == path.string() + ", line 5");
  BOOST_TEST(rows[0].json.dump() == R"({"text":"one","b":1,"a":2})");
  write_file(path, "\n{\"text\": \"half \\ud83d\"}");
  says([&] { read_jsonl(path); }, {", line 2: not valid JSON"});
  write_file(path, "\n[1]\n");
  says([&] { read_jsonl(path); }, {", line 2: not a JSON object"});
  write_file(path, "\xEF\xBB\xBF\n \n");
  says([&] { read_jsonl(path); }, {"no example"});
  std::filesystem::remove(path);
}

BOOST_AUTO_TEST_CASE(masks_are_drawn_anew_at_every_epoch) {
  const auto bert = of_kind("bert");
  const Formatter formatter{.tokenizer = bert, .kind = ExampleKind::fill_in, .mask = bert.id("[MASK]")};
  std::string text;
  for (int i = 0; i < 400; ++i) text += "a b c ";
  const auto plain = bert.encode_whole(text).ids;
  const auto first = formatter.example({{{"text", text}}, "row"}, 3);
  const auto anew = formatter.anew();
  BOOST_REQUIRE(anew != nullptr);
  BOOST_TEST(anew(first, 3, 0).ids == first.ids, boost::test_tools::per_element());
  for (const Index epoch : {1, 2}) {
    const auto later = anew(first, 3, epoch);
    Index hidden = 0, both = 0, masks = 0;
    for (Index i = 0; i < plain.size(); ++i) {
      BOOST_REQUIRE((later.labels[i] < 0 ? later.ids[i] : later.labels[i]) == plain[i]);
      hidden += later.labels[i] >= 0 ? 1 : 0;
      both += later.labels[i] >= 0 && first.labels[i] >= 0 ? 1 : 0;
      masks += later.ids[i] == formatter.mask ? 1 : 0;
    }
    const auto share = static_cast<double>(hidden) / static_cast<double>(plain.size()),
               chance = static_cast<double>(both) / static_cast<double>(plain.size());
    BOOST_TEST((share > 0.12 && share < 0.18));
    BOOST_TEST(chance < 0.05);  // 0.15² if they are independent
    const double of_hidden = static_cast<double>(masks) / static_cast<double>(hidden);
    BOOST_TEST((of_hidden > 0.7 && of_hidden < 0.9));
  }
  BOOST_TEST((Formatter{.tokenizer = bert}.anew() == nullptr));
}

BOOST_AUTO_TEST_SUITE_END()
