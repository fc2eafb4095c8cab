#include <graft/checkpoints/adapter_folder.hpp>

#include "checkpoints/families/configs.hpp"
#include "folder.hpp"

using namespace graft;
using made::error_of, made::read, made::sizes, made::with;

BOOST_AUTO_TEST_SUITE(checkpoints_adapter_folder)

NamedTensor zeros(std::string name, std::vector<Index> shape) {
  const Index size = *checked_size(shape);
  return {std::move(name), std::move(shape), std::vector<float>(size)};
}

struct Adapter : Folder {
  explicit Adapter(const Json& config) : Folder("graft-adapter-folder") {
    write_json(path / "adapter_config.json", config);
  }
  void notes(const Json& json) const { write_json(path / "graft.json", json); }
  void tensors(const std::vector<NamedTensor>& all) const {
    write_safetensors(path / "adapter_model.safetensors", all);
  }
};
Json lora(const Json& more = Json::object()) {
  return with({{"peft_type", "LORA"}, {"target_modules", {"q_proj"}}}, more);
}
std::string method_in(const Adapter& folder, OwnMethods own = OwnMethods::refused) {
  return type_text(AdapterFolder(folder.path, own).reading(read(sizes("llama"))).method);
}

BOOST_AUTO_TEST_CASE(what_is_an_adapter) {
  const Adapter folder(lora());
  BOOST_TEST(method_in(folder) == "LoRA<8, On<Query>, Alpha<8>>");
  const AdapterFolder by_file(folder.path / "adapter_config.json");  // a config alone
  BOOST_TEST(by_file.path() == folder.path);
  BOOST_TEST(!by_file.is_hub());
  BOOST_TEST(by_file.tensor("a") == nullptr);
  BOOST_TEST(error_of([&] { (void)by_file.tensors(); }).ends_with("there is no adapter_model.safetensors in it"));
  write_file(folder.path / "adapter_model.bin", "PK");
  BOOST_TEST(error_of([&] { const AdapterFolder pickle(folder.path); }).find("this is Python's pickle") !=
             std::string::npos);
  folder.tensors({zeros("a", {2})});
  BOOST_TEST(AdapterFolder(folder.path).tensor("a")->shape == std::vector<Index>{2}, boost::test_tools::per_element());
  write_file(folder.path / "adapter_config.json", "[]");
  BOOST_TEST(error_of([&] { const AdapterFolder list(folder.path); }).ends_with("not a JSON object"));
  std::filesystem::remove(folder.path / "adapter_config.json");
  BOOST_TEST(
      error_of([&] { const AdapterFolder none(folder.path); }).ends_with("there is no adapter_config.json in it"));
}

// graft.json says what PEFT's words cannot.
BOOST_AUTO_TEST_CASE(notes_of_ones_own) {
  const Adapter folder(lora());
  folder.notes({{"method", {{"kind", "Bank"}, {"members", 2}, {"parts", {{{"kind", "LoRA"}, {"rank", 4}}}}}},
                {"classes", {"bad", "good"}}});
  BOOST_TEST(method_in(folder) == "Bank<2, LoRA<4>>");
  BOOST_TEST(AdapterFolder(folder.path).classes() == (std::vector<std::string>{"bad", "good"}),
             boost::test_tools::per_element());
  folder.notes({{"method", "LoRA<4, On<Key>>"}});  // as it was before 0.2
  BOOST_TEST(method_in(folder) == "LoRA<4, On<Key>>");
  folder.notes({{"method", "LoRA<4"}});
  BOOST_TEST(error_of([&] { method_in(folder); }).find("graft.json: the method cannot be read") != std::string::npos);
  folder.notes({{"method", "mine::Own<4>"}});
  BOOST_TEST(method_in(folder, OwnMethods::allowed) == "mine::Own<4>");
  BOOST_CHECK_THROW(method_in(folder), Error);
  folder.notes(Json::array());
  BOOST_TEST(error_of([&] { method_in(folder); }).ends_with("graft.json: not a JSON object"));
}

BOOST_AUTO_TEST_CASE(numbers_beyond_the_tensors) {
  const Adapter folder(lora());
  folder.notes({{"method", {{"kind", "LoRA"}, {"rank", 5000}}}});
  BOOST_TEST(method_in(folder) == "LoRA<5000>");  // nothing to hold it against
  folder.tensors({zeros("a", {32})});
  BOOST_TEST(error_of([&] {
               method_in(folder);
             }).ends_with("by its words LoRA's rank is 5000, which its tensors are too small for"));
  folder.tensors({zeros("a", {2000})});
  BOOST_TEST(method_in(folder) == "LoRA<5000>");
}

BOOST_AUTO_TEST_CASE(the_model_that_it_is_for) {
  const Adapter folder(lora({{"task_type", "SEQ_CLS"}}));
  folder.tensors({zeros("base_model.model.score.weight", {5, 32})});
  const auto classifier = AdapterFolder(folder.path).model(read(sizes("llama")));
  BOOST_TEST(classifier.architecture == "ForSequenceClassification");
  BOOST_TEST(classifier.classes == 5U);
  BOOST_TEST(classifier.vocabulary == 64U);
}

BOOST_AUTO_TEST_CASE(a_vocabulary_that_was_resized) {
  const Adapter resized(lora({{"task_type", "CAUSAL_LM"}}));
  const auto embedding = zeros("base_model.model.model.embed_tokens.base_layer.weight", {70, 32}),
             head = zeros("base_model.model.lm_head.weight", {70, 32});
  resized.tensors({embedding, head});
  BOOST_TEST(AdapterFolder(resized.path).model(read(sizes("llama"))).vocabulary == 70U);
  resized.tensors({embedding});
  BOOST_TEST(error_of([&] {
               (void)AdapterFolder(resized.path).model(read(sizes("llama")));
             }).find("the embedding has 70 rows and the head 64") != std::string::npos);
  const auto tied = read(with(sizes("llama"), {{"tie_word_embeddings", true}}));
  BOOST_TEST(AdapterFolder(resized.path).model(tied).vocabulary == 70U);  // the head follows
}

// AdapterHub trains a head with its adapters, in a file of its own.
BOOST_AUTO_TEST_CASE(heads_of_the_hub) {
  const Adapter folder({{"name", "law"},
                        {"hidden_size", 32},
                        {"config", {{"architecture", "prefix_tuning"}, {"prefix_length", 4}, {"bottleneck_size", 8}}}});
  const auto bert = read(sizes("bert"));
  const auto method = [&] { return type_text(AdapterFolder(folder.path).reading(bert).method); };
  const std::string prefix = "HubPrefixTuning<4, 8, Named<\"law\">>";
  BOOST_TEST(AdapterFolder(folder.path).is_hub());
  BOOST_TEST(method() == prefix);
  write_file(folder.path / "pytorch_model_head.bin", "PK");
  BOOST_TEST(error_of([&] { method(); }).find("pytorch_model_head.bin") != std::string::npos);
  write_safetensors(folder.path / "model_head.safetensors", {zeros("classifier.weight", {2, 32})});
  BOOST_TEST(method() == "Methods<" + prefix + ", Unfreeze<Head>>");
  write_safetensors(folder.path / "model_head.safetensors", {zeros("heads.law.1.weight", {2, 32})});
  BOOST_TEST(error_of([&] { method(); }).find("its head is none of this model's") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
