// A row for every text, whatever is read beside it and stands before it.
#include "tiny.hpp"

#include <graft/models/families/bert/bert.hpp>
#include <graft/models/families/roberta/roberta.hpp>
#include <graft/serve/embed.hpp>

#include <boost/test/unit_test.hpp>

using namespace graft;

BOOST_AUTO_TEST_SUITE(serve_embed)

struct Texts : RobertaDefaults {
  static constexpr Index vocabulary = 64, positions = 24, width = 32, blocks = 2, heads = 4, groups = 4, head_width = 8,
                         feed_forward = 48;
};
struct Causal : tiny::Config {
  static constexpr Index width = 32, head_width = 8;
};
template <class Model>
void check_embeddings() {
  Model model;
  tiny::fill(model);
  const std::vector<std::vector<Id>> texts{{1, 5, 9}, {1, 3, 2, 8, 11, 2}, {4}};
  const auto together = embed(model, texts), apart = embed(model, texts, 4);
  BOOST_REQUIRE(together.size() == 3U);
  for (Index i = 0; i < 3; ++i) {
    double square = 0;
    for (Index c = 0; c < 32; ++c) {
      BOOST_TEST(std::abs(together[i][c] - apart[i][c]) < 1e-6F);
      square += static_cast<double>(together[i][c]) * static_cast<double>(together[i][c]);
    }
    BOOST_TEST(std::abs(square - 1) < 1e-6);
  }
  BOOST_CHECK_THROW(embed(model, {{1}, {}}), Error);
}
BOOST_AUTO_TEST_CASE(embeddings) {
  check_embeddings<RobertaEncoder<Texts, FrozenBase, reference>>();
  check_embeddings<BertEncoder<Texts, SoftPrompt<2>, reference>>();
  check_embeddings<Llama<Causal, SoftPrompt<2>, reference>>();  // where the prompt is there once for all texts
  check_embeddings<Llama<Causal, PrefixTuning<2>, reference>>();
}

BOOST_AUTO_TEST_SUITE_END()
