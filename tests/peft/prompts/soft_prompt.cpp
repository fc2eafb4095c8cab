#include <graft/peft/prompts/soft_prompt.hpp>

#include "peft/prompts/generates.hpp"

using namespace graft;
using holding::Config, holding::holds, holding::generates;

BOOST_AUTO_TEST_SUITE(peft_prompts_soft_prompt)

BOOST_AUTO_TEST_CASE(soft_prompt) { holds<SoftPrompt<3>, false>(); }
BOOST_AUTO_TEST_CASE(multitask_prompt) { holds<MultitaskPrompt<3, 2>, false>(); }

BOOST_AUTO_TEST_CASE(tasks_have_prompts_of_their_own) {
  Llama<Config, MultitaskPrompt<3, 2, 2>, Cpu> model;
  tiny::fill(model);
  auto first = tiny::batch(), second = tiny::batch();
  second.task = 1;
  Workspace<Cpu> workspace;
  const auto loss = [&](const Batch& batch) {
    return held_out_loss(model, std::span<const Batch>(&batch, 1), workspace).mean();
  };
  BOOST_TEST(std::abs(loss(first) - loss(second)) > 1e-4);
  Trainer trainer(model, AdamW{.learning_rate = 5e-2F});
  const std::vector<Batch> both{first, second};
  const double before = trainer.step(both).loss;
  for (int i = 0; i < 8; ++i) trainer.step(both);
  BOOST_TEST(trainer.step(both).loss < before);
  auto third = tiny::batch();
  third.task = 2;
  BOOST_CHECK_THROW(loss(third), Error);
}

BOOST_AUTO_TEST_CASE(soft_prompts_in_the_cache) { generates<SoftPrompt<3>, Cpu>(); }

BOOST_AUTO_TEST_SUITE_END()
