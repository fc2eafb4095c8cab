// Configs of adapters, HF PEFT's and AdapterHub's, and texts of types: what is read is a method whose text and JSON are
// read as the same, and hold nothing but names, numbers and brackets, whatever was in the file.
#include <graft/checkpoints/adapter_hub/hub_config.hpp>
#include <graft/checkpoints/description/method_json.hpp>
#include <graft/checkpoints/peft/peft_config.hpp>

#include <cstdint>

using namespace graft;

std::vector<std::string> seeds() {
  std::vector<std::string> all{
      R"({"peft_type":"LORA","task_type":"CAUSAL_LM","r":8,"lora_alpha":16,"target_modules":["q_proj","v_proj"],"rank_pattern":{"v_proj":4},"alpha_pattern":{"layers\\.0.*":2.5},"lora_dropout":0.05,"bias":"all","use_rslora":true})",
      R"({"peft_type":"LORA","target_modules":"all-linear","exclude_modules":".*down_proj","layers_to_transform":[0],"layers_pattern":"layers","modules_to_save":["norm"],"use_dora":true,"trainable_token_indices":[1,2],"ensure_weight_tying":true})",
      R"({"peft_type":"LORA","target_modules":["embed_tokens","c_attn","q"],"init_lora_weights":"pissa","lora_bias":false,"alora_invocation_tokens":null,"trainable_token_indices":{"embed_tokens":[3]}})",
      R"({"peft_type":"LORA","target_modules":"dummy-target-modules","modules_to_save":["lm_head","embed_tokens"],"bias":"lora_only"})",
      R"({"peft_type":"LORA","target_modules":["query"],"alora_invocation_tokens":[5,6]})",
      R"({"peft_type":"ADALORA","init_r":6,"lora_alpha":8,"orth_reg_weight":0.1,"target_modules":["q_proj"],"rank_pattern":{"model.layers.0.self_attn.q_proj.lora_E":[true,true,false,false,true,true]}})",
      R"({"peft_type":"LORA","target_modules":["query"],"alora_invocation_tokens":[-5]})",
      R"({"config":{"reduction_factor":1e-300},"name":"law"})",
      R"({"peft_type":"VERA","r":8,"save_projection":false,"projection_prng_key":-5,"target_modules":["q_proj"]})",
      R"({"peft_type":"IA3","target_modules":["k_proj","down_proj"],"feedforward_modules":["down_proj"]})",
      R"({"peft_type":"LOHA","r":4,"alpha":8,"target_modules":["q_proj"],"rank_pattern":{"q_proj":2}})",
      R"({"peft_type":"LOKR","r":4,"decompose_both":true,"decompose_factor":8,"target_modules":["q_proj"]})",
      R"({"peft_type":"OFT","r":4,"oft_block_size":0,"block_share":true,"use_cayley_neumann":true,"num_cayley_neumann_terms":3,"target_modules":["q_proj"]})",
      R"({"peft_type":"BOFT","boft_block_size":8,"boft_block_num":0,"boft_n_butterfly_factor":2,"target_modules":["q_proj"]})",
      R"({"peft_type":"VERA","r":8,"save_projection":false,"projection_prng_key":5,"d_initial":0.25,"target_modules":["q_proj"]})",
      R"({"peft_type":"FOURIERFT","n_frequency":20,"n_frequency_pattern":{"q_proj":10},"scaling":150.0,"random_loc_seed":7,"target_modules":["q_proj","v_proj"]})",
      R"({"peft_type":"LN_TUNING","target_modules":["norm","LayerNorm","ln_1"]})",
      R"({"peft_type":"TRAINABLE_TOKENS","token_indices":[1,5],"target_modules":["embed_tokens"]})",
      R"({"peft_type":"PROMPT_TUNING","num_virtual_tokens":5,"token_dim":32})",
      R"({"peft_type":"P_TUNING","num_virtual_tokens":5,"encoder_hidden_size":16,"encoder_reparameterization_type":"LSTM"})",
      R"({"peft_type":"PREFIX_TUNING","num_virtual_tokens":5,"prefix_projection":true,"encoder_hidden_size":16})",
      R"({"peft_type":"MULTITASK_PROMPT_TUNING","num_virtual_tokens":5,"num_tasks":3,"num_ranks":2})",
      R"({"peft_type":"ADAPTION_PROMPT","adapter_len":4,"adapter_layers":2})",
      R"({"config":{"mh_adapter":true,"output_adapter":true,"reduction_factor":4,"non_linearity":"gelu","scaling":0.5,"leave_out":[0],"phm_layer":true,"phm_dim":4},"name":"law","hidden_size":32})",
      R"({"config":{"architecture":"union","configs":[{"architecture":"prefix_tuning","prefix_length":3},{"architecture":"reft","r":2,"layers":[0],"prefix_positions":0}]},"name":"default"})",
      R"({"kind":"Methods","parts":[{"kind":"LoRA","rank":8,"On":["Query","Value"],"Alpha":[3,2],"Blocks":[0,1]},{"kind":"PfeifferAdapter","width":4,"Named":"law"},{"kind":"IA3","On":["Key"],"Reads":["Down"]}]})",
      R"({"kind":"TrainableTokens","tokens":[1,2]})"};
  for (const char* text :
       {"LoRA<8, On<Query, Value>, Alpha<16>, Dropout<1, 20>>",
        "Methods<graft::DoRA<4, Blocks<0, 2, 4, 6>>, Unfreeze<Norms, Head>, TrainableTokens<1, 2>>",
        "Methods<PfeifferAdapter<8, Named<\"law\">>, Adapter<4, ReLU, Scaling<1, 2>>>", "Bank<3, LoRA<8>>",
        "FullFineTuning", "IA3<On<Key>, Reads<Down>>", "my::Method<8, Thing<Query>, Named<\"a\">>",
        "ActivatedLoRA<4, Invocation<1, 2>>", "SeededFourierFT<100, 4294967295, Alpha<300>>", "LoReFT<2, 0, 1>"})
    all.emplace_back(text);
  return all;
}

