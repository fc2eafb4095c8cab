// What a type is made of, in words, as JSON, as a page.
#include "tiny.hpp"

#include <graft/models/families/roberta/roberta.hpp>
#include <graft/models/families/t5/t5.hpp>
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

// What stands behind a masked model's blocks, and what T5 adds to scores, is heard as everything is.
struct Masked : RobertaDefaults {
  static constexpr Index vocabulary = 64, positions = 24, width = 32, blocks = 2, heads = 4, groups = 4, head_width = 8,
                         feed_forward = 48;
};
BOOST_AUTO_TEST_CASE(a_masked_models_head) {
  const auto e = explain<RobertaMaskedLM<Masked, LoRA<2>, reference>>();
  for (const char* site : {"HeadTransform", "FinalNorm", "HeadBias"})
    BOOST_TEST((at(e, 0, site).reads_gradient && at(e, 0, site).yields_gradient), site);
  BOOST_TEST(!at(e, 0, "EmbeddingNorm").yields_gradient);
  const auto whole = explain<RobertaMaskedLM<Masked, FullFineTuning, reference>>();
  BOOST_TEST(at(whole, 0, "EmbeddingNorm").reads_gradient);
}
struct Pairs : T5Defaults {
  static constexpr Index vocabulary = 64, width = 32, encoder_blocks = 2, blocks = 2, heads = 4, groups = 4,
                         head_width = 8, feed_forward = 48, buckets = 8, farthest = 12;
};
BOOST_AUTO_TEST_CASE(encoders_and_decoders) {
  const auto e = explain<T5<Pairs, LoRA<2, On<CrossKey>>, reference>>();
  BOOST_REQUIRE(e.kinds.size() == 3U);  // outside, the encoder's blocks, the decoder's
  for (const auto& s : e.kinds[1].sites) BOOST_TEST(!s.yields_gradient, s.site);
  BOOST_TEST(!at(e, 2, "CrossValue").reads_gradient);
  BOOST_TEST(e.kinds[2].first_reads_constants);
  BOOST_TEST(at(e, 2, "CrossOutput").yields_gradient);
  const auto biased = explain<T5<Pairs, Unfreeze<RelativeBias>, reference>>();
  BOOST_TEST((at(biased, 0, "RelativeBias").trainable > 0 && at(biased, 0, "RelativeBias").yields_gradient));
  BOOST_TEST(at(biased, 2, "Output").reads_gradient);
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
