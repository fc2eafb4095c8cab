#include <graft/checkpoints/families/family.hpp>

#include <boost/test/unit_test.hpp>

using namespace graft;

BOOST_AUTO_TEST_SUITE(checkpoints_families_family)

BOOST_AUTO_TEST_CASE(names_in_other_files) {
  constexpr std::pair<std::string_view, std::string_view> names[] = {{"self_attn.q_proj", "attn_q"},
                                                                     {"model.layers", "blk"}};
  constexpr std::string_view columns[] = {".c_fc.weight"};
  const FamilyDescription made{.header = "own", .gguf_names = names, .columns_first = columns};
  BOOST_TEST(made.gguf_name("model.layers.3.self_attn.q_proj.weight") == "blk.3.attn_q.weight");
  BOOST_TEST(made.gguf_name("a.supermodel.layers.x") == "a.supermodel.layers.x");  // whole parts of names
  BOOST_TEST(made.stores_by_columns("h.0.mlp.c_fc.weight"));
  BOOST_TEST(!made.stores_by_columns("h.0.mlp.c_fc.bias"));
  BOOST_TEST(made.path() == "graft/models/families/own/own.hpp");
  BOOST_TEST(model_family("qwen2", "test").gguf_name("model.layers.3.self_attn.q_proj.weight") ==
             "blk.3.attn_q.weight");
  BOOST_TEST(model_family("gpt2", "test").stores_by_columns("transformer.h.0.mlp.c_fc.weight"));
  BOOST_TEST(!model_family("gpt2", "test").stores_by_columns("transformer.wte.weight"));
}

BOOST_AUTO_TEST_CASE(families_by_what_they_have) {
  BOOST_TEST(first_family(FamilyKind::decoder).name == "llama");
  BOOST_TEST(first_family(FamilyKind::encoder).name == "bert");
  BOOST_TEST(first_family(FamilyKind::pair).name == "t5");
  BOOST_TEST(families_where([](const auto& f) { return f.kind == FamilyKind::pair; }) == "t5");
  BOOST_TEST(families_where([](const auto& f) { return f.kind == FamilyKind::encoder; }) == "bert and roberta");
  BOOST_TEST(families_where([](const auto& f) { return f.read_gguf != nullptr; }) == "llama, qwen2 and qwen3");
  BOOST_TEST(families_where([](const auto&) { return false; }) == "");
}

BOOST_AUTO_TEST_SUITE_END()
