// What files say they are; what of them is refused; what an adapter tells of its base.
#include "folder.hpp"
#include "io/files.hpp"

#include <graft/checkpoints/base/inspection.hpp>

#include <boost/test/unit_test.hpp>

#include <unistd.h>

using namespace graft;

namespace {

NamedTensor zeros(std::string name, std::vector<Index> shape) {
  const Index size = *checked_size(shape);
  return {std::move(name), std::move(shape), std::vector<float>(size)};
}

/// LoRA of rank 2 on the queries of three blocks, 32 wide.
std::vector<NamedTensor> lora() {
  std::vector<NamedTensor> tensors;
  for (const char* block : {"0", "1", "2"}) {
    const std::string at = std::string("base_model.model.model.layers.") + block + ".self_attn.q_proj.lora_";
    tensors.push_back(zeros(at + "A.weight", {2, 32}));
    tensors.push_back(zeros(at + "B.weight", {48, 2}));
  }
  return tensors;
}

Json config(const Json& more = Json::object()) {
  Json json{{"peft_type", "LORA"},
            {"task_type", "CAUSAL_LM"},
            {"r", 2},
            {"lora_alpha", 4},
            {"lora_dropout", 0.05},
            {"target_modules", {"q_proj"}},
            {"base_model_name_or_path", "some/base"},
            {"inference_mode", true},
            {"use_dora", false}};
  json.update(more);
  return json;
}

Inspection inspected(const Folder& folder, const Json& json, const std::vector<NamedTensor>& tensors,
                     const std::filesystem::path& base = {}) {
  write_json(folder.path / "adapter_config.json", json);
  if (!tensors.empty()) write_safetensors(folder.path / "adapter_model.safetensors", tensors);
  return inspect(folder.path, base);
}

std::string use_of(const Inspection& i, const std::string& key) {
  for (const auto& k : i.keys)
    if (k.name == key) return k.use;
  return "";
}

bool has(const std::vector<std::string>& texts, const std::string& part) {
  return std::any_of(texts.begin(), texts.end(), [&](const auto& text) { return text.find(part) != text.npos; });
}

Json llama(Index blocks = 3, Index width = 32) {
  return {
      {"model_type", "llama"},      {"vocab_size", 64},         {"hidden_size", width}, {"num_hidden_layers", blocks},
      {"num_attention_heads", 6},   {"num_key_value_heads", 2}, {"head_dim", 8},        {"intermediate_size", 40},
      {"tie_word_embeddings", true}};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(checkpoints_base_inspection)

BOOST_AUTO_TEST_CASE(an_adapter_without_its_base) {
  const Folder folder("graft-guess");
  const auto i = inspected(folder, config(), lora());
  BOOST_TEST(i.refusals.empty());
  BOOST_TEST(i.type == "LoRA<2, On<Query>, Alpha<4>, Dropout<1, 20>>");
  BOOST_TEST(i.opened == "LoRA<2, On<Query>, Alpha<4>>");
  BOOST_TEST(i.base_name == "some/base");
  BOOST_TEST(i.base == "like llama, 3 blocks at least, 32 wide, queries of 48; by the tensors' names and shapes");
  BOOST_TEST(i.trained == 3 * (64 + 96));
  BOOST_REQUIRE(i.places.size() == 1);
  BOOST_TEST(i.places[0].path == "model.layers.*.self_attn.q_proj");
  BOOST_TEST(i.places[0].site == "Query");
  BOOST_TEST(i.places[0].blocks == (std::vector<std::int64_t>{0, 1, 2}), boost::test_tools::per_element());
  BOOST_TEST(use_of(i, "r") == "read");
  BOOST_TEST(use_of(i, "lora_dropout") == "trained");
  BOOST_TEST(use_of(i, "inference_mode") == "harmless");
  BOOST_TEST(use_of(i, "use_dora") == "silent");
  const auto json = inspection_json(i);
  BOOST_TEST(json.at("keys").at("r").at("value") == 2);
  BOOST_TEST(json.at("type") == i.type);
}

BOOST_AUTO_TEST_CASE(all_that_is_refused) {
  const Folder folder("graft-refused");
  auto tensors = lora();
  tensors[0].shape = {2, 31}, tensors[0].values.resize(62);
  const auto i = inspected(
      folder,
      config({{"use_qalora", true}, {"kasa_config", {{"beta", 1}}}, {"brand_new", 3}, {"init_lora_weights", "loftq"}}),
      tensors);
  for (const char* named :
       {"use_qalora is true", "kasa_config is {\"beta\":1}", "brand_new is 3, a key that graft does not know of LORA",
        "path_initial_model_for_weight_conversion", "q_proj.lora_A.weight is [2, 31]"})
    BOOST_TEST(has(i.refusals, named), named);
  BOOST_TEST(i.refusals.size() == 5);
  BOOST_TEST(i.type == "LoRA<2, On<Query>, Alpha<4>, Dropout<1, 20>>");  // of what is left
  BOOST_TEST(use_of(i, "use_qalora") == "refused");
  BOOST_TEST(has(i.notes, "merge_and_unload"));
  // The reader names all keys as well.
  const auto error =
      made::error_of([&] { (void)AdapterFolder(folder.path).reading(ConfigJson(llama(), "config.json").read()); });
  for (const char* named : {"use_qalora", "kasa_config", "brand_new", "loftq"})
    BOOST_TEST(error.find(named) != error.npos, named);
}

BOOST_AUTO_TEST_CASE(an_adapter_and_its_base) {
  const Folder folder("graft-based"), base("graft-base");
  write_json(base.path / "config.json", llama());
  const auto fits = inspected(folder, config(), lora(), base.path);
  BOOST_TEST(fits.refusals.empty());
  BOOST_REQUIRE(fits.model.has_value());
  BOOST_TEST(fits.model->feed_forward == 40);
  write_json(base.path / "config.json", llama(3, 24));
  BOOST_TEST(has(inspected(folder, config(), lora(), base.path).refusals, "its layer has 48 outputs and 24 inputs"));
  write_json(base.path / "config.json", llama(4));
  BOOST_TEST(has(inspected(folder, config(), lora(), base.path).refusals, "model.layers.3.self_attn.q_proj"));
}

BOOST_AUTO_TEST_CASE(other_files) {
  const Folder folder("graft-files");
  const auto refusal = [](const Inspection& i) { return i.refusals.empty() ? std::string() : i.refusals[0]; };
  write_safetensors(folder.path / "lone.safetensors", lora());
  BOOST_TEST(refusal(inspect(folder.path / "lone.safetensors")).find("there is none beside these tensors") !=
             std::string::npos);
  write_safetensors(folder.path / "checkpoint.safetensors", {zeros("parameter.a", {2})},
                    {{"format", "graft"}, {"step", "7"}});
  BOOST_TEST(inspect(folder.path / "checkpoint.safetensors").what == "a checkpoint of a run of graft's, at step 7");
  write_file(folder.path / "adapter_model.bin", "PK");
  BOOST_TEST(refusal(inspect(folder.path / "adapter_model.bin")).find("'adapter_model.safetensors')\"") !=
             std::string::npos);
  const auto pickled = inspected(folder, config(), {});
  BOOST_TEST(refusal(pickled).find("python3 -c") != std::string::npos);
  BOOST_TEST(use_of(pickled, "r") == "read");
  BOOST_TEST(pickled.type == "");
  const Folder base("graft-of-pickle");
  write_json(base.path / "config.json", llama());
  BOOST_TEST(inspect(folder.path, base.path).opened == "LoRA<2, On<Query>, Alpha<4>>");  // by its words
  std::filesystem::remove(folder.path / "adapter_model.bin");
  const auto wordless = inspected(folder, config({{"peft_type", "VBLORA"}}), {});
  BOOST_TEST(refusal(wordless).find("peft_type is \"VBLORA\"; graft knows LORA") != std::string::npos);
  BOOST_TEST(use_of(wordless, "r") == "unread");
  BOOST_TEST(has(
      inspected(folder, config(), {zeros("base_model.model.gpt_neox.layers.0.attention.dense.lora_A.weight", {2, 8})})
          .refusals,
      "gpt_neox.layers.0.attention.dense.lora_A.weight, which no family"));
  BOOST_TEST(made::error_of([] { (void)inspect("/nowhere"); }) == "/nowhere: there is nothing of this name");
}

BOOST_AUTO_TEST_CASE(a_model) {
  const Folder folder("graft-model");
  write_json(folder.path / "config.json", llama(1));
  const auto of_words = inspect(folder.path / "config.json");
  BOOST_TEST(of_words.type == "graft::Llama");
  BOOST_TEST(of_words.refusals.empty());
  BOOST_TEST(has(inspect(folder.path).refusals, "neither model.safetensors nor"));
  std::vector<NamedTensor> tensors{zeros("model.embed_tokens.weight", {64, 32}), zeros("model.norm.weight", {32})};
  for (const auto& [name, shape] :
       std::initializer_list<std::pair<const char*, std::vector<Index>>>{{"self_attn.q_proj", {48, 32}},
                                                                         {"self_attn.k_proj", {16, 32}},
                                                                         {"self_attn.v_proj", {16, 32}},
                                                                         {"self_attn.o_proj", {32, 48}},
                                                                         {"mlp.gate_proj", {40, 32}},
                                                                         {"mlp.up_proj", {40, 32}},
                                                                         {"mlp.down_proj", {32, 40}},
                                                                         {"input_layernorm", {32}},
                                                                         {"post_attention_layernorm", {32}}})
    tensors.push_back(zeros(std::string("model.layers.0.") + name + ".weight", shape));
  write_safetensors(folder.path / "model.safetensors", tensors);
  BOOST_TEST(inspect(folder.path).refusals.empty());
  BOOST_TEST(inspect(folder.path).tensors.size() == tensors.size());
  tensors[2].shape = {32, 48};
  tensors.pop_back();
  write_safetensors(folder.path / "model.safetensors", tensors);
  const auto broken = inspect(folder.path / "model.safetensors");
  BOOST_TEST(broken.refusals.size() == 2);
  BOOST_TEST(has(broken.refusals, "self_attn.q_proj.weight is [32, 48], and by its config [48, 32]"));
  BOOST_TEST(has(broken.refusals, "there is no model.layers.0.post_attention_layernorm.weight in it"));
  auto qwen3 = llama(1);
  qwen3["model_type"] = "qwen3";
  for (const auto& m : modules_of(ConfigJson(qwen3, "config.json").read()))
    if (m.site == "QueryNorm" || m.site == "KeyNorm") BOOST_TEST(m.out == 8);  // over one head
  write_json(folder.path / "config.json", llama(1'000'000'000'000));
  BOOST_TEST(has(inspect(folder.path).refusals, "a model of 1000000000000 blocks is none of ours"));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(checkpoints_base_base_guess)

BOOST_AUTO_TEST_CASE(what_tells_of_a_base) {
  const auto guess = [](const Json& json, const std::vector<std::pair<std::string, std::vector<Index>>>& shapes) {
    TensorMap tensors;
    for (const auto& [name, shape] : shapes)
      tensors[name] = {.type = ElementType::F32, .type_name = "F32", .shape = shape};
    const AdapterConfig config{
        .source = "adapter_config.json", .json = json, .tensors = shapes.empty() ? nullptr : &tensors};
    const auto found = BaseGuesser(config).guess();
    return found ? found->words.substr(0, found->words.find(';')) : "";
  };
  const Json lora{{"peft_type", "LORA"}};
  BOOST_TEST(guess(lora, {{"base_model.model.transformer.h.1.attn.c_attn.lora_A.weight", {4, 32}}}) ==
             "like gpt2, 2 blocks at least, 32 wide");
  BOOST_TEST(guess(lora, {{"base_model.model.transformer.h.1.attn.c_attn.lora_B.weight", {96, 4}}}) ==
             "like gpt2, 2 blocks at least, 32 wide");
  BOOST_TEST(guess(lora, {{"base_model.model.bert.encoder.layer.0.intermediate.dense.lora_B.weight", {48, 4}}}) ==
             "like bert, 1 block at least, a feed-forward of 48");
  BOOST_TEST(guess(lora, {{"base_model.model.roberta.encoder.layer.0.attention.self.query.lora_A.weight", {4, 32}}}) ==
             "like roberta, 1 block at least, 32 wide");
  BOOST_TEST(guess(lora, {{"base_model.model.decoder.block.3.layer.1.EncDecAttention.q.lora_B.weight", {24, 4}},
                          {"base_model.model.encoder.block.1.layer.0.SelfAttention.q.lora_A.weight", {4, 32}}}) ==
             "like t5, 2 blocks of the encoder at least, 4 blocks of the decoder, 32 wide, queries of 24");
  BOOST_TEST(guess(lora, {{"base_model.model.model.layers.0.self_attn.qkv_proj.lora_A.weight", {4, 32}}}) ==
             "like phi3, 1 block at least, 32 wide");
  BOOST_TEST(guess(lora, {{"base_model.model.model.layers.0.self_attn.qkv_proj.lora_B.weight", {64, 4}},
                          {"base_model.model.model.layers.0.self_attn.o_proj.lora_A.weight", {4, 32}}}) ==
             "like phi3, 1 block at least, queries of 32, keys of 16");
  BOOST_TEST(guess({{"peft_type", "PREFIX_TUNING"},
                    {"num_virtual_tokens", 4},
                    {"num_layers", 2},
                    {"num_attention_heads", 2},
                    {"token_dim", 16}},
                   {}) == "like llama, 2 blocks at least, 2 groups of keys, each of 8");
  BOOST_TEST(guess(lora, {{"base_model.model.gpt_neox.layers.0.attention.dense.lora_A.weight", {4, 32}}}) == "");
  BOOST_TEST(guess(lora, {}) == "");
  BOOST_TEST(guess(lora, {{"base_model.model.model.layers.99999999999.self_attn.q_proj.lora_A.weight", {4, 32}}}) ==
             "");
  BOOST_TEST(guess({{"name", "a"}, {"model_type", "gpt2"}, {"hidden_size", 32}, {"config", {{"leave_out", {0, 3}}}}},
                   {}) == "like gpt2, 4 blocks at least, 32 wide");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(checkpoints_adapter_hub_adapter_hub)

BOOST_AUTO_TEST_CASE(an_adapter_of_the_hub) {
  const Folder folder("graft-hub");
  const Json json{{"name", "law"},
                  {"model_type", "bert"},
                  {"model_class", "BertForSequenceClassification"},
                  {"hidden_size", 32},
                  {"config",
                   {{"mh_adapter", false},
                    {"output_adapter", true},
                    {"reduction_factor", 16},
                    {"non_linearity", "relu"},
                    {"original_ln_before", true},
                    {"use_gating", true}}}};
  write_file(folder.path / "pytorch_adapter.bin", "PK");
  const auto i = inspected(folder, json, {});
  BOOST_TEST(i.type == "Adapter<2, On<AfterMlp>, OfSum, ReLU, Scaling<1>, Named<\"law\">>");
  BOOST_TEST(has(i.refusals, "config.use_gating is true (gates over sequences)"));
  BOOST_TEST(has(i.refusals, "'adapter.safetensors')\""));
  BOOST_TEST(use_of(i, "config.non_linearity") == "read");
  // A head that is there and cannot be read is not left out in silence.
  std::filesystem::remove(folder.path / "pytorch_adapter.bin");
  write_safetensors(folder.path / "adapter.safetensors",
                    {zeros("bert.encoder.layer.0.output.adapters.law.adapter_up.weight", {32, 2})});
  write_file(folder.path / "pytorch_model_head.bin", "PK");
  BOOST_TEST(has(
      inspected(folder,
                {{"name", "law"}, {"model_type", "bert"}, {"hidden_size", 32}, {"config", {{"mh_adapter", true}}}}, {})
          .refusals,
      "'model_head.safetensors')\""));
}

BOOST_AUTO_TEST_SUITE_END()
