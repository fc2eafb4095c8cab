// Whole models on a backend that is no host's: what an op, a layer, a method, an optimizer or the trainer does to
// values it does in listed kernels and explicit copies, or the memory is out of reach.
#include "backend/guarded.hpp"

#include "peft/holds.hpp"

#include <graft/models/families/bert/bert.hpp>
#include <graft/models/families/t5/t5.hpp>
#include <graft/train/optimizers/lora_fa.hpp>
#include <graft/train/trainer.hpp>

#include <boost/test/unit_test.hpp>

using namespace graft;

BOOST_AUTO_TEST_SUITE(backend_backend)

/// What three steps on B make of what is trained, and their losses.
template <template <class> class Of, class B, class Optimizer>
std::vector<float> trained_on(const Batch& batch, Optimizer optimizer) {
  using Model = Of<B>;
  Model model;
  tiny::fill(model);
  Trainer trainer(model, optimizer, {.seed = 3});
  std::vector<float> losses;
  for (int i = 0; i < 3; ++i) losses.push_back(static_cast<float>(trainer.step(batch).loss));
  auto all = tiny::trained(model);
  all.insert(all.end(), losses.begin(), losses.end());
  return all;
}
template <template <class> class Of, class Optimizer = AdamW>
void same_on_both(const Batch& batch, Optimizer optimizer = {.learning_rate = 1e-2F}) {
  const auto wanted = trained_on<Of, reference>(batch, optimizer), found = trained_on<Of, guarded>(batch, optimizer);
  BOOST_TEST(found == wanted, boost::test_tools::per_element());
}

template <class Method, class B>
using Decoder = Llama<tiny::Config, Method, B>;

template <class B>
using LowRanks = Decoder<Methods<LoRA<2, On<Query>, Dropout<1, 10>>, DoRA<2, On<Key>>, AdaLoRA<2, On<Value>>,
                                 VeRA<4, On<Output>>, RandLoRA<2, On<Gate>>, LoHa<2, On<Up>>, LoKr<2, On<Down>>>,
                         B>;
BOOST_AUTO_TEST_CASE(low_rank_and_products) {
  same_on_both<LowRanks>(tiny::batch());
  same_on_both<LowRanks>(tiny::batch(), LoraFA{{.learning_rate = 1e-2F}});
  same_on_both<LowRanks>(tiny::batch(), AdamW8bit{{.learning_rate = 1e-2F}});
}

template <class B>
using Rotations = Decoder<Methods<OFT<4, On<Query>>, BOFT<4, 2, On<Output>>, HRA<2, On<Key>>, MiSS<2, On<Value>>,
                                  SHiRA<1, On<Gate>>, FourierFT<10, On<Up>>, IA3<On<Down>>, Unfreeze<Norms>>,
                          B>;
BOOST_AUTO_TEST_CASE(rotations_and_entries) { same_on_both<Rotations>(tiny::batch()); }

template <class B>
using Prompted = Decoder<Methods<PrefixTuning<2>, HoulsbyAdapter<4>, TrainableTokens<5, 12>>, B>;
template <class B>
using Encoded = Decoder<PTuning<3, 8>, B>;
template <class B>
using Steered = Decoder<Methods<LlamaAdapter<5, 1>, LNTuning<>>, B>;
template <class B>
using Represented = Decoder<Methods<LoReFT<4>, Compacter<8, 4>>, B>;
BOOST_AUTO_TEST_CASE(prompts_and_bottlenecks) {
  same_on_both<Prompted>(tiny::batch());
  same_on_both<Encoded>(tiny::batch());
  same_on_both<Steered>(tiny::batch());
  same_on_both<Represented>(tiny::batch());
}

template <class B>
using Checkpointed = Llama<tiny::TiedConfig, Methods<LoRA<2, Dropout<1, 10>>, Unfreeze<Norms>>, B, CheckpointBlocks>;
BOOST_AUTO_TEST_CASE(blocks_computed_again) { same_on_both<Checkpointed>(tiny::batch()); }

template <class B>
using Banked = Decoder<Bank<2, LoRA<2>>, B>;
BOOST_AUTO_TEST_CASE(several_adapters) {
  Batch batch = tiny::batch();
  batch.belongs_to(0);
  batch.append({3, 9, 4}, {3, 9, 4});
  batch.belongs_to(1);
  same_on_both<Banked>(batch);
}

struct Pairs : T5Defaults {
  static constexpr Index vocabulary = 50, width = 16, blocks = 2, encoder_blocks = 2, heads = 4, groups = 4,
                         head_width = 4, feed_forward = 24, buckets = 8, farthest = 12;
};
template <class B>
using Translating = T5<Pairs, Methods<LoRA<2>, Unfreeze<RelativeBias>>, B>;
struct Encoding : BertDefaults {
  static constexpr Index vocabulary = 50, width = 16, blocks = 2, heads = 4, groups = 4, head_width = 4,
                         feed_forward = 24, positions = 16, classes = 5;
};
template <class B>
using Answering = BertQuestionAnswering<Encoding, Methods<LoRA<2>, Unfreeze<Head>>, B>;
BOOST_AUTO_TEST_CASE(encoders) {
  Batch pairs, answers;
  pairs.append_pair({1, 7, 3, 4}, {5, 6, 1});
  same_on_both<Translating>(pairs);
  answers.append_answer({1, 7, 3, 4}, 1, 2);
  answers.append_answer({9, 8, 5}, 0, 0);
  same_on_both<Answering>(answers);
}

BOOST_AUTO_TEST_SUITE_END()
