#include <graft/checkpoints/base/config_json.hpp>

#include "checkpoints/families/configs.hpp"

using namespace graft;
using made::error_of, made::refuses, made::sizes, made::with;

BOOST_AUTO_TEST_SUITE(checkpoints_base_config_json)

BOOST_AUTO_TEST_CASE(values_by_key) {
  const Json json = {{"width", 32}, {"act", "silu"}, {"nothing", nullptr}, {"text", "wide"}};
  ConfigJson config(json, "config.json");
  config.stated().family = "llama";
  BOOST_TEST(config.size("width") == 32U);
  BOOST_TEST(config.option("width", Index{1}) == 32U);
  BOOST_TEST(config.option("height", 7.5) == 7.5);
  BOOST_TEST(config.option("nothing", 7.5) == 7.5);
  BOOST_TEST(error_of([&] { (void)config.size("height"); }) == "config.json: the key \"height\" is missing");
  BOOST_TEST(error_of([&] { (void)config.size("text"); }).find("the key \"text\" is \"wide\"") != std::string::npos);
  config.expect("act", "silu");
  config.expect("nothing", true);
  config.expect("height", true);
  BOOST_TEST(error_of([&] { config.expect("act", "gelu"); }) ==
             "config.json: act is \"silu\"; graft's llama has \"gelu\"");
}

BOOST_AUTO_TEST_CASE(what_is_refused) {
  refuses({{"model_type", "llama"}}, "vocab_size");
  refuses(with(sizes("llama"), {{"num_attention_heads", 0}}), "heads is 0");
  refuses({{"vocab_size", 64}}, "the key \"model_type\" is missing");
}

BOOST_AUTO_TEST_SUITE_END()
