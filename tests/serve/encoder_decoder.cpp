// What a decoder writes with its cache is what it would write if it read everything again; embeddings of texts.
#include "../peft/holds.hpp"

#include <graft/models/roberta.hpp>
#include <graft/models/t5.hpp>
#include <graft/serve/embed.hpp>
#include <graft/serve/encoder_decoder.hpp>

using namespace graft;

BOOST_AUTO_TEST_SUITE(serve_encoder_decoder)

struct Config : T5Defaults {
  static constexpr Index vocabulary = 64, width = 32, encoder_blocks = 1, blocks = 2, heads = 4, groups = 4, head_width = 8, feed_forward = 48, buckets = 8, farthest = 12;
};

/// The likeliest token behind what was written, everything computed anew.
template <class Model>
Id continued(const Model& model, const std::vector<Id>& source, std::vector<Id> written) {
  using B = typename Model::backend;
  written.push_back(0);
  Batch batch;
  batch.append_pair(source, written);
  batch = Model::prepared(batch);
  Workspace<B> workspace;
  Inference<B> tape(workspace);
  const auto logits = model.logits(tape, model.hidden(tape, place(tape, batch)));
  const auto all = download<B>(logits.data, logits.size());
  const auto last = all.end() - Config::vocabulary;
  return static_cast<Id>(std::max_element(last, all.end()) - last);
}

template <class M>
void agrees() {
  T5<Config, M, reference> model;
  tiny::fill(model);
  const std::vector<std::vector<Id>> sources{{5, 9, 7, 3, 11, 6}, {3, 2, 8}, {1, 1, 4, 60}};
  EncoderDecoderGenerator generator(model, 16, 2);
  const auto answers = generator(sources, {.max_new_tokens = 9});
  BOOST_REQUIRE(answers.size() == 3U);
  for (Index i = 0; i < 3; ++i)
    for (Index n = 0; n < answers[i].size(); ++n) BOOST_TEST(answers[i][n] == continued(model, sources[i], {answers[i].begin(), answers[i].begin() + static_cast<std::ptrdiff_t>(n)}));
  // A stop token ends one answer and not the others.
  const auto shorter = generator(sources, {.max_new_tokens = 9, .stop = {answers[0][3]}});
  BOOST_TEST(shorter[0].size() <= 3U);
  BOOST_TEST(answers[0].size() == 9U);
  BOOST_CHECK_THROW(generator(sources, {.max_new_tokens = 17}), Error);
  BOOST_CHECK_THROW(generator(std::vector<Id>{}), Error);
}
BOOST_AUTO_TEST_CASE(as_if_all_were_read_again) {
  agrees<FrozenBase>();
  agrees<Methods<LoRA<4>, SoftPrompt<2, OnEncoder>>>();
  agrees<PrefixTuning<3>>();
  agrees<HubPrefixTuning<3, 8>>();
  agrees<SoftPrompt<2, OnDecoder>>();
  agrees<Methods<PrefixTuning<2>, SoftPrompt<3, OnBoth>>>();
}

struct Texts : RobertaDefaults {
  static constexpr Index vocabulary = 64, positions = 24, width = 32, blocks = 2, heads = 4, groups = 4, head_width = 8, feed_forward = 48;
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
}

BOOST_AUTO_TEST_SUITE_END()