namespace {

/// Holds what is read against what is read of it again.
void check(const MethodDescription& m, OwnMethods own) {
  const auto text = type_text(m);
  for (const char c : text)
    if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
          std::string_view("<>, _-\"").find(c) != std::string_view::npos || (c == ':' && own == OwnMethods::allowed)))
      __builtin_trap();
  if (read_method(text, own) != m || read_method(type_text(m, "graft::"), own) != m) __builtin_trap();
  if (own == OwnMethods::refused && method_of_json(parse_json(method_json(m).dump(), "again"), "again") != m)
    __builtin_trap();
  static_cast<void>(as_opened(m));
}

template <class F>
void tried(const F& f) {
  try {
    f();
  } catch (const Error&) {}
}

StatedConfig sizes(const char* family, const char* architecture) {
  return {.family = family,
          .architecture = architecture,
          .vocabulary = 50,
          .width = 32,
          .blocks = 3,
          .heads = 4,
          .groups = 2,
          .head_width = 8,
          .feed_forward = 48,
          .positions = 64,
          .token_types = 2,
          .classes = 3,
          .encoder_blocks = family == std::string("t5") ? Index{2} : Index{0},
          .buckets = 8,
          .tied_head = architecture == std::string("LlamaForCausalLM"),
          .qkv_bias = family == std::string("qwen2")};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::vector<std::pair<StatedConfig, std::vector<Module>>> models = [] {
    std::vector<std::pair<StatedConfig, std::vector<Module>>> made;
    for (const auto& [family, architecture] : {std::pair{"llama", "LlamaForCausalLM"},
                                               {"qwen2", "Qwen2ForSequenceClassification"},
                                               {"gpt2", "GPT2LMHeadModel"},
                                               {"t5", "T5ForConditionalGeneration"},
                                               {"bert", "BertForMaskedLM"}}) {
      auto config = sizes(family, architecture);
      auto modules = modules_of(config);
      made.emplace_back(std::move(config), std::move(modules));
    }
    return made;
  }();
  const std::string text(reinterpret_cast<const char*>(data), size);
  for (const auto own : {OwnMethods::refused, OwnMethods::allowed}) tried([&] { check(read_method(text, own), own); });
  AdapterConfig config{.source = "fuzz", .text = text};
  try {
    config.json = parse_json(text, "fuzz");
  } catch (const Error&) { return 0; }
  for (const auto own : {OwnMethods::refused, OwnMethods::allowed})
    tried([&] { check(method_of_json(config.json, "fuzz", own), own); });
  if (!config.json.is_object()) return 0;
  for (const auto& [model, modules] : models) {
    tried([&] { check(PeftConfig(config, model, modules).read().method, OwnMethods::refused); });
    tried([&] { check(HubConfig(config.json, "fuzz", model).read(), OwnMethods::refused); });
  }
  return 0;
}
