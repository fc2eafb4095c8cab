// AdaLoRA's budget: how it falls, and that what it drops stays dropped.
#include "../tiny.hpp"

#include <graft/train/rank_budget.hpp>

#include <boost/test/unit_test.hpp>

using namespace graft;

BOOST_AUTO_TEST_SUITE(train_rank_budget)

BOOST_AUTO_TEST_CASE(falls_to_its_target) {
  Llama<tiny::Config, AdaLoRA<6, On<Query, Value>>, reference> model;
  tiny::fill(model);
  Trainer trainer(model, AdamW{.learning_rate = 1e-2F});
  RankBudget budget(trainer, {.target_rank = 2, .warm_up = 2, .final_steps = 3, .interval = 2, .steps = 12});
  constexpr Index layers = 2 * tiny::Config::blocks;
  const double first = trainer.step(tiny::batch(), [&] { budget(); }).loss;
  double last = first;
  for (Index step = 2; step <= 12; ++step) {
    last = trainer.step(tiny::batch(), [&] { budget(); }).loss;
    // b(t) = b₁ + (b₀ − b₁)(1 − (t − 2) / (12 − 3 − 2))³
    const double left = 1.0 - (static_cast<double>(step) - 2.0) / 7.0;
    const Index wanted = step <= 2 ? 6 * layers : step > 9 ? 2 * layers : static_cast<Index>(4.0 * layers * left * left * left + 2.0 * layers);
    BOOST_TEST(budget.budget(step) == wanted);
    if (step == 2) BOOST_TEST(budget.kept() == 6 * layers);
    if ((step > 2 && step % 2 == 0) || step > 9) BOOST_TEST(budget.kept() == wanted, "step " << step << ": " << budget.kept() << " kept, " << wanted << " wanted");
  }
  BOOST_TEST(last < first);
}

// Unless said: two thirds of the ranks, from the second tenth of the steps to the seventh.
BOOST_AUTO_TEST_CASE(by_default) {
  Llama<tiny::Config, AdaLoRA<6, On<Query, Value>>, reference> model;
  tiny::fill(model);
  Trainer trainer(model);
  const RankBudget budget(trainer, {.steps = 20});
  constexpr Index initial = 6 * 2 * tiny::Config::blocks;
  BOOST_TEST(budget.budget(2) == initial);
  BOOST_TEST(budget.budget(3) < initial);
  BOOST_TEST(budget.budget(7) == 26U);
  BOOST_TEST(budget.budget(14) == 2 * initial / 3);
  BOOST_TEST(budget.budget(20) == 2 * initial / 3);
  BOOST_TEST(budget.text() == "from 36 to 24 singular values in steps 3 to 14 of 20");
  BOOST_TEST(RankBudget(trainer, {.steps = 1}).budget(1) == 2 * initial / 3);
  BOOST_TEST(RankBudget(trainer, {.target_rank = 9, .steps = 20}).budget(20) == initial);
}

BOOST_AUTO_TEST_CASE(says_what_is_wrong) {
  Llama<tiny::Config, LoRA<4>, reference> lora;
  Trainer plain(lora);
  BOOST_CHECK_THROW((RankBudget(plain, {.steps = 10})), Error);
  Llama<tiny::Config, AdaLoRA<6>, reference> model;
  Trainer trainer(model);
  BOOST_CHECK_THROW((RankBudget(trainer, {.warm_up = 5, .final_steps = 5, .steps = 10})), Error);
  BOOST_CHECK_THROW((RankBudget(trainer, {.warm_up = 9, .steps = 10})), Error);
  BOOST_CHECK_THROW((RankBudget(trainer, {.final_steps = 11, .steps = 10})), Error);
}

BOOST_AUTO_TEST_SUITE_END()
