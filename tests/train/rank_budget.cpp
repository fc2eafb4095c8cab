// AdaLoRA's budget: how it falls, that what it drops stays dropped, and that it is part of a trainer's steps.
#include "tiny.hpp"

#include <graft/train/trainer.hpp>

#include <boost/test/unit_test.hpp>

using namespace graft;

BOOST_AUTO_TEST_SUITE(train_rank_budget)

BOOST_AUTO_TEST_CASE(falls_to_its_target) {
  Llama<tiny::Config, AdaLoRA<6, On<Query, Value>>, reference> model;
  tiny::fill(model);
  Trainer trainer(model, AdamW{.learning_rate = 1e-2F});
  trainer.share_ranks(RankBudgetOptions{.target_rank = 2, .warm_up = 2, .final_steps = 3, .interval = 2, .steps = 12});
  const auto& budget = trainer.rank_budget();
  constexpr Index layers = 2 * tiny::Config::blocks;
  const double first = trainer.step(tiny::batch()).loss;
  double last = first;
  for (Index step = 2; step <= 12; ++step) {
    last = trainer.step(tiny::batch()).loss;
    // b(t) = b₁ + (b₀ − b₁)(1 − (t − 2) / (12 − 3 − 2))³
    const double left = 1.0 - (static_cast<double>(step) - 2.0) / 7.0;
    const Index wanted = step <= 2  ? 6 * layers
                         : step > 9 ? 2 * layers
                                    : static_cast<Index>(4.0 * layers * left * left * left + 2.0 * layers);
    BOOST_TEST(budget->budget(step) == wanted);
    if (step == 2) BOOST_TEST(budget->kept() == 6 * layers);
    if ((step > 2 && step % 2 == 0) || step > 9)
      BOOST_TEST(budget->kept() == wanted,
                 "step " << step << ": " << budget->kept() << " kept, " << wanted << " wanted");
  }
  BOOST_TEST(last < first);
  trainer.share_ranks({});
  trainer.step(tiny::batch());
  BOOST_TEST(!trainer.rank_budget().has_value());
}

// Unless said as in PEFT: to 8 on average, from the first step to the last.
BOOST_AUTO_TEST_CASE(by_default) {
  Llama<tiny::Config, AdaLoRA<12, On<Query, Value>>, reference> model;
  Trainer trainer(model);
  constexpr Index layers = 2 * tiny::Config::blocks;
  const RankBudget<reference> budget(trainer.slots(), {.steps = 20});
  // AdaLoraConfig(total_step=20): RankAllocator.budget_schedule(step) of PEFT 0.21.2 for 6 layers
  const Index peft[] = {68, 65, 62, 60, 58, 56, 54, 53, 51, 51, 50, 49, 49, 48, 48, 48, 48, 48, 48, 48};
  for (Index step = 1; step <= 20; ++step) BOOST_TEST(budget.budget(step) == peft[step - 1]);
  BOOST_TEST(budget.is_at_target(20));
  BOOST_TEST(!budget.is_at_target(2));
  BOOST_TEST(budget.text() == "from 72 to 48 singular values in steps 1 to 20 of 20");
  BOOST_TEST(RankBudget<reference>(trainer.slots(), {.steps = 1}).budget(1) == 8 * layers);
  BOOST_TEST(RankBudget<reference>(trainer.slots(), {.target_rank = 19, .steps = 20}).budget(20) == 12 * layers);
}

// Layers that a schedule left nothing of have no part in another.
BOOST_AUTO_TEST_CASE(beside_layers_of_no_rank) {
  Llama<tiny::Config, Methods<AdaLoRA<12, On<Query>>, AdaLoRA<12, FinalRank<0>, On<Value>>>, reference> model;
  tiny::fill(model);
  Trainer trainer(model);
  trainer.share_ranks(RankBudgetOptions{.target_rank = 2, .steps = 4});
  for (int i = 0; i < 4; ++i) trainer.step(tiny::batch());
  BOOST_TEST(trainer.rank_budget()->kept() == 2 * tiny::Config::blocks);
}

BOOST_AUTO_TEST_CASE(says_what_is_wrong) {
  Llama<tiny::Config, LoRA<4>, reference> lora;
  Trainer plain(lora);
  BOOST_CHECK_THROW(plain.share_ranks(RankBudgetOptions{.steps = 10}), Error);
  Llama<tiny::Config, AdaLoRA<6>, reference> model;
  Trainer trainer(model);
  BOOST_CHECK_THROW(trainer.share_ranks(RankBudgetOptions{.warm_up = 5, .final_steps = 5, .steps = 10}), Error);
  BOOST_CHECK_THROW(trainer.share_ranks(RankBudgetOptions{.warm_up = 10, .steps = 10}), Error);
  BOOST_CHECK_THROW(trainer.share_ranks(RankBudgetOptions{.final_steps = 11, .steps = 10}), Error);
  BOOST_CHECK_THROW(trainer.share_ranks(RankBudgetOptions{.interval = 0, .steps = 10}), Error);
}

BOOST_AUTO_TEST_SUITE_END()
