#include <graft/checkpoints/peft/adapter_config.hpp>

#include "checkpoints/peft/configs.hpp"

using namespace graft;
using made::error_of, made::read, made::sizes, made::with;

BOOST_AUTO_TEST_SUITE(checkpoints_peft_adapter_config)

std::string said(const Json& config, const char* key) { return config.at(key).dump(); }
std::string query(int block) { return "model.layers." + std::to_string(block) + ".self_attn.q_proj"; }

/// LoRA of rank 4 at these modules of a model of four blocks.
AdapterSummary lora(const std::vector<std::string>& paths, const StatedConfig& model = read(sizes("llama"))) {
  AdapterSummary summary{.type = "LORA", .modules = modules_of(model)};
  for (const auto& path : paths) summary.adapted.push_back({.path = path, .options = {{"r", 4}, {"lora_alpha", 8.0}}});
  return summary;
}
AdapterSummary all_queries() { return lora({query(0), query(1), query(2), query(3)}); }

BOOST_AUTO_TEST_CASE(what_is_written) {
  auto summary = all_queries();
  summary.task_type = "CAUSAL_LM";
  const auto json = adapter_config(summary, "some/base");
  BOOST_TEST(said(json, "peft_type") == R"("LORA")");
  BOOST_TEST(said(json, "task_type") == R"("CAUSAL_LM")");
  BOOST_TEST(said(json, "base_model_name_or_path") == R"("some/base")");
  BOOST_TEST(said(json, "target_modules") == R"(["q_proj"])");
  BOOST_TEST(said(json, "r") == R"(4)");
  BOOST_TEST(json.at("lora_alpha").dump() == "8");  // and not 8.0
  BOOST_TEST(said(json, "bias") == R"("none")");
  BOOST_TEST(json.at("rank_pattern").empty());
  BOOST_TEST(made::method_of(json.dump()) == "LoRA<4, On<Query>, Alpha<8>>");
}

BOOST_AUTO_TEST_CASE(what_differs_by_module) {
  auto summary = all_queries();
  summary.adapted[0].options["r"] = 2;
  const auto json = adapter_config(summary, "");
  BOOST_TEST(said(json, "r") == R"(4)");  // that of most
  BOOST_TEST(said(json, "rank_pattern") == R"({"0.self_attn.q_proj":2})");
  summary = lora({query(0), query(1), "model.layers.0.mlp.up_proj", "model.layers.1.mlp.up_proj", query(2)});
  for (const Index up : {2U, 3U}) summary.adapted[up].options["r"] = 2;
  BOOST_TEST(said(adapter_config(summary, ""), "rank_pattern") == R"({"up_proj":2})");  // as short as can be
  summary.adapted[0].options["lora_dropout"] = 0.5;
  BOOST_TEST(error_of([&] { adapter_config(summary, ""); })
                 .starts_with("an adapter folder of PEFT has one lora_dropout for all of it, and this model has 0.5 at "
                              "model.layers.0.self_attn.q_proj"));
}

BOOST_AUTO_TEST_CASE(names_of_modules) {
  const auto some = lora({query(1), query(2)});
  const auto json = adapter_config(some, "");
  BOOST_TEST(said(json, "layers_to_transform") == R"([1,2])");
  BOOST_TEST(said(json, "target_modules") == R"(["q_proj"])");
  BOOST_TEST(made::method_of(json.dump()) == "LoRA<4, On<Query>, Alpha<8>, Blocks<1, 3>>");
  const auto whole = adapter_config(some, "", PathsAre::whole);
  BOOST_TEST(said(whole, "target_modules") ==
             R"(["model.layers.1.self_attn.q_proj","model.layers.2.self_attn.q_proj"])");
  // Each block has another module: numbers of blocks would mean more.
  const auto mixed = adapter_config(lora({query(1), "model.layers.2.mlp.up_proj"}), "");
  BOOST_TEST(mixed.at("layers_to_transform").is_null());
  BOOST_TEST(said(mixed, "target_modules") == R"(["model.layers.1.self_attn.q_proj","model.layers.2.mlp.up_proj"])");
  // GPT-2 has two modules of one name in a block.
  const auto gpt2 = read({{"model_type", "gpt2"}, {"vocab_size", 64}, {"n_embd", 32}, {"n_layer", 1}, {"n_head", 4}});
  BOOST_TEST(said(adapter_config(lora({"transformer.h.0.attn.c_proj"}, gpt2), ""), "target_modules") ==
             R"(["attn.c_proj"])");
}

