#include <graft/checkpoints/peft/peft_config.hpp>

#include "checkpoints/peft/configs.hpp"

using namespace graft;

BOOST_AUTO_TEST_SUITE(checkpoints_peft_peft_config)

using made::method_of, made::read, made::refuses_adapter, made::sizes, made::with;

/// A config of a type for the queries, and what else it says.
std::string on_queries(const std::string& type, const std::string& more = "") {
  return R"({"target_modules": ["q_proj"], "peft_type": ")" + type + "\"" + (more.empty() ? "" : ", ") + more + "}";
}

BOOST_AUTO_TEST_CASE(lora_and_its_kin) {
  BOOST_TEST(method_of(on_queries("LORA")) == "LoRA<8, On<Query>, Alpha<8>>");
  BOOST_TEST(method_of(on_queries("LORA", R"("r": 4, "lora_alpha": 6.5, "lora_dropout": 0.05)")) ==
             "LoRA<4, On<Query>, Alpha<13, 2>, Dropout<1, 20>>");
  BOOST_TEST(method_of(on_queries("LORA", R"("use_rslora": true, "lora_bias": true)")) ==
             "LoRA<8, On<Query>, Alpha<8>, RankStabilized, LoraBias>");
  BOOST_TEST(method_of(on_queries("LORA", R"("init_lora_weights": "pissa")")) ==
             "LoRA<8, On<Query>, Alpha<8>, PissaInit>");
  BOOST_TEST(method_of(on_queries("LORA", R"("use_dora": true)")) == "DoRA<8, On<Query>, Alpha<8>>");
  BOOST_TEST(method_of(on_queries("LORA", R"("alora_invocation_tokens": [7, 9])")) ==
             "ActivatedLoRA<8, Invocation<7, 9>, On<Query>, Alpha<8>>");
  BOOST_TEST(method_of(on_queries("LORA", R"("target_modules": "all-linear")")) == "LoRA<8, On<Linears>, Alpha<8>>");
  BOOST_TEST(method_of(on_queries("LORA", R"("rank_pattern": {"0.self_attn.q_proj": 2})")) ==
             "Methods<LoRA<2, On<Query>, Alpha<8>, Blocks<0, 1>>, LoRA<8, On<Query>, Alpha<8>, Blocks<1, 4>>>");
  BOOST_TEST(method_of(on_queries("LORA", R"("layers_to_transform": [1, 3])")) ==
             "LoRA<8, On<Query>, Alpha<8>, Blocks<1, 2, 3, 4>>");
  BOOST_TEST(method_of(on_queries("ADALORA", R"("orth_reg_weight": 0.25)")) ==
             "AdaLoRA<12, On<Query>, Alpha<8>, Penalty<1, 4>>");
}

BOOST_AUTO_TEST_CASE(other_methods) {
  BOOST_TEST(
      method_of(
          R"({"peft_type": "IA3", "target_modules": ["k_proj", "down_proj"], "feedforward_modules": ["down_proj"]})") ==
      "IA3<On<Key>, Reads<Down>>");
  BOOST_TEST(method_of(on_queries("LOHA", R"("r": 4)")) == "LoHa<4, On<Query>, Alpha<8>>");
  BOOST_TEST(method_of(on_queries("LOKR", R"("decompose_both": true, "decompose_factor": 4)")) ==
             "LoKr<8, On<Query>, Alpha<8>, DecomposeBoth, Factor<4>>");
  BOOST_TEST(method_of(on_queries("HRA")) == "HRA<8, On<Query>>");
  BOOST_TEST(method_of(on_queries("MISS")) == "MiSS<64, On<Query>>");
  BOOST_TEST(method_of(on_queries("SHIRA")) == "SHiRA<32, On<Query>>");
  BOOST_TEST(method_of(on_queries("RANDLORA")) == "RandLoRA<32, On<Query>, Alpha<640>>");
  BOOST_TEST(method_of(on_queries("VERA")) == "VeRA<256, On<Query>>");
  BOOST_TEST(method_of(on_queries("VERA", R"("save_projection": false, "projection_prng_key": 5)")) ==
             "VeRA<256, On<Query>, Seed<5>>");
  BOOST_TEST(method_of(on_queries("FOURIERFT", R"("n_frequency": 20)")) ==
             "SeededFourierFT<20, 777, On<Query>, Alpha<150>>");
  BOOST_TEST(method_of(on_queries("OFT", R"("oft_block_size": 8)")) == "OFT<8, On<Query>>");
  BOOST_TEST(method_of(on_queries("OFT", R"("r": 2, "oft_block_size": 0, "use_cayley_neumann": false)")) ==
             "CayleyOFT<2, On<Query>, CountsBlocks>");
  BOOST_TEST(method_of(on_queries("BOFT", R"("boft_block_size": 0, "boft_block_num": 8)")) ==
             "BOFT<8, 1, On<Query>, CountsBlocks>");
  BOOST_TEST(method_of(R"({"peft_type": "LN_TUNING", "target_modules": ["input_layernorm"]})") ==
             "LNTuning<On<InputNorm>>");
}

