#include <graft/checkpoints/base/module_list.hpp>

#include <boost/test/unit_test.hpp>

using namespace graft;

BOOST_AUTO_TEST_SUITE(checkpoints_base_module_list)

StatedConfig llama(const char* architecture) {
  StatedConfig c;
  c.family = "llama", c.architecture = architecture;
  c.width = 32, c.vocabulary = 64, c.classes = 3;
  return c;
}

BOOST_AUTO_TEST_CASE(roots_and_heads_by_task) {
  const auto head = [](const char* architecture, const char* root) {
    const auto c = llama(architecture);
    ModuleList list(c);
    BOOST_TEST(list.root() == root);
    list.decoder_head("of_tokens");
    const auto all = std::move(list).list();
    BOOST_REQUIRE(all.size() == 1U);
    BOOST_TEST(all[0].site == "Head");
    BOOST_TEST(all[0].in == 32U);
    BOOST_TEST(all[0].block == -1);
    return all[0].path + " " + std::to_string(all[0].out) + (all[0].bias ? " +bias" : "");
  };
  BOOST_TEST(head("LlamaForCausalLM", "model") == "lm_head 64");
  BOOST_TEST(head("LlamaForSequenceClassification", "model") == "score 3");
  BOOST_TEST(head("LlamaForTokenClassification", "model") == "of_tokens 3 +bias");
  BOOST_TEST(head("LlamaForQuestionAnswering", "transformer") == "qa_outputs 2 +bias");
}

BOOST_AUTO_TEST_CASE(kinds_of_modules) {
  const auto c = llama("");
  ModuleList list(c);
  list.embedding("embed", "TokenEmbedding", 64);
  list.norm("norm", "MlpNorm", 2, true);
  list.linear("up", "Up", 1, 48, 32, false);
  const auto all = std::move(list).list();
  BOOST_TEST((all[0].kind == ModuleKind::embedding && all[0].out == 64 && all[0].in == 32 && all[0].block == -1));
  BOOST_TEST((all[1].kind == ModuleKind::norm && all[1].out == 32 && all[1].in == 0 && all[1].bias));
  BOOST_TEST((all[2].kind == ModuleKind::linear && all[2].out == 48 && all[2].block == 1 && !all[2].bias));
}

BOOST_AUTO_TEST_SUITE_END()
