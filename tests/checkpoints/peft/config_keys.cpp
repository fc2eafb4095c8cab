#include <graft/checkpoints/peft/config_keys.hpp>

#include "error.hpp"

#include <boost/test/unit_test.hpp>

using namespace graft;

BOOST_AUTO_TEST_SUITE(checkpoints_peft_config_keys)

std::string refusal(const char* type, const char* name, const Json& value) {
  return key_refusal(peft_keys, type, name, value);
}

BOOST_AUTO_TEST_CASE(values_that_say_something) {
  for (const char* value : {"null", "false", "[]", "{}"}) BOOST_TEST(says_nothing(Json::parse(value)), value);
  for (const char* value : {"true", "0", "\"\"", "[0]"}) BOOST_TEST(!says_nothing(Json::parse(value)), value);
}

BOOST_AUTO_TEST_CASE(what_is_refused) {
  BOOST_TEST(refusal("LORA", "r", 8) == "");
  BOOST_TEST(refusal("LORA", "inference_mode", true) == "");
  BOOST_TEST(refusal("LORA", "of_tomorrow", false) == "");
  BOOST_TEST(refusal("LORA", "of_tomorrow", 3) == "of_tomorrow is 3, a key that graft does not know of LORA");
  BOOST_TEST(refusal("LORA", "use_qalora", true) ==
             "use_qalora is true (inputs averaged by groups), which graft does not do; it knows [null,false]");
  BOOST_TEST(refusal("ADALORA", "use_dora", true) ==
             "use_dora is true, which graft does not do; it knows [null,false]");
  BOOST_TEST(refusal("LORA", "use_dora", true) == "");  // the same key of another method
  BOOST_TEST(refusal("MISS", "init_weights", "bat").find("\"bat\"") != std::string::npos);
  BOOST_TEST(refusal("RANDLORA", "save_projection", nullptr) == "");
  BOOST_TEST(refusal("RANDLORA", "save_projection", false) != "");  // false says that the file lacks the matrices
  BOOST_TEST(refusal("LORA", "init_lora_weights", "gaussian") == "");
  BOOST_TEST(refusal("LORA", "init_lora_weights", "pissa_niter_4").find("path_initial_model_for_weight_conversion") !=
             std::string::npos);
}

// A key's name cannot pretend to be more of the message.
BOOST_AUTO_TEST_CASE(names_are_spelled_out) {
  BOOST_TEST(refusal("LORA", "a\nb", 1).starts_with("a\\nb is 1"));
  BOOST_TEST(refusal("LORA", std::string(200, 'k').c_str(), 1).starts_with(std::string(80, 'k') + " is 1"));
}

BOOST_AUTO_TEST_CASE(all_at_once) {
  const Json config{{"r", 8}, {"use_qalora", true}, {"of_tomorrow", 3}};
  const auto error =
      made::error_of([&] { check_keys(peft_keys, config, "LORA", "adapter_config.json", merge_elsewhere); });
  BOOST_TEST(error.starts_with("adapter_config.json: of_tomorrow is 3"), error);
  BOOST_TEST(error.find("\n  use_qalora is true") != std::string::npos, error);
  BOOST_TEST(error.ends_with(merge_elsewhere), error);
  check_keys(peft_keys, {{"r", 8}}, "LORA", "adapter_config.json");
}

// The list itself: every method of PEFT's is one, values are JSON, "likewise" follows something, nothing is hidden by
// an entry before it.
BOOST_AUTO_TEST_CASE(the_list_is_sound) {
  const auto sound = [](const auto& keys) {
    BOOST_TEST(keys[0].note != "likewise");
    for (const auto& key : keys) {
      BOOST_TEST(Json::parse(key.values).is_array(), key.name);
      BOOST_TEST(note_of(keys, key) != "likewise", key.name);
      for (const auto& type : words_of(key.types))
        if (type != "*") BOOST_TEST(config_key(keys, type, key.name) == &key, type << ": " << key.name);
    }
  };
  sound(peft_keys);
  sound(hub_keys);
  for (const auto& key : peft_keys)
    for (const auto& type : words_of(key.types)) BOOST_TEST((type == "*" || is_peft_type(type)), type);
  for (const auto type : peft_types) BOOST_TEST(config_key(peft_keys, type, "peft_type") != nullptr);
  BOOST_TEST(config_key(peft_keys, "LORA", "feedforward_modules") == nullptr);
  BOOST_TEST(!is_peft_type("VBLORA"));
  const auto* const tinit = config_key(peft_keys, "ADALORA", "tinit");
  BOOST_TEST(note_of(peft_keys, *tinit) == "of the schedule");
}

BOOST_AUTO_TEST_SUITE_END()
