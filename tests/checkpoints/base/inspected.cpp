#include <graft/checkpoints/base/inspected.hpp>

#include "checkpoints/families/configs.hpp"

using namespace graft;

BOOST_AUTO_TEST_SUITE(checkpoints_base_inspected)

Inspection two_tensors() {
  Inspection i;
  i.path = "a", i.what = "an adapter";
  i.tensors = {{.name = "x", .type = "F32", .shape = {2, 3}, .bytes = 24},
               {.name = "y", .type = "BF16", .shape = {4}, .bytes = 8}};
  return i;
}

BOOST_AUTO_TEST_CASE(what_tensors_have) {
  auto i = two_tensors();
  BOOST_TEST(i.bytes() == 32U);
  BOOST_TEST(i.numbers() == 10U);
  i.tensors.push_back({.name = "hostile", .type = "F32", .shape = {Index{1} << 40U, Index{1} << 40U}});
  BOOST_TEST(i.numbers() == 10U);
  const auto json = inspection_json(two_tensors());
  BOOST_TEST(json.at("parameters") == 10);
  BOOST_TEST(json.at("bytes") == 32);
  BOOST_TEST(json.at("tensors").at("x") == (Json{{"type", "F32"}, {"shape", {2, 3}}, {"bytes", 24}}));
  for (const char* absent : {"type", "model", "base", "keys", "places", "opened_as"})
    BOOST_TEST(!json.contains(absent), absent);
}

BOOST_AUTO_TEST_CASE(a_model) {
  auto i = two_tensors();
  i.model = made::read(made::sizes("llama"));
  const auto json = inspection_json(i);
  BOOST_TEST(json.at("model").at("template") == "graft::Llama");
  BOOST_TEST(json.at("model").at("class") == "LlamaForCausalLM");
  BOOST_TEST(json.at("model").at("head_width") == 8);
  BOOST_TEST(!json.at("model").contains("encoder_blocks"));
  i.base = "some/base";  // that of an adapter
  i.model->encoder_blocks = 3;
  const auto based = inspection_json(i);
  BOOST_TEST(!based.contains("model"));
  BOOST_TEST(based.at("base").at("encoder_blocks") == 3);
}

BOOST_AUTO_TEST_CASE(an_adapter) {
  auto i = two_tensors();
  i.type = "LoRA<8, Dropout<1, 10>>", i.opened = "LoRA<8>", i.trained = 10;
  i.keys = {{.name = "r", .value = 8, .use = "read", .note = "the rank"}};
  i.places = {{.path = "model.layers.*.q", .site = "Query", .blocks = {0, 2}, .what = "LoRA<8>"}};
  const auto json = inspection_json(i);
  BOOST_TEST(json.at("type") == i.type);
  BOOST_TEST(json.at("opened_as") == "LoRA<8>");
  BOOST_TEST(json.at("trained_parameters") == 10);
  BOOST_TEST(json.at("keys").at("r") == (Json{{"value", 8}, {"use", "read"}, {"note", "the rank"}}));
  BOOST_TEST(json.at("places")[0].at("blocks") == Json({0, 2}));
}

BOOST_AUTO_TEST_SUITE_END()
