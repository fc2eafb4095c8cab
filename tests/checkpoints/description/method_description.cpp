#include <graft/checkpoints/description/method_description.hpp>

#include "error.hpp"

#include <boost/test/unit_test.hpp>

using namespace graft;

BOOST_AUTO_TEST_SUITE(checkpoints_description_method_description)

std::string wrong(const MethodOption& option) { return mistake_in(option, *named(option_forms, option.name)); }
std::string wrong(const MethodDescription& method) { return mistake_in(method, *named(method_kinds, method.kind)); }

BOOST_AUTO_TEST_CASE(mistakes_in_options) {
  BOOST_TEST(wrong(MethodOption{.name = "Alpha", .numbers = {16}}) == "");
  BOOST_TEST(wrong(MethodOption{.name = "Alpha", .numbers = {-1}}) == "Alpha takes no negative numbers");
  BOOST_TEST(wrong(MethodOption{.name = "Alpha"}) == "Alpha takes 1 or 2 numbers");
  BOOST_TEST(wrong(MethodOption{.name = "Alpha", .numbers = {1, 0}}) == "Alpha's denominator is 0");
  BOOST_TEST(wrong(MethodOption{.name = "Alpha", .numbers = {1}, .sites = {"Query"}}) == "Alpha takes no sites");
  BOOST_TEST(wrong(MethodOption{.name = "Mlp", .numbers = {1}}) == "Mlp takes no numbers");
  BOOST_TEST(wrong(MethodOption{.name = "Mlp", .text = "law"}) == "Mlp takes no text");
  BOOST_TEST(wrong(MethodOption{.name = "Invocation"}) == "Invocation takes 1 or more numbers");
  BOOST_TEST(wrong(MethodOption{.name = "Dropout", .numbers = {1}}) == "Dropout takes 2 numbers");
  BOOST_TEST(wrong(MethodOption{.name = "Dropout", .numbers = {1, 1}}) ==
             "Dropout<Numerator, Denominator> is a probability below one");
  BOOST_TEST(wrong(MethodOption{.name = "Terms", .numbers = {1001}}) == "Terms<…> are 1000 at most");
  BOOST_TEST(wrong(MethodOption{.name = "On"}) == "On<…> names the sites that the method works on");
  BOOST_TEST(wrong(MethodOption{.name = "Named", .text = "law-2_b"}) == "");
  BOOST_TEST(wrong(MethodOption{.name = "Named"}) == "Named takes a text in quotes");
  BOOST_TEST(wrong(MethodOption{.name = "Named", .text = "\">;"}) == names_are_plain);
  BOOST_TEST(wrong(MethodOption{.name = "Named", .text = std::string(61, 'a')}) == names_are_plain);
}

BOOST_AUTO_TEST_CASE(mistakes_in_ranges) {
  const auto blocks = [](std::vector<std::int64_t> numbers) {
    return wrong(MethodOption{.name = "Blocks", .numbers = std::move(numbers)});
  };
  BOOST_TEST(blocks({0, 2, 2, 3}) == "");
  BOOST_TEST(blocks({0, 2, 3}) == "Blocks<First, Last, …> takes pairs of numbers");
  for (const auto& ranges : {std::vector<std::int64_t>{2, 2}, {3, 1}, {0, 3, 2, 4}})
    BOOST_TEST(blocks(ranges).find("First must be less than Last") != std::string::npos, blocks(ranges));
}

BOOST_AUTO_TEST_CASE(mistakes_in_methods) {
  const MethodOption alpha{.name = "Alpha", .numbers = {4}};
  const MethodDescription lora{.kind = "LoRA", .numbers = {4}}, bit_fit{.kind = "BitFit"};
  BOOST_TEST(wrong(lora) == "");
  BOOST_TEST(wrong({.kind = "LoRA"}) == "LoRA takes rank, and not 0 numbers");
  BOOST_TEST(wrong({.kind = "BitFit", .numbers = {1}}) == "BitFit takes no numbers");
  BOOST_TEST(wrong({.kind = "TrainableTokens"}) == "TrainableTokens takes tokens, one or more, and not 0 numbers");
  BOOST_TEST(wrong({.kind = "BOFT", .numbers = {4}}) == "");  // the second may be left out
  BOOST_TEST(wrong({.kind = "LoRA", .numbers = {0}}) ==
             "LoRA<0> trains nothing: the rank must be at least 1 (4 to 32 are usual)");
  BOOST_TEST(wrong({.kind = "SeededFourierFT", .numbers = {9, 0}}) == "");  // a seed may be 0
  BOOST_TEST(wrong({.kind = "SeededFourierFT", .numbers = {9, largest_number + 1}}) ==
             "a number of SeededFourierFT is 4294967296, which is none of 0 to 4294967295");
  BOOST_TEST(wrong({.kind = "LoRA", .numbers = {4}, .options = {alpha, alpha}}) == "LoRA has Alpha twice");
  BOOST_TEST(wrong({.kind = "Unfreeze"}) == "Unfreeze takes the sites to train, like Unfreeze<Norms>");
  BOOST_TEST(wrong({.kind = "ActivatedLoRA", .numbers = {4}}) == "ActivatedLoRA needs Invocation<…>");
  BOOST_TEST(wrong({.kind = "LoRA", .numbers = {4}, .parts = {bit_fit}}) ==
             "LoRA is made of no other methods; Methods<…> unites several");
  BOOST_TEST(wrong({.kind = "Bank", .numbers = {2}}) == "Bank takes a number of members and one method");
  BOOST_TEST(wrong({.kind = "Fuse", .parts = {bit_fit}}) == "Fuse takes two or more adapters");
  BOOST_TEST(wrong({.kind = "TrainableTokens", .numbers = std::vector<std::int64_t>(4097, 1)}) ==
             "TrainableTokens of 4097 tokens is no type that can be compiled; 4096 can");
  const auto of_file = made::error_of([&] {
    check_method({.kind = "Methods", .parts = {lora, {.kind = "DoRA", .numbers = {0}}}}, "adapter_config.json");
  });
  BOOST_TEST(of_file.starts_with("adapter_config.json: by its words the method is DoRA, and DoRA<0> trains nothing"));
}

