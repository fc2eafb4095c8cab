// What a decoder writes with its cache is what it would write if it read everything again.
#include "peft/holds.hpp"

#include <graft/models/families/t5/t5.hpp>
#include <graft/serve/encoder_decoder.hpp>

using namespace graft;

BOOST_AUTO_TEST_SUITE(serve_encoder_decoder)

struct Config : T5Defaults {
  static constexpr Index vocabulary = 64, width = 32, encoder_blocks = 1, blocks = 2, heads = 4, groups = 4,
                         head_width = 8, feed_forward = 48, buckets = 8, farthest = 12;
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
    for (Index n = 0; n < answers[i].size(); ++n)
      BOOST_TEST(answers[i][n] == continued(model, sources[i],
                                            {answers[i].begin(), answers[i].begin() + static_cast<std::ptrdiff_t>(n)}));
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

BOOST_AUTO_TEST_SUITE_END()
