#include <graft/train/penalties.hpp>

#include "tiny.hpp"

#include <boost/test/unit_test.hpp>

using namespace graft;

BOOST_AUTO_TEST_SUITE(train_penalties)

BOOST_AUTO_TEST_CASE(a_mean_of_all_terms) {
  const std::vector<float> sums{1, 2, 3};
  BOOST_TEST((Penalties{.weight = 0.5F, .terms = 4}.mean(sums)) == 0.75);
  BOOST_TEST((Penalties{.weight = 0.5F, .terms = 4}.mean({})) == 0.0);
  BOOST_TEST(Penalties{}.mean(sums) == 0.0);
}

BOOST_AUTO_TEST_CASE(layers_that_add_one) {
  // Of both factors of three blocks' queries.
  Llama<tiny::Config, Methods<AdaLoRA<2, On<Query>, Penalty<1, 4>>, LoRA<2, On<Down>>>, reference> model;
  const auto found = penalties_of(model);
  BOOST_TEST(found.terms == 6U);
  BOOST_TEST(found.weight == 0.25F);
  Index layers = 0;
  each_penalized(model, [&layers](const auto&) { ++layers; });
  BOOST_TEST(layers == 3U);
  Llama<tiny::Config, LoRA<2, On<Query>>, reference> plain;
  BOOST_TEST(penalties_of(plain).terms == 0U);
}

BOOST_AUTO_TEST_SUITE_END()
