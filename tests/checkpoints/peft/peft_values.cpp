#include <graft/checkpoints/peft/peft_values.hpp>

#include "error.hpp"

#include <boost/test/unit_test.hpp>

using namespace graft;
using made::error_of;

BOOST_AUTO_TEST_SUITE(checkpoints_peft_peft_values)

struct Values : PeftValues {
  explicit Values(const AdapterConfig& config) : PeftValues(config) {}
  using PeftValues::dropout, PeftValues::flag, PeftValues::number, PeftValues::option, PeftValues::seed,
      PeftValues::type_;
};

AdapterConfig config(const char* text) { return {.source = "a.json", .text = text, .json = Json::parse(text)}; }

BOOST_AUTO_TEST_CASE(values_by_key) {
  const auto c = config(R"({"peft_type": "VERA", "r": 8, "half": 0.5, "seed": 0, "drop": 0.05, "on": true, "big": 1e8,
                            "whole": 8.0, "sure": 1.0, "text": "x"})");
  const Values values(c);
  BOOST_TEST(values.type_ == "VERA");
  BOOST_TEST(values.number("r", 3) == 8);
  BOOST_TEST(values.number("whole", 3) == 8);
  BOOST_TEST(values.number("absent", 3) == 3);
  BOOST_TEST(values.seed("seed", 3) == 0);
  BOOST_TEST(values.flag("on"));
  BOOST_TEST(!values.flag("absent"));
  BOOST_TEST((values.dropout("drop") == MethodOption{.name = "Dropout", .numbers = {1, 20}}));
  BOOST_TEST((values.dropout("seed") == MethodOption{.name = "Dropout", .numbers = {0, 1}}));
  const auto says = [](const auto& f, const char* words) { BOOST_TEST(error_of(f) == words); };
  says([&] { (void)values.number("half", 3); }, "a.json: half is 0.5, and not a whole number from 1 on");
  says([&] { (void)values.number("seed", 3); }, "a.json: seed is 0.0, and not a whole number from 1 on");
  says([&] { (void)values.number("big", 3); }, "a.json: big is 100000000.0, and not a whole number from 1 on");
  says([&] { (void)values.seed("half", 3); }, "a.json: half is 0.5; graft's seeds are whole numbers of 32 bits");
  says([&] { (void)values.dropout("sure"); }, "a.json: sure is 1.0, and not a probability below one");
  BOOST_TEST(error_of([&] { (void)values.number("text", 3); }).find("the key \"text\" is \"x\"") != std::string::npos);
  says([] { const Values none(config("{}")); }, "a.json: the key \"peft_type\" is missing");
}

BOOST_AUTO_TEST_CASE(ranks_by_path) {
  const auto c = config(R"({"r": 4, "rank_pattern": {"q_proj": 2}, "alpha_pattern": {"0.q_proj": 1.5}})");
  const RankRules rules(c, "r", 8, "lora_alpha", 16);
  BOOST_TEST(rules.rank_at("layers.0.q_proj") == 2.0);
  BOOST_TEST(rules.rank_at("layers.0.k_proj") == 4.0);
  BOOST_TEST(rules.alpha_at("layers.0.q_proj") == 1.5);
  BOOST_TEST(rules.alpha_at("layers.1.q_proj") == 16.0);
  BOOST_TEST(rules.rank_at("layers.0.xq_proj") == 4.0);  // whole parts of paths
}

BOOST_AUTO_TEST_CASE(whose_config_it_is) {
  BOOST_TEST(config(R"({"config": {}})").is_hub());
  BOOST_TEST(!config(R"({"config": {}, "peft_type": "LORA"})").is_hub());
  BOOST_TEST(!config("{}").is_hub());
}

BOOST_AUTO_TEST_SUITE_END()
