#include <graft/runtime/model_choice.hpp>

#include "error.hpp"
#include "folder.hpp"

#include <boost/test/unit_test.hpp>

using namespace graft;
using made::error_of;

BOOST_AUTO_TEST_SUITE(runtime_model_choice)

const Toolchain by = [] {
  Toolchain made;
  made.methods = {{"lora", "LoRA<8, Alpha<16>>"}, {"base", "FrozenBase"}};
  made.storage = "Bf16";
  return made;
}();

BOOST_AUTO_TEST_CASE(what_a_user_names_becomes_a_type) {
  const auto type = [](const ModelChoice& choice) {
    return type_text(choose_model(choice, Purpose::train, {}, {}, by).program.method);
  };
  BOOST_TEST(type({}) == "LoRA<8, Alpha<16>>");
  BOOST_TEST(type({.method = "base"}) == "FrozenBase");
  BOOST_TEST(type({.method = "LoRA<4,On<Value,Query>>"}) == "LoRA<4, On<Query, Value>>");
  BOOST_TEST(error_of([&] { type({.method = "Lora"}); }).starts_with("--method: "));
  const auto plain = choose_model({}, Purpose::train, {}, {}, by);
  BOOST_TEST(plain.program.config.width == 576U);
  BOOST_TEST(plain.program.storage == "Bf16");
  BOOST_TEST(choose_model({.storage = "Nf4"}, Purpose::train, {}, {}, by).program.storage == "Nf4");
}

BOOST_AUTO_TEST_CASE(names_of_ones_own_need_a_header) {
  BOOST_TEST(!error_of([] { static_cast<void>(method_named({.method = "Mine<3>"}, by)); }).empty());
  BOOST_TEST(type_text(method_named({.method = "Mine<3>", .headers = {"mine.hpp"}}, by)) == "Mine<3>");
}

BOOST_AUTO_TEST_CASE(data_say_the_head) {
  const Folder folder("graft-choice");
  const auto data = folder.path / "data.jsonl";
  write_file(data, "{\"text\": \"a\", \"label\": \"yes\"}\n{\"text\": \"b\", \"label\": \"no\"}\n");
  const auto made = choose_model({}, Purpose::train, {}, data, by);
  BOOST_TEST(type_text(made.program.method) == "Methods<LoRA<8, Alpha<16>>, Unfreeze<Head>>");
  BOOST_TEST((made.head.classes == std::vector<std::string>{"no", "yes"}));
  BOOST_TEST(made.program.config.classes == 2U);
  // Opened, it would tell apart labels by chance.
  BOOST_TEST(error_of([&] {
               static_cast<void>(choose_model({}, Purpose::open, {}, data, by));
             }).find("the base has no head that tells apart the labels of " + data.string()) != std::string::npos);
  // A task stands over what rows look like.
  const auto text = choose_model({.task = "text"}, Purpose::open, {}, data, by);
  BOOST_TEST(text.program.config.architecture == "ForCausalLM");
  BOOST_TEST(text.head.classes.empty());
  BOOST_TEST(choose_model({.task = "number"}, Purpose::train, {}, {}, by).program.config.classes == 1U);
}

BOOST_AUTO_TEST_CASE(an_adapter_says_its_method) {
  const Folder folder("graft-choice-adapter");
  write_json(folder.path / "adapter_config.json",
             {{"peft_type", "LORA"}, {"r", 4}, {"lora_alpha", 4}, {"target_modules", {"q_proj"}}});
  BOOST_TEST(!error_of([&] {
                static_cast<void>(choose_model({}, Purpose::open, folder.path, {}, by));
              }).empty());  // without tensors
  std::vector<NamedTensor> tensors;
  for (int block = 0; block < 30; ++block) {
    const auto at = "base_model.model.model.layers." + std::to_string(block) + ".self_attn.q_proj.lora_";
    tensors.push_back({at + "A.weight", {4, 576}, std::vector<float>(4 * 576)});
    tensors.push_back({at + "B.weight", {576, 4}, std::vector<float>(4 * 576)});
  }
  write_safetensors(folder.path / "adapter_model.safetensors", tensors);
  const auto type = [&](const ModelChoice& choice) {
    return type_text(choose_model(choice, Purpose::open, folder.path, {}, by).program.method);
  };
  BOOST_TEST(type({}) == "LoRA<4, On<Query>, Alpha<4>>");
  BOOST_TEST(type({.method = "LoRA<2>"}) == "LoRA<2>");  // what is named stands over it
}

BOOST_AUTO_TEST_SUITE_END()