BOOST_AUTO_TEST_CASE(layers_of_the_base) {
  const char* const lora = "LoRA<8, On<Query>, Alpha<8>>";
  BOOST_TEST(method_of(on_queries("LORA", R"("modules_to_save": ["lm_head"])")) ==
             std::string("Methods<") + lora + ", Unfreeze<Head>>");
  BOOST_TEST(
      method_of(R"({"peft_type": "LORA", "target_modules": "dummy-target-modules", "modules_to_save": ["norm"]})") ==
      "Unfreeze<Norms>");
  // A tied head stays the base's, or follows.
  const auto tied = read(with(sizes("llama"), {{"tie_word_embeddings", true}}));
  const std::string embedding = R"("modules_to_save": ["embed_tokens"])";
  BOOST_TEST(method_of(on_queries("LORA", embedding), tied) ==
             std::string("Methods<UntiedHead, ") + lora + ", Unfreeze<TokenEmbedding>>");
  BOOST_TEST(method_of(on_queries("LORA", embedding + R"(, "ensure_weight_tying": true)"), tied) ==
             std::string("Methods<") + lora + ", Unfreeze<TokenEmbedding>>");
  const auto qwen2 = read(sizes("qwen2"));
  BOOST_TEST(method_of(on_queries("LORA", R"("bias": "all")"), qwen2) ==
             std::string("Methods<") + lora + ", Biases<>>");
  BOOST_TEST(method_of(on_queries("LORA", R"("bias": "lora_only")"), qwen2) ==
             std::string("Methods<") + lora + ", Biases<On<Query>>>");
  BOOST_TEST(method_of(on_queries("LORA", R"("bias": "all")")) == lora);  // Llama has none
}

BOOST_AUTO_TEST_CASE(what_is_refused) {
  refuses_adapter(on_queries("VBLORA"), "peft_type is \"VBLORA\"; graft knows LORA");
  refuses_adapter(on_queries("LORA", R"("of_tomorrow": 1)"),
                  "of_tomorrow is 1, a key that graft does not know of LORA");
  refuses_adapter(on_queries("LORA", R"("target_modules": ["c_attn"])"),
                  "target_modules [\"c_attn\"] means no module of this model; it has down_proj, gate_proj");
  refuses_adapter(on_queries("LORA", R"("target_modules": ["self_attn"])"), "which is no layer but several");
  refuses_adapter(R"({"peft_type": "LORA"})", "target_modules is not said");
  refuses_adapter(on_queries("LORA", R"("use_dora": true, "alora_invocation_tokens": [7])"), "exclude each other");
  refuses_adapter(on_queries("LORA", R"("use_dora": true, "lora_bias": true)"), "for plain LoRA alone");
  refuses_adapter(on_queries("LORA", R"("use_dora": true, "target_modules": ["embed_tokens"])"), "an embedding");
  refuses_adapter(on_queries("LORA", R"("bias": "some")"), "bias is \"some\"");
  refuses_adapter(on_queries("LORA", R"("r": 2.5)"), "r of model.layers.0.self_attn.q_proj is 2.5");
  refuses_adapter(on_queries("IA3", R"("feedforward_modules": ["down_proj"])"), "which is not among target_modules");
  refuses_adapter(on_queries("OFT", R"("r": 2)"), "of before PEFT 0.15");
  refuses_adapter(on_queries("OFT", R"("r": 2, "oft_block_size": 8)"), "of r and oft_block_size one is 0");
  refuses_adapter(on_queries("BOFT", R"("boft_block_num": 8)"), "of boft_block_size and boft_block_num one is 0");
  refuses_adapter(R"({"r": 8})", "the key \"peft_type\" is missing");
}

// The tensors beside a config are of the modules, and of the ranks, that it says.
BOOST_AUTO_TEST_CASE(words_and_tensors) {
  const auto llama = read(with(sizes("llama"), {{"num_hidden_layers", 1}}));
  const std::string at = "base_model.model.model.layers.0.self_attn.";
  const auto right = made::tensors({{at + "q_proj.lora_A.weight", {8, 32}}, {at + "q_proj.lora_B.weight", {32, 8}}});
  BOOST_TEST(method_of(on_queries("LORA"), llama, &right) == "LoRA<8, On<Query>, Alpha<8>>");
  BOOST_TEST(method_of(R"({"peft_type": "LORA"})", llama, &right) == "LoRA<8, On<Query>, Alpha<8>>");  // it tells
  refuses_adapter(on_queries("LORA", R"("r": 4)"), "has rank 4, and the tensor model.layers.0.self_attn.q_proj", llama,
                  &right);
  refuses_adapter(on_queries("LORA", R"("target_modules": ["v_proj"])"),
                  "\n  it means modules that have no tensors: model.layers.0.self_attn.v_proj", llama, &right);
  refuses_adapter(on_queries("LORA", R"("target_modules": ["v_proj"])"),
                  "that this model does not have: model.layers.0.self_attn.q_proj", llama, &right);
}

BOOST_AUTO_TEST_SUITE_END()
