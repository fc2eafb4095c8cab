// What a type is made of, in words, as JSON, as a page.
#include "../tiny.hpp"

#include <graft/plan/explain.hpp>

#include <boost/test/unit_test.hpp>

using namespace graft;

BOOST_AUTO_TEST_SUITE(plan_explain)

const SiteExplanation& at(const Explanation& e, Index kind, const char* site) {
  for (const auto& s : e.kinds.at(kind).sites)
    if (s.site == site) return s;
  throw std::runtime_error(site);
}

BOOST_AUTO_TEST_CASE(low_rank_in_the_last_blocks) {
  using Model = Llama<tiny::Config, LoRA<2, On<Value, Down>, Blocks<1, 3>>, reference>;
  const auto e = explain<Model>();
  BOOST_TEST(e.trainable == Model::trainable_parameters);
  BOOST_REQUIRE(e.kinds.size() == 3U);  // outside, block 0, blocks 1 and 2
  BOOST_TEST(e.kinds[1].count == 1U);
  BOOST_TEST(e.kinds[2].count == 2U);
  // Nothing is recorded below what is trained.
  for (const auto& s : e.kinds[1].sites) BOOST_TEST((!s.yields_gradient && s.saved == 0 && s.trainable == 0));
  BOOST_TEST(at(e, 2, "Value").trainable == 2U * (16 + 8));
  BOOST_TEST(at(e, 2, "Value").saved == 2.0 * sizeof(float));  // u = x Aᵀ
  BOOST_TEST(e.kinds[2].first_reads_constants);
  BOOST_TEST(at(e, 2, "Query").yields_gradient);  // in block 2, which reads what block 1 yields
  BOOST_TEST(at(e, 2, "InputNorm").reads_gradient);
  BOOST_TEST(at(e, 2, "Output").reads_gradient);
  BOOST_TEST(at(e, 2, "Down").yields_gradient);
  BOOST_TEST(at(e, 0, "Head").reads_gradient);
  BOOST_TEST(!at(e, 0, "TokenEmbedding").yields_gradient);
  BOOST_TEST(at(e, 2, "Value").layer.find("LoRA<2") != std::string::npos, at(e, 2, "Value").layer);
}

BOOST_AUTO_TEST_CASE(adapters_and_prefixes) {
  const auto e = explain<Llama<tiny::Config, Methods<PrefixTuning<2>, HoulsbyAdapter<4>>, reference>>();
  BOOST_TEST(at(e, 0, "Shared").trainable == 2U * 2 * 3 * 8);
  BOOST_TEST(at(e, 1, "AfterMlp").trainable == 2U * 16 * 4 + 4 + 16);
  BOOST_TEST(at(e, 1, "AfterMlp").saved > 0.0);
  BOOST_TEST(at(e, 1, "Output").reads_gradient);  // through the prefix's keys
}

BOOST_AUTO_TEST_CASE(three_ways_to_read_it) {
  const auto e = explain<Llama<tiny::Config, LoRA<2>, reference>>();
  BOOST_TEST(e.text().find("blocks 0 to 2") != std::string::npos);
  const Json json = e.json();
  BOOST_TEST(json.at("kinds").size() == 2U);
  BOOST_TEST(json.at("kinds")[1].at("sites").size() == 9U);
  const auto page = e.html();
  BOOST_TEST(page.find("LoRA&lt;2") != std::string::npos);
  BOOST_TEST(page.find("<script") == std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
