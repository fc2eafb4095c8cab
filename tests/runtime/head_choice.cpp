#include <graft/runtime/head_choice.hpp>

#include "error.hpp"
#include "folder.hpp"

#include <graft/checkpoints/base/config_files.hpp>
#include <graft/checkpoints/description/method_text.hpp>

#include <boost/test/unit_test.hpp>

using namespace graft;
using made::error_of;
using Names = std::vector<std::string>;

namespace {

std::vector<Row> rows_of(const OrderedJson& objects) {
  std::vector<Row> rows;
  for (const auto& one : objects) rows.push_back({one, "data.jsonl, line " + std::to_string(rows.size() + 1)});
  return rows;
}
std::vector<Row> labelled(const OrderedJson& labels) {
  OrderedJson objects;
  for (const auto& label : labels) objects.push_back({{"text", "t"}, {"label", label}});
  return rows_of(objects);
}

StatedConfig stated(const char* family, const char* architecture) {
  return {.family = family,
          .architecture = architecture,
          .vocabulary = 64,
          .width = 32,
          .blocks = 2,
          .heads = 4,
          .groups = 4,
          .head_width = 8,
          .feed_forward = 48};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(runtime_head_choice)

BOOST_AUTO_TEST_CASE(classes_have_names_or_numbers) {
  BOOST_TEST(class_name({"no", "yes"}, 1) == "yes");
  BOOST_TEST(class_name({"no", "yes"}, 2) == "2");
  BOOST_TEST((named_classes({"no"}, 3) == Names{"no", "1", "2"}));
  BOOST_TEST((named_classes({"no", "yes"}, 1) == Names{"no", "yes"}));
}

BOOST_AUTO_TEST_CASE(labels_in_order) {
  using enum ExampleKind;
  BOOST_TEST((distinct_labels(labelled({10, 9, "b", 9, "a"}), text_class) == Names{"9", "10", "a", "b"}));
  const auto tagged = rows_of({{{"tags", {"B", "O"}}}, {{"tags", {"O", "A"}}}});
  BOOST_TEST((distinct_labels(tagged, token_class) == Names{"A", "B", "O"}));
}

BOOST_AUTO_TEST_CASE(rows_say_the_task) {
  const auto asked = [](const char* family, const OrderedJson& row) {
    return architecture_for({row, "here"}, stated(family, ""));
  };
  BOOST_TEST(asked("bert", {{"tokens", {"a"}}, {"tags", {"O"}}}) == "ForTokenClassification");
  BOOST_TEST(asked("bert", {{"question", "q"}, {"context", "c"}}) == "ForQuestionAnswering");
  BOOST_TEST(asked("llama", {{"text", "t"}, {"label", 1}}) == "ForSequenceClassification");
  BOOST_TEST(asked("bert", {{"text", "t"}}) == "ForMaskedLM");
  BOOST_TEST(asked("llama", {{"text", "t"}}) == "ForCausalLM");
  BOOST_TEST(asked("llama", {{"tokens", {"a"}}, {"tags", nullptr}}) == "ForCausalLM");
}

BOOST_AUTO_TEST_CASE(heads_for_rows) {
  const auto chosen = [](StatedConfig& config, const std::vector<Row>& rows, const char* task = "") {
    return head_for(config, "", task, rows);
  };
  auto config = stated("llama", "LlamaForCausalLM");
  BOOST_TEST(chosen(config, rows_of({{{"prompt", "p"}, {"completion", "c"}}})).classes.empty());
  BOOST_TEST(config.architecture == "ForCausalLM");

  auto head = chosen(config, labelled({"yes", "no", "yes"}));
  BOOST_TEST((head.classes == Names{"no", "yes"}));
  BOOST_TEST(head.is_new);
  BOOST_TEST(config.classes == 2U);

  head = chosen(config, labelled({1, 0.5}));  // numbers, as one is no whole one
  BOOST_TEST(head.classes.empty());
  BOOST_TEST(head.is_new);
  BOOST_TEST(config.classes == 1U);

  config = stated("bert", "BertForSequenceClassification");
  BOOST_TEST((chosen(config, labelled({1, 2.0}), "class").classes == Names{"1", "2"}));
  BOOST_TEST(chosen(config, labelled({1, 2}), "number").classes.empty());
  BOOST_TEST(config.classes == 1U);

  const auto alone = error_of([&] { static_cast<void>(chosen(config, labelled({"yes", "yes"}))); });
  BOOST_TEST(alone.find("data.jsonl, line 1 and the rows behind it have one label, \"yes\"") == 0U, alone);

  auto pair = stated("t5", "T5ForConditionalGeneration");
  BOOST_TEST(chosen(pair, labelled({"yes", "no"})).classes.empty());
  BOOST_TEST(pair.architecture == "T5ForConditionalGeneration");
}

BOOST_AUTO_TEST_CASE(the_bases_own_head_serves_where_it_knows_the_labels) {
  const Folder folder("graft-head");
  write_json(folder.path / "config.json", {{"model_type", "bert"},
                                           {"architectures", {"BertForSequenceClassification"}},
                                           {"vocab_size", 64},
                                           {"hidden_size", 32},
                                           {"num_hidden_layers", 2},
                                           {"num_attention_heads", 4},
                                           {"intermediate_size", 48},
                                           {"max_position_embeddings", 16},
                                           {"type_vocab_size", 2},
                                           {"id2label", {{"0", "no"}, {"1", "yes"}}}});
  const auto write_head = [&folder](Index classes) {
    write_safetensors(folder.path / "model.safetensors",
                      {{"classifier.weight", {classes, 32}, std::vector<float>(classes * 32)}});
  };
  const auto chosen = [&folder](const std::vector<Row>& rows) {
    auto config = stated_config(folder.path);
    return head_for(config, folder.path, "", rows);
  };
  write_head(2);
  const auto known = chosen(labelled({"yes", "yes", 0}));  // by name, and by number
  BOOST_TEST(!known.is_new);
  BOOST_TEST((known.classes == Names{"no", "yes"}));
  BOOST_TEST(chosen(labelled({"yes", "perhaps"})).is_new);
  BOOST_TEST(chosen(labelled({"yes", 2})).is_new);
  write_head(3);  // the files have another head than the config says
  BOOST_TEST(chosen(labelled({"yes", "no"})).is_new);
  BOOST_TEST(!has_head(stated_config(folder.path), folder.path / "nothing"));
}

BOOST_AUTO_TEST_CASE(a_new_head_is_trained) {
  const auto trained = [](const char* method, const StatedConfig& config) {
    return type_text(with_head(read_method(method), config));
  };
  const auto bert = stated("bert", "BertForSequenceClassification"),
             tags = stated("bert", "BertForTokenClassification"),
             llama = stated("llama", "LlamaForSequenceClassification"),
             roberta = stated("roberta", "RobertaForSequenceClassification");
  BOOST_TEST(trained("LoRA<4>", bert) == "Methods<LoRA<4>, Unfreeze<Head>>");
  BOOST_TEST(trained("LoRA<4>", roberta) == "Methods<LoRA<4>, Unfreeze<Pooler, Head>>");  // its pooler is of the head

  BOOST_TEST(trained("LoRA<4>", tags) == "Methods<LoRA<4>, Unfreeze<Head>>");
  BOOST_TEST(trained("LoRA<4>", llama) == "Methods<LoRA<4>, Unfreeze<Head>>");
  BOOST_TEST(trained("FullFineTuning", bert) == "FullFineTuning");
  BOOST_TEST(trained("Methods<LoRA<4>, Unfreeze<Head>>", bert) == "Methods<LoRA<4>, Unfreeze<Head>>");
}

BOOST_AUTO_TEST_SUITE_END()
