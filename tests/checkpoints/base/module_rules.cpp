#include <graft/checkpoints/base/module_rules.hpp>

#include "checkpoints/families/configs.hpp"

using namespace graft;
using made::error_of;

BOOST_AUTO_TEST_SUITE(checkpoints_base_module_rules)

const std::vector<Module>& modules() {
  static const auto all = modules_of(made::read(made::sizes("llama")));
  return all;
}
ModuleRules rules(const Json& config) { return {config, "adapter_config.json", modules()}; }

/// How many modules the method works on.
Index targeted(const Json& config) {
  const auto made = rules(config);
  return static_cast<Index>(
      std::count_if(modules().begin(), modules().end(), [&](const auto& m) { return made.targets(m.path); }));
}

// Of four blocks with seven linear layers each.
BOOST_AUTO_TEST_CASE(names_and_endings) {
  BOOST_TEST(targeted({{"target_modules", {"q_proj", "lm_head"}}}) == 5U);
  BOOST_TEST(targeted({{"target_modules", {"proj"}}}) == 0U);  // whole parts of paths
  BOOST_TEST(targeted({{"target_modules", {"self_attn.q_proj"}}}) == 4U);
  BOOST_TEST(targeted({{"target_modules", {"model.layers.2.self_attn.q_proj"}}}) == 1U);
  BOOST_TEST(targeted({{"target_modules", R"(.*\.(q|v)_proj)"}}) == 8U);
  BOOST_TEST(targeted({{"target_modules", "q_proj"}}) == 0U);       // an expression matches from end to end
  BOOST_TEST(targeted({{"target_modules", "All-Linear"}}) == 28U);  // and not the head
  BOOST_TEST(targeted({{"target_modules", "all-linear"}, {"exclude_modules", {"q_proj"}}}) == 24U);
  BOOST_TEST(targeted({{"target_modules", {"q_proj"}}, {"exclude_modules", R"(.*\.0\..*)"}}) == 3U);
}

BOOST_AUTO_TEST_CASE(numbers_of_layers) {
  BOOST_TEST(targeted({{"target_modules", {"q_proj"}}, {"layers_to_transform", {1, 3}}}) == 2U);
  BOOST_TEST(targeted({{"target_modules", {"q_proj"}}, {"layers_to_transform", 1}}) == 1U);
  BOOST_TEST(targeted({{"target_modules", {"q_proj"}}, {"layers_to_transform", {1}}, {"layers_pattern", "layers"}}) ==
             1U);
  BOOST_TEST(targeted({{"target_modules", {"q_proj"}}, {"layers_to_transform", {1}}, {"layers_pattern", "h"}}) == 0U);
  BOOST_TEST(targeted({{"target_modules", {"q_proj"}}, {"layers_to_transform", nullptr}}) == 4U);
  // A whole path names its layer.
  BOOST_TEST(targeted({{"target_modules", {"model.layers.2.self_attn.q_proj"}}, {"layers_to_transform", {1}}}) == 1U);
}

BOOST_AUTO_TEST_CASE(what_is_trained_whole) {
  const auto made = rules({{"target_modules", {"q_proj", "lm_head"}}, {"modules_to_save", {"lm_head"}}});
  BOOST_TEST(made.saves("lm_head"));
  BOOST_TEST(!made.targets("lm_head"));  // it is not for the method as well
  BOOST_TEST(made.targets("model.layers.0.self_attn.q_proj"));
  BOOST_TEST(made.saves_tied_pair());
  BOOST_TEST(!made.targets_tied_pair());
  BOOST_TEST(rules({{"target_modules", {"embed_tokens"}}}).targets_tied_pair());
  BOOST_TEST(rules({{"target_modules", "lm_head|x"}}).targets_tied_pair());
  BOOST_TEST(!rules({{"target_modules", {"q_proj"}}}).saves_any());
}

BOOST_AUTO_TEST_CASE(what_names_nothing) {
  BOOST_TEST(rules(Json::object()).by_default());
  BOOST_TEST(!rules({{"target_modules", no_modules}}).by_default());
  BOOST_TEST(rules({{"target_modules", no_modules}}).names_none());
  BOOST_TEST(rules({{"target_modules", Json::array()}}).names_none());
  BOOST_TEST(
      rules({{"target_modules", {"q_proj", "c_attn"}}}).idle_names(modules()) == std::vector<std::string>{"c_attn"},
      boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(what_is_refused) {
  const auto says = [](const Json& config, const char* words) {
    const auto error = error_of([&config] { rules(config); });
    BOOST_TEST(error.find(words) != std::string::npos, error);
  };
  says({{"target_modules", "("}}, "adapter_config.json: target_modules: the pattern ( is not valid");
  says({{"target_modules", std::string(100'001, 'a')}}, "an expression of 100001 characters");
  says({{"target_modules", {1, 2}}}, "target_modules");
  says({{"target_modules", {"q_proj"}}, {"layers_to_transform", {-1}}}, "layers_to_transform is [-1]");
  says({{"target_modules", ".*q_proj"}, {"layers_to_transform", {1}}}, "exclude each other");
  says({{"target_modules", {"q_proj"}}, {"layers_pattern", "h"}}, "there is no layers_to_transform");
  // An expression that backtracks without end is given up.
  const auto slow = rules({{"target_modules", "(a+)+b"}});
  BOOST_TEST(error_of([&slow] { (void)slow.targets(std::string(60, 'a') + "cb"); }).find("takes too long") !=
             std::string::npos);
}

BOOST_AUTO_TEST_CASE(values_by_pattern) {
  const std::string text = R"({"other": {"x": 1}, "rank_pattern": {"v_proj": 4, "0.self_attn.*": 2, "q_proj": 8}})";
  const auto order = keys_in_order(text, "rank_pattern");
  BOOST_TEST(order == (std::vector<std::string>{"v_proj", "0.self_attn.*", "q_proj"}),
             boost::test_tools::per_element());
  const ValuePattern pattern(Json::parse(text), "rank_pattern", order, "adapter_config.json");
  const auto at = [&pattern](const char* path) {
    const Json* const found = pattern.find(path);
    return found == nullptr ? -1 : found->get<int>();
  };
  BOOST_TEST(at("model.layers.0.self_attn.q_proj") == 2);  // the first that matches
  BOOST_TEST(at("model.layers.0.self_attn.v_proj") == 4);
  BOOST_TEST(at("model.layers.1.self_attn.q_proj") == 8);
  BOOST_TEST(at("model.layers.1.self_attn.k_proj") == -1);
  BOOST_TEST(ValuePattern({{"rank_pattern", nullptr}}, "rank_pattern", {}, "").empty());
  BOOST_TEST(error_of([] { ValuePattern({{"p", 3}}, "p", {}, "a.json"); }) ==
             "a.json: p is no object of names and numbers");
  BOOST_TEST(error_of([] { ValuePattern({{"p", {{"q", "x"}}}}, "p", {"q"}, "a.json"); }) ==
             "a.json: p: the value of \"q\" is no number");
}

BOOST_AUTO_TEST_SUITE_END()
