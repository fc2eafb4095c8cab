#include <graft/checkpoints/description/method_json.hpp>

#include "error.hpp"

#include <boost/test/unit_test.hpp>

using namespace graft;

BOOST_AUTO_TEST_SUITE(checkpoints_description_method_json)

Json parsed(const char* text) { return Json::parse(text); }

BOOST_AUTO_TEST_CASE(what_is_written) {
  const auto written = [](const char* text) { return method_json(read_method(text)); };
  BOOST_TEST(written("LoRA<8, On<Query, Value>, Alpha<16>, RankStabilized>") ==
             parsed(R"({"kind": "LoRA", "rank": 8, "On": ["Query", "Value"], "Alpha": 16, "RankStabilized": true})"));
  BOOST_TEST(written("Methods<SoftPrompt<20>, BitFit>") ==
             parsed(R"({"kind": "Methods", "parts": [{"kind": "SoftPrompt", "rows": 20}, {"kind": "BitFit"}]})"));
  BOOST_TEST(written("TrainableTokens<5>") == parsed(R"({"kind": "TrainableTokens", "tokens": [5]})"));
  BOOST_TEST(written("Adapter<4, Scaling<1, 2>, Named<\"law\">>") ==
             parsed(R"({"kind": "Adapter", "width": 4, "Scaling": [1, 2], "Named": "law"})"));
}

BOOST_AUTO_TEST_CASE(there_and_back) {
  for (const char* text :
       {"BitFit", "Unfreeze<Norms, Blocks<0, 2, 4, 6>>", "LoReFT<4, 0, 2, Named<\"a\">>", "IA3<On<Key>, Reads<Down>>",
        "Bank<3, LoRA<4, On<Query>, Alpha<8, 3>, Dropout<1, 10>>>", "BOFT<4>", "TrainableTokens<1, 2, 3>"})
    BOOST_TEST(type_text(method_of_json(method_json(read_method(text)), "graft.json")) == text);
}

BOOST_AUTO_TEST_CASE(what_is_refused) {
  for (const auto& [text, words] : std::initializer_list<std::pair<const char*, const char*>>{
           {R"("LoRA<8>")", "graft.json: the method is \"LoRA<8>\", and not an object with its \"kind\""},
           {R"({"rank": 8})", "the key \"kind\" is missing"},
           {R"({"kind": "LoRA; int x", "rank": 8})", "\"LoRA; int x\" is no method of graft's"},
           {R"({"kind": "LoRA"})", "LoRA takes rank, and not 0 numbers"},
           {R"({"kind": "LoRA", "rank": [8, 9]})", "LoRA takes rank, and not 2 numbers"},
           {R"({"kind": "LoRA", "rank": -8})", "LoRA: rank is -8, and not a number from 0 on"},
           {R"({"kind": "LoRA", "rank": 8.5})", "LoRA: rank is 8.5"},
           {R"({"kind": "LoRA", "rank": 8, "Alfa": 3})", "LoRA has no \"Alfa\"; did you mean Alpha?"},
           {R"({"kind": "HRA", "rank": 8, "Alpha": 3})", "HRA has no \"Alpha\""},
           {R"({"kind": "LoRA", "rank": 8, "On": ["Elsewhere"]})", "\"Elsewhere\" is no site"},
           {R"({"kind": "LoRA", "rank": 8, "RankStabilized": false})", "it is true or it is not there"},
           {R"({"kind": "LoRA", "rank": 8, "Dropout": [2, 1]})", "a probability below one"},
           {R"({"kind": "Adapter", "width": 8, "Named": "\"> x"})", names_are_plain},
           {R"({"kind": "Methods", "parts": {}})", "\"parts\" is no list"}}) {
    const auto error = made::error_of([&text = text] { (void)method_of_json(parsed(text), "graft.json"); });
    BOOST_TEST(error.find(words) != std::string::npos, text << ": " << error);
  }
  Json deep = {{"kind", "BitFit"}};
  for (int i = 0; i < 9; ++i) deep = {{"kind", "Methods"}, {"parts", {deep}}};
  BOOST_TEST(made::error_of([&] { (void)method_of_json(deep, "graft.json"); }) ==
             "graft.json: the method nests too deeply");
}

// What reaches a program is a name and nothing else.
BOOST_AUTO_TEST_CASE(methods_of_ones_own) {
  const auto read = [](const char* text) { return method_of_json(parsed(text), "graft.json", OwnMethods::allowed); };
  const char* const own = R"({"kind": "mine::Own", "numbers": [4, 5], "Shape": ["Wide"], "Fast": true, "Step": 3})";
  BOOST_TEST(type_text(read(own)) == "mine::Own<4, 5, Fast, Shape<Wide>, Step<3>>");
  BOOST_TEST(method_json(read(own)) == parsed(own));
  BOOST_CHECK_THROW((void)method_of_json(parsed(own), "graft.json"), Error);
  for (const char* hostile : {R"({"kind": "Own>; int x; using y = Own<"})", R"({"kind": "Own", "Shape": ["a>; b"]})",
                              R"({"kind": "Own", "Shape>;": 1})", R"({"kind": "Own", "Shape": ["Wide", 3]})"})
    BOOST_CHECK_THROW((void)read(hostile), Error);
}

BOOST_AUTO_TEST_SUITE_END()
