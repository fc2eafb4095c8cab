#include <graft/checkpoints/peft/peft_prompts.hpp>

#include "checkpoints/peft/configs.hpp"

using namespace graft;

BOOST_AUTO_TEST_SUITE(checkpoints_peft_peft_prompts)

using made::method_of, made::read, made::refuses_adapter, made::sizes, made::with;

/// A config of five rows, and what else it says.
std::string rows(const std::string& type, const std::string& more = "") {
  return R"({"num_virtual_tokens": 5, "peft_type": ")" + type + "\"" + (more.empty() ? "" : ", ") + more + "}";
}
StatedConfig t5() {
  return read({{"model_type", "t5"},
               {"vocab_size", 64},
               {"d_model", 32},
               {"num_layers", 2},
               {"num_heads", 4},
               {"d_kv", 16},
               {"d_ff", 48},
               {"num_decoder_layers", 3}});
}

BOOST_AUTO_TEST_CASE(prompts) {
  BOOST_TEST(method_of(rows("PROMPT_TUNING")) == "SoftPrompt<5>");
  BOOST_TEST(method_of(rows("PROMPT_TUNING"), t5()) == "SoftPrompt<5, OnEncoder>");
  BOOST_TEST(method_of(rows("MULTITASK_PROMPT_TUNING", R"("num_tasks": 3)")) == "MultitaskPrompt<5, 3, 1>");
  BOOST_TEST(method_of(rows("P_TUNING")) == "PTuning<5, 32>");  // as wide as the model
  BOOST_TEST(method_of(rows("P_TUNING", R"("encoder_hidden_size": 8, "encoder_reparameterization_type": "LSTM")")) ==
             "PTuning<5, 8, Lstm>");
  BOOST_TEST(method_of(rows("PREFIX_TUNING", R"("token_dim": 16, "num_layers": 4, "num_attention_heads": 2)")) ==
             "PrefixTuning<5>");
  BOOST_TEST(method_of(rows("PREFIX_TUNING", R"("prefix_projection": true, "encoder_hidden_size": 8)")) ==
             "ProjectedPrefixTuning<5, 8>");
  BOOST_TEST(method_of(R"({"peft_type": "ADAPTION_PROMPT", "adapter_len": 6, "adapter_layers": 2})") ==
             "LlamaAdapter<6, 2>");
}

BOOST_AUTO_TEST_CASE(prompts_that_are_refused) {
  refuses_adapter(R"({"peft_type": "PROMPT_TUNING"})", "num_virtual_tokens is 0.0");
  refuses_adapter(rows("PROMPT_TUNING", R"("num_transformer_submodules": 2)"),
                  "num_transformer_submodules is 2; of this model's family it is 1");
  refuses_adapter(rows("PROMPT_TUNING", R"("token_dim": 48)"), "token_dim is 48, and the base has a width of 32");
  refuses_adapter(rows("PREFIX_TUNING", R"("token_dim": 32)"),
                  "token_dim is 32, and the base's keys have a width of 16");
  refuses_adapter(rows("PREFIX_TUNING", R"("num_layers": 3)"), "num_layers is 3, and the base has this many blocks: 4");
  refuses_adapter(rows("PREFIX_TUNING"), "the encoder has blocks, 2, and the decoder has 3", t5());
  refuses_adapter(rows("P_TUNING", R"("encoder_reparameterization_type": "GRU")"), "is \"GRU\"; it is MLP or LSTM");
  const auto six = made::tensors({{"prompt_embeddings", {6, 32}}});
  refuses_adapter(rows("PROMPT_TUNING"), "num_virtual_tokens is 5, and the tensor prompt_embeddings has 6 rows",
                  read(sizes("llama")), &six);
}

BOOST_AUTO_TEST_CASE(trained_tokens) {
  const auto tokens = [](const std::string& list, const char* target = "embed_tokens") {
    return R"({"peft_type": "TRAINABLE_TOKENS", "token_indices": )" + list + R"(, "target_modules": [")" + target +
           "\"]}";
  };
  BOOST_TEST(method_of(tokens("[7, 3]")) == "TrainableTokens<7, 3>");
  refuses_adapter(tokens("[64]"), "token_indices has 64, and the model has rows for tokens 0 to 63");
  refuses_adapter(tokens("[-1]"), "token_indices has -1");
  refuses_adapter(tokens("[3, 3]"), "token_indices has a token twice");
  refuses_adapter(tokens("[]"), "token_indices has no token in it");
  refuses_adapter(tokens("[3]", "q_proj"), "target_modules means model.layers.0");

  const auto beside = [](const std::string& stated) {
    return R"({"peft_type": "LORA", "target_modules": ["q_proj"], "trainable_token_indices": )" + stated + "}";
  };
  const char* const both = "Methods<LoRA<8, On<Query>, Alpha<8>>, TrainableTokens<3, 5>>";
  BOOST_TEST(method_of(beside("[3, 5]")) == both);
  BOOST_TEST(method_of(beside(R"({"embed_tokens": [3, 5]})")) == both);
  BOOST_TEST(method_of(beside("null")) == "LoRA<8, On<Query>, Alpha<8>>");
  // A head that is tied to the embedding has the same rows; one that is not has its own.
  const auto pair = beside(R"({"embed_tokens": [3, 5], "lm_head": [3, 5]})");
  BOOST_TEST(method_of(pair, read(with(sizes("llama"), {{"tie_word_embeddings", true}}))) == both);
  refuses_adapter(pair, "trainable_token_indices names \"lm_head\"");
  refuses_adapter(beside("3"), "trainable_token_indices is 3, and no list of tokens");
}

BOOST_AUTO_TEST_SUITE_END()
