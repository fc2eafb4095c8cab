#include <graft/checkpoints/base/model_header.hpp>

#include "checkpoints/families/configs.hpp"

using namespace graft;
using made::read, made::sizes, made::with;

BOOST_AUTO_TEST_SUITE(checkpoints_base_model_header)

BOOST_AUTO_TEST_CASE(templates) {
  const auto of = [](const char* family, const char* architecture) {
    StatedConfig c;
    c.family = family, c.architecture = architecture;
    return model_template(c);
  };
  BOOST_TEST(model_template(read(sizes("bert"))) == "graft::BertClassifier");
  BOOST_TEST(model_template(read(with(sizes("roberta"), {{"architectures", {"RobertaForMaskedLM"}}}))) ==
             "graft::RobertaMaskedLM");
  BOOST_TEST(of("qwen3", "Qwen3ForCausalLM") == "graft::Llama");
  BOOST_TEST(of("t5", "") == "graft::T5");
  BOOST_TEST(of("gpt2", "GPT2ForTokenClassification") == "graft::Gpt2TokenClassifier");
  BOOST_TEST(of("llama", "LlamaForQuestionAnswering") == "graft::LlamaQuestionAnswering");
  BOOST_TEST(of("bert", "BertEncoder") == "graft::BertEncoder");
}

// A classifier tells how many classes it has; a decoder's, which token fills up; an encoder, its positions.
BOOST_AUTO_TEST_CASE(members_by_task) {
  const auto has = [](const Json& json, const char* member) {
    return config_struct(read(json)).find(member) != std::string::npos;
  };
  const Json classes = {{"num_labels", 3}, {"pad_token_id", 5}};
  const auto classifier = with(with(sizes("llama"), {{"architectures", {"LlamaForSequenceClassification"}}}), classes);
  BOOST_TEST(has(classifier, "classes = 3;"));
  BOOST_TEST(has(classifier, "static constexpr std::ptrdiff_t pad = 5;"));
  BOOST_TEST(!has(with(sizes("llama"), classes), "classes"));
  const auto bert = with(sizes("bert"), with(classes, {{"pad_token_id", 0}}));
  BOOST_TEST(has(bert, "graft::Index positions = 512, token_types = 2;"));
  BOOST_TEST(has(bert, "classes = 3;"));
  BOOST_TEST(!has(bert, "pad"));
  BOOST_TEST(!has(bert, "tied_head"));
  BOOST_TEST(config_struct(read(sizes("llama")), "Small").starts_with("struct Small : graft::LlamaDefaults {\n"));
}

BOOST_AUTO_TEST_CASE(headers) {
  const auto header = model_header(read(sizes("phi3")), "mine", {.kind = "LoRA", .numbers = {8}});
  BOOST_TEST(header.find("#include <graft/models/families/phi3/phi3.hpp>") != std::string::npos);
  BOOST_TEST(header.find("using Model = graft::Phi3<Config, Method, Backend, Policies...>;") != std::string::npos);
  BOOST_TEST(header.find("namespace mine {\n") != std::string::npos);
  BOOST_TEST(header.find("using Method = graft::LoRA<8>;") != std::string::npos);
  BOOST_TEST(header.find("base_directions") == std::string::npos);
  const auto more = model_header(read(sizes("llama")), "mine",
                                 {.kind = "LoRA", .numbers = {8}, .options = {{.name = "PissaInit"}}}, {"own.hpp"});
  BOOST_TEST(more.find("#include <graft/adapters/base_directions.hpp>\n#include \"own.hpp\"\n") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
