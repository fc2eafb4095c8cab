#include <graft/checkpoints/families/families.hpp>

#include "checkpoints/families/configs.hpp"

using namespace graft;
using made::read, made::refuses, made::sizes, made::with;

BOOST_AUTO_TEST_SUITE(checkpoints_families_families)

BOOST_AUTO_TEST_CASE(every_family_has_a_type_a_reader_and_modules) {
  for (const auto& family : model_families()) {
    BOOST_TEST_CONTEXT(family.name) {
      BOOST_TEST(!family.type.empty());
      BOOST_TEST(!family.header.empty());
      BOOST_TEST(!family.in_python.empty());
      BOOST_TEST((family.read != nullptr && family.list_modules != nullptr));
      BOOST_TEST((family.read_gguf == nullptr) == (family.config_of_gguf == nullptr));
      BOOST_TEST(&model_family(family.name, "test") == &family);
    }
  }
}

BOOST_AUTO_TEST_CASE(what_models_are_for) {
  const auto task = [](const char* family, const char* architecture) {
    StatedConfig c;
    c.family = family, c.architecture = architecture;
    return std::pair(task_of(c), class_in_python(c));
  };
  BOOST_TEST((task("llama", "") == std::pair<Task, std::string>(Task::next_token, "LlamaForCausalLM")));
  BOOST_TEST((task("gpt2", "GPT2LMHeadModel") == std::pair<Task, std::string>(Task::next_token, "GPT2LMHeadModel")));
  BOOST_TEST((task("bert", "") == std::pair<Task, std::string>(Task::text_class, "BertForSequenceClassification")));
  BOOST_TEST(
      (task("roberta", "RobertaForMaskedLM") == std::pair<Task, std::string>(Task::fill_in, "RobertaForMaskedLM")));
  BOOST_TEST((task("bert", "BertEncoder") == std::pair<Task, std::string>(Task::embedding, "BertModel")));
  BOOST_TEST((task("t5", "") == std::pair<Task, std::string>(Task::pair, "T5ForConditionalGeneration")));
  BOOST_TEST((task("gemma3_text", "Gemma3TextForSequenceClassification") ==
              std::pair<Task, std::string>(Task::text_class, "Gemma3TextForSequenceClassification")));
}

Json classifier(const Json& more = Json::object()) {
  return with(with(sizes("llama"), {{"architectures", {"LlamaForSequenceClassification"}}}), more);
}

BOOST_AUTO_TEST_CASE(classes_and_their_names) {
  const auto named =
      read(classifier({{"id2label", {{"1", "good"}, {"0", "bad"}, {"2", "fair"}}}, {"pad_token_id", 3}}));
  BOOST_TEST(named.classes == 3U);
  BOOST_TEST(named.labels == (std::vector<std::string>{"bad", "good", "fair"}), boost::test_tools::per_element());
  BOOST_TEST(named.pad == 3);
  BOOST_TEST(read(classifier()).classes == 2U);
  BOOST_TEST(read(classifier({{"num_labels", 1}, {"problem_type", "regression"}})).classes == 1U);
  refuses(classifier({{"id2label", {{"0", "bad"}, {"2", "good"}}}}), "id2label has \"2\": \"good\"; its 2 classes");
  refuses(classifier({{"id2label", {{"0", "bad"}, {"x", "good"}}}}), "id2label has \"x\"");
  refuses(classifier({{"id2label", {{"0", "bad"}, {"1", 7}}}}), "id2label has \"1\": 7");
  refuses(classifier({{"id2label", Json::object()}}), "the model tells apart no classes");
}

BOOST_AUTO_TEST_CASE(tasks_that_are_refused) {
  refuses(classifier({{"problem_type", "multi_label_classification"}}),
          "problem_type is \"multi_label_classification\"");
  refuses(classifier({{"problem_type", "regression"}}), "problem_type is \"regression\" with 2 outputs");
  refuses(classifier({{"problem_type", "single_label_classification"}, {"num_labels", 1}}), "with 1 outputs");
  refuses(with(sizes("phi3"), {{"architectures", {"Phi3ForQuestionAnswering"}}}),
          "architectures is Phi3ForQuestionAnswering, which Transformers does not have either");
  refuses(with(sizes("llama"), {{"model_type", "mamba"}}), "\"mamba\"; graft knows llama, mistral");
}

BOOST_AUTO_TEST_SUITE_END()
