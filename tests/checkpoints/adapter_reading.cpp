#include <graft/checkpoints/adapter_reading.hpp>

#include "error.hpp"

#include <boost/test/unit_test.hpp>

using namespace graft;

BOOST_AUTO_TEST_SUITE(checkpoints_adapter_reading)

using Numbers = std::vector<std::int64_t>;

BOOST_AUTO_TEST_CASE(decimals_as_fractions) {
  const auto is = [](double x, const Numbers& fraction) {
    BOOST_TEST(fraction_of(x, "x") == fraction, boost::test_tools::per_element());
  };
  is(0, {0});
  is(16, {16});
  is(0.05, {1, 20});
  is(1.5, {3, 2});
  is(0.3, {3, 10});
  is(1e-5, {1, 100000});
  is(1200, {1200});
  is(12.125, {97, 8});
  for (const double x : {-0.5, 1e15, 1e-30})
    BOOST_TEST(made::error_of([x] { (void)fraction_of(x, "config: scaling"); }).starts_with("config: scaling is "));
}

BOOST_AUTO_TEST_CASE(numbers_as_ranges) {
  BOOST_TEST(block_ranges({0, 1, 2, 5, 6, 9}) == (Numbers{0, 3, 5, 7, 9, 10}), boost::test_tools::per_element());
  BOOST_TEST(block_ranges({}).empty());
}

BOOST_AUTO_TEST_CASE(without_what_training_does) {
  const MethodDescription lora{
      .kind = "LoRA",
      .numbers = {4},
      .options = {
          {.name = "Alpha", .numbers = {8}}, {.name = "Dropout", .numbers = {1, 10}}, {.name = "GaussianInit"}}};
  BOOST_TEST(type_text(as_opened({.kind = "Bank", .numbers = {2}, .parts = {lora}})) == "Bank<2, LoRA<4, Alpha<8>>>");
}

/// Two blocks of two linear layers and a norm, a norm behind each of two stacks, and a head.
std::vector<Module> modules() {
  std::vector<Module> all;
  for (const std::ptrdiff_t block : {0, 1}) {
    const std::string at = std::to_string(block) + ".";
    all.push_back({.path = at + "q", .site = "Query", .block = block});
    all.push_back({.path = at + "up", .site = "Up", .block = block});
    all.push_back({.path = at + "norm", .site = "MlpNorm", .block = block, .kind = ModuleKind::norm});
  }
  for (const char* path : {"encoder.norm", "decoder.norm"})
    all.push_back({.path = path, .site = "FinalNorm", .kind = ModuleKind::norm});
  all.push_back({.path = "head", .site = "Head"});
  return all;
}

std::string united_over(const std::vector<Module>& all, const std::vector<std::pair<const char*, Index>>& ranks) {
  PartsOfModules parts(all);
  for (const auto& [path, rank] : ranks)
    for (const auto& m : all)
      if (m.path == path) parts.add(m, {.kind = "LoRA", .numbers = {static_cast<std::int64_t>(rank)}});
  return type_text(united(parts.parts()));
}

BOOST_AUTO_TEST_CASE(modules_as_sites_and_blocks) {
  const auto all = modules();
  BOOST_TEST(united_over(all, {{"1.q", 4}, {"0.q", 4}}) == "LoRA<4, On<Query>>");
  BOOST_TEST(united_over(all, {{"1.q", 4}}) == "LoRA<4, On<Query>, Blocks<1, 2>>");
  BOOST_TEST(united_over(all, {{"0.q", 4}, {"1.q", 4}, {"0.up", 4}, {"1.up", 4}}) == "LoRA<4, On<Linears>>");
  BOOST_TEST(united_over(all, {{"0.q", 4}, {"1.q", 4}, {"head", 4}}) == "LoRA<4, On<Query, Head>>");
  BOOST_TEST(united_over(all, {{"0.q", 4}, {"1.q", 8}}) ==
             "Methods<LoRA<4, On<Query>, Blocks<0, 1>>, LoRA<8, On<Query>, Blocks<1, 2>>>");
  BOOST_TEST(united_over(all, {{"0.norm", 4}, {"1.norm", 4}, {"encoder.norm", 4}, {"decoder.norm", 4}}) ==
             "LoRA<4, On<Norms>>");
  BOOST_TEST(made::error_of([&] {
               (void)united_over(all, {{"encoder.norm", 4}});
             }).find("one layer of the site FinalNorm outside of blocks") != std::string::npos);
}

// IA3's second list, and what a module is said to have.
BOOST_AUTO_TEST_CASE(two_lists_of_sites) {
  const auto all = modules();
  PartsOfModules parts(all);
  for (const auto& m : all) {
    if (m.site == "Query") BOOST_TEST(parts.add(m, {.kind = "IA3"}) == "IA3<>");
    if (m.site == "Up") BOOST_TEST(parts.add(m, {.kind = "IA3"}, "Reads") == "IA3<>, Reads");
  }
  BOOST_TEST(type_text(united(parts.parts())) == "IA3<On<Query>, Reads<Up>>");
}

BOOST_AUTO_TEST_SUITE_END()
