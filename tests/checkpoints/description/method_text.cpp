#include <graft/checkpoints/description/method_text.hpp>

#include "error.hpp"

#include <boost/test/unit_test.hpp>

using namespace graft;

BOOST_AUTO_TEST_SUITE(checkpoints_description_method_text)

BOOST_AUTO_TEST_CASE(what_is_read) {
  const auto m = read_method("  graft::LoRA < 8,\n  graft::On<Value, graft::Query>, Alpha<1'000, 3> >");
  BOOST_TEST((m == MethodDescription{.kind = "LoRA",
                                     .numbers = {8},
                                     .options = {{.name = "On", .sites = {"Query", "Value"}},
                                                 {.name = "Alpha", .numbers = {1000, 3}}}}));
  BOOST_TEST(read_method("Adapter<4, Named<\"law\">>").option("Named")->text == "law");
}

BOOST_AUTO_TEST_CASE(there_and_back) {
  for (const char* text :
       {"BitFit", "LNTuning<>", "Unfreeze<Head, Norms, Blocks<0, 2>>", "BOFT<4, 2, CountsBlocks>",
        "Methods<SoftPrompt<20>, Bank<2, LoRA<4, On<Query>, Dropout<1, 10>>>>", "TrainableTokens<1, 2, 3>",
        "Fuse<Adapter<4, Named<\"a\">>, Adapter<4, Named<\"b\">>>", "HubPrefixTuning<4, 8, Named<\"law\">>"})
    BOOST_TEST(type_text(read_method(text)) == text);
}

BOOST_AUTO_TEST_CASE(mistakes_are_pointed_at) {
  const auto error = made::error_of([] { (void)read_method("LoRA<8, Alfa<16>>"); });
  BOOST_TEST(error.starts_with("the method cannot be read: LoRA has no option \"Alfa\"; did you mean Alpha? It takes "
                               "On, Alpha, Dropout"),
             error);
  BOOST_TEST(error.ends_with("\n    LoRA<8, Alfa<16>>\n            ^"), error);
}

BOOST_AUTO_TEST_CASE(what_is_refused) {
  for (const auto& [text, words] : std::initializer_list<std::pair<std::string, const char*>>{
           {"", "it ends too early"},
           {"<8>", "a name was expected here"},
           {"Lora<8>", "\"Lora\" is no method of graft's; did you mean LoRA?"},
           {"LoRA<8> BitFit", "the method ends here, and more follows"},
           {"LoRA<8, On<Query>", "the bracket opened at 5 is not closed"},
           {"LoRA<8; 4>", "a comma or a closing bracket was expected here"},
           {"LoRA<Alpha<4>, 8>", "the numbers of LoRA stand first"},
           {"LoRA<4294967296>", "this number is too large"},
           {"LoRA<99999999999999999999>", "this is no number that fits"},
           {"LoRA<8, On<Qvery>>", "\"Qvery\" is no site; did you mean Query?"},
           {"Unfreeze<Normen>", "\"Normen\" is no site; did you mean Norms?"},
           {"LoRA<8, Dropout<2, 1>>", "a probability below one"},
           {"Adapter<4, Named<\"a b\">>", names_are_plain},
           {"Adapter<4, Named<\"a>>", "this quotation mark is not closed"},
           {"Adapter<4, \"law\">", "a text stands within an option"},
           {"LoRA<0>", "the rank must be at least 1"},
           {"Bank<2, Bank<2, Bank<2, Bank<2, Bank<2, Bank<2, Bank<2, Bank<2, BitFit>>>>>>>>", "it nests too deeply"},
           {std::string(81, 'a'), "this name is too long"}}) {
    const auto error = made::error_of([&text = text] { (void)read_method(text); });
    BOOST_TEST(error.find(words) != std::string::npos, text << ": " << error);
  }
}

BOOST_AUTO_TEST_CASE(methods_of_ones_own) {
  const char* const text = "mine::Own<4, Shape<2, Wide>, Alpha<8>>";
  const auto m = read_method(text, OwnMethods::allowed);
  BOOST_TEST(m.kind == "mine::Own");
  BOOST_TEST(m.option("Shape")->sites == std::vector<std::string>{"Wide"}, boost::test_tools::per_element());
  BOOST_TEST(type_text(m) == text);
  BOOST_TEST(type_text(read_method("Methods<mine::Own<4>, graft::BitFit>", OwnMethods::allowed)) ==
             "Methods<mine::Own<4>, BitFit>");
  BOOST_CHECK_THROW((void)read_method(text), Error);
}

BOOST_AUTO_TEST_SUITE_END()