BOOST_AUTO_TEST_CASE(second_lists) {
  auto summary = all_queries();
  summary.type = "IA3";
  for (auto& layer : summary.adapted) layer.options = Json::object();
  for (int block = 0; block < 4; ++block)
    summary.adapted.push_back(
        {.path = "model.layers." + std::to_string(block) + ".mlp.down_proj", .also_listed = "feedforward_modules"});
  const auto json = adapter_config(summary, "");
  BOOST_TEST(said(json, "target_modules") == R"(["down_proj","q_proj"])");
  BOOST_TEST(said(json, "feedforward_modules") == R"(["down_proj"])");
  BOOST_TEST(made::method_of(json.dump()) == "IA3<On<Query>, Reads<Down>>");
}

BOOST_AUTO_TEST_CASE(layers_of_the_base) {
  auto summary = all_queries();
  summary.trained = {"model.norm", "classifier.dense", "classifier.out_proj"};
  BOOST_TEST(said(adapter_config(summary, ""), "modules_to_save") == R"(["classifier","model.norm"])");
  summary.trained = {"model.embed_tokens"};
  summary.tied_head = true;
  BOOST_TEST(said(adapter_config(summary, ""), "ensure_weight_tying") == R"(true)");
  summary.trained.clear();
  summary.biases = {query(0), query(1), query(2), query(3), "model.layers.0.self_attn.k_proj"};
  summary.biased = summary.biases;
  BOOST_TEST(said(adapter_config(summary, ""), "bias") == R"("all")");
  summary.biased.pop_back();
  BOOST_TEST(said(adapter_config(summary, ""), "bias") == R"("lora_only")");
  summary.biased = {query(0)};
  BOOST_TEST(error_of([&] { adapter_config(summary, ""); }).ends_with("like that of " + query(0)));
  AdapterSummary alone{.modules = summary.modules, .trained = {"model.norm"}};
  const auto json = adapter_config(alone, "");
  BOOST_TEST(said(json, "target_modules") == R"("dummy-target-modules")");
  BOOST_TEST(made::method_of(json.dump()) == "Unfreeze<FinalNorm>");
}

BOOST_AUTO_TEST_CASE(trained_tokens) {
  auto summary = all_queries();
  summary.tokens = {3, 5}, summary.tokens_of = "model.embed_tokens";
  BOOST_TEST(said(adapter_config(summary, ""), "trainable_token_indices") == R"({"embed_tokens":[3,5]})");
  summary.type = "HRA";
  BOOST_TEST(error_of([&] { adapter_config(summary, ""); }).ends_with("not beside HRA"));
  summary.type.clear(), summary.adapted.clear();
  const auto alone = adapter_config(summary, "");
  BOOST_TEST(said(alone, "peft_type") == R"("TRAINABLE_TOKENS")");
  BOOST_TEST(made::method_of(alone.dump()) == "TrainableTokens<3, 5>");
}

// What AdaLoRA's schedule has left, as truth values.
BOOST_AUTO_TEST_CASE(ranks_that_are_left) {
  auto summary = all_queries();
  summary.type = "ADALORA";
  for (auto& layer : summary.adapted) layer.options = {{"init_r", 3}, {"final_rank", 3}};
  BOOST_TEST(!adapter_config(summary, "").contains("rank_pattern"));
  summary.adapted[0].options["final_rank"] = 2;
  summary.adapted[0].kept = {true, false, true};
  const auto json = adapter_config(summary, "");
  BOOST_TEST(json.at("rank_pattern").at(query(0) + ".lora_E").dump() == "[true,false,true]");
  BOOST_TEST(said(json, "init_r") == R"(3)");
  BOOST_TEST(!json.contains("final_rank"));
}

BOOST_AUTO_TEST_SUITE_END()
