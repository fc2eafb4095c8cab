#include "../tiny.hpp"

#include <graft/serve.hpp>

#include <boost/test/unit_test.hpp>

using namespace graft;

BOOST_AUTO_TEST_SUITE(serve_generate)

using Model = Llama<tiny::Config, LoRA<2>, reference>;

BOOST_AUTO_TEST_CASE(the_cache_changes_nothing) {
  Model model;
  tiny::fill(model);
  const std::vector<Id> ids{3, 1, 4, 1, 5, 9, 2, 6};
  Generator with(model), without(model);
  std::vector<float> step_by_step;
  with.next({3, 1, 4});
  for (Index i = 3; i < ids.size(); ++i) step_by_step = with.next(std::vector<Id>{ids[i]});
  const auto at_once = without.next(ids);
  for (Index i = 0; i < at_once.size(); ++i) BOOST_TEST(std::abs(at_once[i] - step_by_step[i]) < 1e-4F);
}

BOOST_AUTO_TEST_CASE(greedy_is_the_likeliest_and_stops) {
  Model model;
  tiny::fill(model);
  Generator generator(model);
  const auto made = generator({1, 2, 3}, {.max_new_tokens = 5});
  BOOST_TEST(made.size() == 5U);
  Generator other(model);
  const auto logits = other.next({1, 2, 3});
  BOOST_TEST(made[0] == static_cast<Id>(std::max_element(logits.begin(), logits.end()) - logits.begin()));
  BOOST_TEST(generator({1, 2, 3}, {.max_new_tokens = 5, .stop = {made[0]}}).empty());
  BOOST_CHECK_THROW(generator(std::vector<Id>{}, {}), Error);
  BOOST_CHECK_THROW(generator(std::vector<Id>(3000, 1), {}), Error);
}

// Several texts at a time are the same texts, whatever is read beside them.
BOOST_AUTO_TEST_CASE(many_prompts_at_a_time) {
  Model model;
  tiny::fill(model);
  const std::vector<std::vector<Id>> prompts{{1, 2, 3}, {4, 5}, {6, 7, 8, 9, 10}, {11}, {12, 13}};
  const GenerateOptions options{.max_new_tokens = 6, .stop = {17, 3, 40}};
  Generator together(model, 32, 2), alone(model, 32);
  const auto found = together(prompts, options);
  for (Index i = 0; i < prompts.size(); ++i) BOOST_TEST(found[i] == alone(prompts[i], options), boost::test_tools::per_element());
  BOOST_TEST(together(std::vector<std::vector<Id>>{}, options).empty());
}

BOOST_AUTO_TEST_CASE(sampling) {
  const std::vector<float> logits{0.0F, 2.0F, 1.0F, -5.0F};
  std::vector<int> counts(4);
  for (Index i = 0; i < 4000; ++i) ++counts[static_cast<Index>(sample(logits, {.temperature = 1.0F, .seed = 7}, i))];
  const double z = 1 + std::exp(2) + std::exp(1) + std::exp(-5);
  BOOST_TEST(std::abs(counts[1] / 4000.0 - std::exp(2) / z) < 0.03);
  BOOST_TEST(std::abs(counts[0] / 4000.0 - 1 / z) < 0.03);
  for (Index i = 0; i < 200; ++i) {
    BOOST_TEST(sample(logits, {.temperature = 5.0F, .top_k = 1}, i) == 1);
    BOOST_TEST(sample(logits, {.temperature = 1.0F, .top_p = 0.6F}, i) == 1);
    BOOST_TEST(sample(logits, {.temperature = 9.0F, .top_k = 2}, i) != 3);
  }
}

// A soft prompt stands before every text that is generated, as it did in training: what is read with a cache is what is read whole.
BOOST_AUTO_TEST_CASE(behind_a_soft_prompt) {
  Llama<tiny::Config, SoftPrompt<3>, reference> model;
  tiny::fill(model);
  const std::vector<std::vector<Id>> prompts{{1, 2, 3}, {9, 8}};
  Generator together(model, 20, 2);
  const auto made = together(prompts, {.max_new_tokens = 5});
  for (Index p = 0; p < prompts.size(); ++p) {
    auto text = prompts[p];
    for (const Id wanted : made[p]) {
      Batch plain;
      plain.append(text, std::vector<Id>(text.size(), -1));
      const auto batch = model.prepared(plain);
      Workspace<reference> workspace;
      Inference<reference> tape(workspace);
      const auto logits = model.logits(tape, model.hidden(tape, place(tape, batch)));
      const float* const last = logits.data + (logits.rows - 1) * logits.columns;
      BOOST_TEST(static_cast<Id>(std::max_element(last, last + logits.columns) - last) == wanted);
      text.push_back(wanted);
    }
  }
  BOOST_CHECK_THROW(Generator(model, 7)({1, 2, 3}, {.max_new_tokens = 2}), Error);
}

BOOST_AUTO_TEST_SUITE_END()
