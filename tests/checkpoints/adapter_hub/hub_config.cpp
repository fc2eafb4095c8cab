#include <graft/checkpoints/adapter_hub/hub_config.hpp>

#include "error.hpp"

#include <boost/test/unit_test.hpp>

using namespace graft;

BOOST_AUTO_TEST_SUITE(checkpoints_adapter_hub_hub_config)

/// What a config says, of a model of two blocks, 32 wide.
std::string read(const char* config, const std::string& name = "law", Index width = 32) {
  StatedConfig model;
  model.family = "bert", model.width = 32, model.blocks = 2;
  const Json json{{"name", name}, {"hidden_size", width}, {"config", Json::parse(config)}};
  return type_text(HubConfig(json, "adapter_config.json", model).read());
}

BOOST_AUTO_TEST_CASE(what_is_read) {
  BOOST_TEST(read(R"({"reduction_factor": 16, "original_ln_before": true})") ==
             "Adapter<2, On<AfterMlp>, OfSum, ReLU, Scaling<1>, Named<\"law\">>");
  BOOST_TEST(read(R"({"mh_adapter": true, "reduction_factor": 8, "non_linearity": "silu", "leave_out": [0]})") ==
             "Adapter<4, On<AfterAttention, AfterMlp>, OfSublayer, Swish, Scaling<1>, Named<\"law\">, Blocks<1, 2>>");
  BOOST_TEST(read(R"({"is_parallel": true, "reduction_factor": 100, "non_linearity": "gelu", "scaling": 0.5})") ==
             "Adapter<1, On<AfterMlp>, InParallel, GELU, Scaling<1, 2>, Named<\"law\">>");  // one column at least
  BOOST_TEST(read(R"({"phm_layer": true, "phm_dim": 2, "reduction_factor": 8})") ==
             "Compacter<4, 2, On<AfterMlp>, OfSublayer, ReLU, Scaling<1>, Named<\"law\">>");
  BOOST_TEST(read(R"({"architecture": "prefix_tuning", "prefix_length": 4, "bottleneck_size": 8})") ==
             "HubPrefixTuning<4, 8, Named<\"law\">>");
  BOOST_TEST(read(R"({"architecture": "reft", "r": 2, "layers": [1], "orthogonality": true})") ==
             "LoReFT<2, 3, 0, Named<\"law\">, Blocks<1, 2>>");
  BOOST_TEST(read(R"({"architecture": "reft", "layers": "all", "orthogonality": true})") ==
             "LoReFT<1, 3, 0, Named<\"law\">>");
  BOOST_TEST(read(R"({"architecture": "union", "configs": [
                       {"architecture": "prefix_tuning", "prefix_length": 4, "bottleneck_size": 8},
                       {"architecture": null, "reduction_factor": 32}]})") ==
             "Methods<HubPrefixTuning<4, 8, Named<\"law\">>, "
             "Adapter<1, On<AfterMlp>, OfSublayer, ReLU, Scaling<1>, Named<\"law\">>>");
}

BOOST_AUTO_TEST_CASE(what_is_refused) {
  for (const auto& [config, words] : std::initializer_list<std::pair<const char*, const char*>>{
           {R"({"architecture": "lora"})", "architecture is \"lora\"; graft knows bottleneck adapters"},
           {R"({"architecture": "union"})", "a union has a list \"configs\""},
           {R"({"reduction_factor": {"0": 2}})", "differs from block to block"},
           {R"({"reduction_factor": 0})", "reduction_factor is 0.0"},
           {R"({"output_adapter": false})", "the adapter stands nowhere"},
           {R"({"non_linearity": "tanh"})", "non_linearity is \"tanh\""},
           {R"({"scaling": "learned"})", "a trained one"},
           {R"({"leave_out": [2]})", "leave_out has block 2, and the model has 2 (counted from 0)"},
           {R"({"leave_out": [0, 1]})", "leave_out leaves no block"},
           {R"({"original_ln_after": false})", "original_ln_after is false (a norm behind the adapter)"},
           {R"({"use_gating": true})", "use_gating is true (gates over sequences)"},
           {R"({"architecture": "prefix_tuning", "prefix_length": 2.5})", "prefix_length is 2.5"}})
    BOOST_TEST(made::error_of([&config = config] { read(config); }).find(words) != std::string::npos, words);
  BOOST_TEST(made::error_of([] { read("{}", "a law"); }).find("name is \"a law\": ") != std::string::npos);
  BOOST_TEST(made::error_of([] { read("{}", "law", 48); }) ==
             "adapter_config.json: hidden_size is 48, and the base has a width of 32");
  BOOST_TEST(made::error_of([] { read("3"); }) == "adapter_config.json: \"config\" is missing, or no object");
}

BOOST_AUTO_TEST_SUITE_END()
