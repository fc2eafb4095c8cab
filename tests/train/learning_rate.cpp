#include "tiny.hpp"

#include <graft/train/optimizers/lora_fa.hpp>
#include <graft/train/trainer.hpp>

#include <boost/test/unit_test.hpp>

using namespace graft;

BOOST_AUTO_TEST_SUITE(train_learning_rate)

struct MineOwn : LoRA<2> {};

template <class M>
constexpr Tuned tuned = TunedBy<M>::value;

static_assert(tuned<FullFineTuning> == Tuned::base_weights && tuned<LastBlocks<2>> == Tuned::base_weights);
static_assert(tuned<Unfreeze<Down>> == Tuned::base_weights && tuned<Unfreeze<Norms, Query>> == Tuned::base_weights);
static_assert(tuned<LoRA<8, On<Query>, Alpha<16>>> == Tuned::new_weights && tuned<DoRA<8>> == Tuned::new_weights);
static_assert(tuned<PfeifferAdapter<8>> == Tuned::new_weights && tuned<MineOwn> == Tuned::new_weights);
static_assert(tuned<Bank<2, LoRA<4>>> == Tuned::new_weights && tuned<Unfreeze<Head, Pooler>> == Tuned::new_weights);
static_assert(tuned<SoftPrompt<20>> == Tuned::few_numbers && tuned<IA3<>> == Tuned::few_numbers);
static_assert(tuned<Unfreeze<Norms, Blocks<0, 1>>> == Tuned::few_numbers && tuned<BitFit> == Tuned::few_numbers);
// One rate for all that is united: the least of those that train.
static_assert(tuned<Methods<SoftPrompt<20>, LoRA<8>>> == Tuned::new_weights);
static_assert(tuned<Methods<LoRA<8>, Unfreeze<Head>>> == Tuned::new_weights);
static_assert(tuned<Methods<LoRA<8>, LastBlocks<1>>> == Tuned::base_weights);
static_assert(tuned<Methods<FrozenBase, UntiedHead, SoftPrompt<4>>> == Tuned::few_numbers);

BOOST_AUTO_TEST_CASE(a_trainer_takes_what_suits_the_method) {
  const auto rate_of = []<class M>(M, auto optimizer) {
    Llama<tiny::Config, M, reference> model;
    tiny::fill(model);
    const Trainer trainer(model, optimizer);
    return trainer.optimizer().learning_rate.value();
  };
  BOOST_TEST(rate_of(LoRA<2>{}, AdamW{}) == 5e-4F);
  BOOST_TEST(rate_of(FullFineTuning{}, AdamW{}) == 5e-5F);
  BOOST_TEST(rate_of(FullFineTuning{}, AdamW8bit{}) == 5e-5F);
  BOOST_TEST(rate_of(SoftPrompt<2>{}, AdamW{.weight_decay = 0.1F}) == 5e-3F);
  BOOST_TEST(rate_of(LoRA<2>{}, LoraFA{}) == 5e-4F);
  BOOST_TEST(rate_of(LoRA<2>{}, AdamW{.learning_rate = 0.25F}) == 0.25F);
  BOOST_TEST(rate_of(LoRA<2>{}, AdamW{.learning_rate = 0.0F}) == 0.0F);
}

BOOST_AUTO_TEST_SUITE_END()
