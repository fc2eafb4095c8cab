#include <graft/checkpoints/open_adapter.hpp>

#include "checkpoints/families/configs.hpp"
#include "folder.hpp"

using namespace graft;
using made::error_of;

BOOST_AUTO_TEST_SUITE(checkpoints_open_adapter)

const std::string path = "model.layers.0.self_attn.q_proj", at = "base_model.model." + path + ".";

StatedConfig llama() { return made::read(made::with(made::sizes("llama"), {{"num_hidden_layers", 1}})); }

/// A type's LoRA on the queries.
AdapterSummary of_rank(int rank, const char* type = "LORA") {
  AdapterSummary summary{.type = type, .modules = modules_of(llama())};
  summary.adapted.push_back({.path = path, .options = {{"r", rank}, {"lora_alpha", 4}}});
  return summary;
}
NamedTensor counted(const std::string& name, const std::vector<Index>& shape) {
  NamedTensor made{name, shape, std::vector<float>(*checked_size(shape))};
  for (Index i = 0; i < made.values.size(); ++i) made.values[i] = static_cast<float>(i);
  return made;
}

/// A file's, of rank 2.
struct Adapter : Folder {
  explicit Adapter(const std::vector<NamedTensor>& more = {}) : Folder("graft-open-adapter") {
    config(Json::object());
    std::vector<NamedTensor> tensors{counted(at + "lora_A.weight", {2, 32}), counted(at + "lora_B.weight", {32, 2})};
    tensors.insert(tensors.end(), more.begin(), more.end());
    write_safetensors(path / "adapter_model.safetensors", tensors);
  }
  void config(const Json& more) const {
    write_json(path / "adapter_config.json",
               made::with({{"peft_type", "LORA"}, {"r", 2}, {"lora_alpha", 4}, {"target_modules", {"q_proj"}}}, more));
  }
};

/// What is complained of when a type of rank 2 asks for its tensors.
std::string complaints(const Adapter& folder) {
  const auto summary = of_rank(2);
  return error_of([&] {
    OpenAdapter adapter(folder.path, summary, llama());
    adapter.expect(at + "lora_A.weight", {2, 32});
    adapter.expect(at + "lora_B.weight", {32, 2});
    adapter.finish();
  });
}

BOOST_AUTO_TEST_CASE(tensors_are_asked_for_one_by_one) {
  const Adapter folder;
  BOOST_TEST(complaints(folder) == "");
  const auto summary = of_rank(2);
  OpenAdapter adapter(folder.path, summary, llama());
  BOOST_TEST(adapter.has(at + "lora_A.weight"));
  BOOST_TEST(!adapter.has(at + "lora_C.weight"));
  BOOST_TEST(adapter.values(at + "lora_A.weight").at(33) == 33.0F);
  BOOST_TEST(adapter.upper_left(at + "lora_A.weight", 2, 3) == (std::vector<float>{0, 1, 2, 32, 33, 34}),
             boost::test_tools::per_element());
  adapter.expect(at + "lora_A.weight", {2, 16});
  adapter.expect_at_least(at + "lora_B.weight", {40, 2});
  adapter.expect(at + "lora_C.weight", {2});
  adapter.may_repeat("base_model.model.lm_head.weight", {64, 32});  // it is not there
  const auto error = error_of([&] { adapter.finish(); });
  for (const std::string& words : {"misshapen: " + at + "lora_A.weight [2, 32], the model has  [2, 16]",
                                   "misshapen: " + at + "lora_B.weight [32, 2]", "missing: " + at + "lora_C.weight [2]",
                                   std::string("graft_add_model")})
    BOOST_TEST(error.find(words) != std::string::npos, words << " in " << error);
}

BOOST_AUTO_TEST_CASE(what_nobody_asked_for) {
  const auto unexpected = [](const std::vector<NamedTensor>& more) {
    return complaints(Adapter(more)).find("unexpected: " + more[0].name) != std::string::npos;
  };
  const auto norm = counted("base_model.model.model.norm.weight", {32});
  BOOST_TEST(unexpected({norm}));
  BOOST_TEST(!unexpected({counted("base_model.model.lm_head.original_module.weight", {3})}));
  // A tensor that is there once more is passed over, if it says the same.
  auto again = counted("base_model.model.model.norm.modules_to_save.weight", {32});
  BOOST_TEST(unexpected({again}));
  BOOST_TEST(!unexpected({again, norm}));
  again.values[5] = 0;
  BOOST_TEST(unexpected({again, norm}));
}

BOOST_AUTO_TEST_CASE(words_come_first) {
  const auto says = [](const Adapter& folder, const AdapterSummary& summary, const char* words) {
    const auto error = error_of([&] { const OpenAdapter adapter(folder.path, summary, llama()); });
    BOOST_TEST(error.find(words) != std::string::npos, error);
  };
  const Adapter folder;
  says(folder, of_rank(8), "LoRA<2, Alpha<4>> in the file, LoRA<8, Alpha<4>> in the type (rank 2 and rank 8)");
  says(folder, of_rank(2, "HRA"), "peft_type: LORA in the file, HRA in the type");
  folder.config({{"target_modules", {"v_proj"}}});
  says(folder, of_rank(2), "its words and the tensors beside it disagree");
  write_file(folder.path / "adapter_config.json", R"({"name": "law", "config": {}})");
  says(folder, of_rank(2), "an adapter of AdapterHub's, and the method in the model's type is PEFT's LORA");
}

BOOST_AUTO_TEST_CASE(options_of_other_methods) {
  Complaints none, some;
  check_options({{"rows", 3}, {"more", 1}}, {{"rows", 3}, {"unsaid", 2}}, none);
  BOOST_TEST(!none.any());
  check_options({{"rows", 3}}, {{"rows", 4}}, some);
  BOOST_TEST(error_of([&some] { some.raise_if_any("a", ""); }).find("rows is 3 in the file, 4 in the type") !=
             std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_head_that_follows) {
  const auto summary = of_rank(2);
  std::vector<NamedTensor> tensors{counted("base_model.model.model.embed_tokens.weight", {64, 32})};
  add_tied_head(tensors, summary, {{"ensure_weight_tying", false}});
  BOOST_TEST(tensors.size() == 1U);
  add_tied_head(tensors, summary, {{"ensure_weight_tying", true}});
  BOOST_REQUIRE(tensors.size() == 2U);
  BOOST_TEST(tensors[1].name == "base_model.model.lm_head.weight");
  BOOST_TEST(tensors[1].values == tensors[0].values, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(what_could_not_be_saved) {
  check_saving(of_rank(2), llama());
  auto summary = of_rank(2);
  summary.biases = {path, "model.layers.0.self_attn.k_proj"};
  summary.biased = {"model.layers.0.self_attn.k_proj"};
  BOOST_TEST(error_of([&] { check_saving(summary, llama()); }).find("holds all biases, or those of the adapted") !=
             std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