BOOST_AUTO_TEST_CASE(as_cpp_spells_it) {
  const MethodDescription lora{
      .kind = "LoRA", .numbers = {8}, .options = {{.name = "On", .sites = {"Query"}}, {.name = "RankStabilized"}}};
  BOOST_TEST(type_text(lora) == "LoRA<8, On<Query>, RankStabilized>");
  BOOST_TEST(type_text(lora, "graft::") == "graft::LoRA<8, graft::On<graft::Query>, graft::RankStabilized>");
  BOOST_TEST(type_text({.kind = "BitFit"}) == "BitFit");        // no template
  BOOST_TEST(type_text({.kind = "LNTuning"}) == "LNTuning<>");  // one without arguments
  BOOST_TEST(type_text({.kind = "Unfreeze", .options = {{.name = "On", .sites = {"Norms", "Head"}}}}) ==
             "Unfreeze<Norms, Head>");
  BOOST_TEST(type_text({.kind = "Bank", .numbers = {2}, .parts = {lora}}) ==
             "Bank<2, LoRA<8, On<Query>, RankStabilized>>");
  BOOST_TEST(type_text({.kind = "IA3", .options = {{.name = "Reads"}}}) == "IA3<Reads<>>");
  BOOST_TEST(type_text({.kind = "Adapter", .numbers = {4}, .options = {{.name = "Named", .text = "law"}}}) ==
             "Adapter<4, Named<\"law\">>");
  // One's own stands as it is.
  BOOST_TEST(type_text({.kind = "mine::Own", .options = {{.name = "Fast"}, {.name = "Alpha", .numbers = {2}}}},
                       "graft::") == "mine::Own<Fast, graft::Alpha<2>>");
  BOOST_TEST(type_text({.kind = "mine::Own"}, "graft::") == "mine::Own");
}

BOOST_AUTO_TEST_CASE(options_in_order) {
  MethodDescription made{.kind = "LoRA",
                         .numbers = {8},
                         .options = {{.name = "Dropout", .numbers = {0, 1}},
                                     {.name = "Alpha", .numbers = {16, 1}},
                                     {.name = "On", .sites = {"Value", "Query", "Value"}}}};
  sort_options(made, *named(method_kinds, made.kind));
  BOOST_TEST(type_text(made) == "LoRA<8, On<Query, Value>, Alpha<16>, Dropout<0, 1>>");
  BOOST_TEST(made.has("Alpha"));
  BOOST_TEST(made.option("Blocks") == nullptr);
}

BOOST_AUTO_TEST_CASE(what_was_meant) {
  const auto kinds = names_of(method_kinds);
  BOOST_TEST(did_you_mean("lora", kinds) == "; did you mean LoRA?");
  BOOST_TEST(did_you_mean("PrefixTunning", kinds) == "; did you mean PrefixTuning?");
  BOOST_TEST(did_you_mean("Qvery", names_of(site_names)) == "; did you mean Query?");
  BOOST_TEST(did_you_mean("NothingLikeIt", kinds) == ".");
  BOOST_TEST(did_you_mean("x", {}) == ".");
  BOOST_TEST(joined_names({"a", "b", "c"}) == "a, b, c");
  BOOST_TEST(words_of("  a bc  ") == (std::vector<std::string>{"a", "bc"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(several_as_one) {
  const MethodDescription lora{.kind = "LoRA", .numbers = {8}, .options = {{.name = "PissaInit"}}},
      bit_fit{.kind = "BitFit"};
  BOOST_TEST((united({}) == MethodDescription{.kind = "FrozenBase"}));
  BOOST_TEST((united({bit_fit}) == bit_fit));
  const auto both = united({bit_fit, lora});
  BOOST_TEST(type_text(both) == "Methods<BitFit, LoRA<8, PissaInit>>");
  BOOST_TEST(headers_of(bit_fit).empty());
  BOOST_TEST(headers_of(both) == std::vector<std::string>{"graft/adapters/base_directions.hpp"},
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()
