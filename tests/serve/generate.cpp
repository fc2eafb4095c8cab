#include "tiny.hpp"

#include <graft/serve.hpp>

#include <boost/test/unit_test.hpp>

#include <thread>

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
  for (Index i = 0; i < prompts.size(); ++i)
    BOOST_TEST(found[i] == alone(prompts[i], options), boost::test_tools::per_element());
  BOOST_TEST(together(std::vector<std::vector<Id>>{}, options).empty());
}

template <class F>
void says(const char* words, F f) {
  BOOST_CHECK_EXCEPTION(f(), Error, [words](const Error& error) {
    BOOST_TEST(std::string(error.what()).find(words) != std::string::npos, error.what());
    return true;
  });
}
// What does not fit the memory, or names nothing in it, is an error before anything is read.
BOOST_AUTO_TEST_CASE(nothing_is_read_beyond_the_cache) {
  Model model;
  tiny::fill(model);
  Generator generator(model, 8, 2);
  says("do not fit the cache of 8", [&] { generator({1, 2}, {.max_new_tokens = ~Index{0}}); });
  says("do not fit the cache of 8", [&] { generator({1, 2}, {.max_new_tokens = 7}); });
  says("there is no sequence 2", [&] { generator.next({{2, {1}}}); });
  says("is there twice", [&] { generator.next({{0, {1}}, {0, {2}}}); });
  says("has no token", [&] { generator.next(std::vector<Id>{}); });
  says("do not fit the cache of 8", [&] { generator.next(std::vector<Id>(9, 1)); });
  BOOST_TEST(generator.next(std::vector<Id>(8, 1)).size() == 50U);
  says("do not fit the cache of 8", [&] { generator.next({1}); });
  BOOST_TEST(generator.next(std::span<const Continuation>()).empty());
  says("there is no adapter 1", [&] { generator({1}, {.member = 1}); });
  says("1 adapters for 2 prompts", [&] { generator({{1}, {2}}, {.members = {0}}); });
  says("one at least", [&] { Generator(model, 8, 0); });
}

// Generators of one model may work at once.
BOOST_AUTO_TEST_CASE(two_threads_read_one_model) {
  Model model;
  tiny::fill(model);
  const std::vector<std::vector<Id>> prompts{{1, 2, 3}, {9, 8}};
  const auto wanted = Generator(model, 40, 2)(prompts, {.max_new_tokens = 20});
  std::vector<std::vector<Id>> made(2);
  std::vector<std::thread> threads;
  for (Index i = 0; i < 2; ++i)
    threads.emplace_back([&, i] { made[i] = Generator(model, 40)(prompts[i], {.max_new_tokens = 20}); });
  for (auto& thread : threads) thread.join();
  BOOST_CHECK(made == wanted);
}

// A soft prompt stands before every text that is generated, as it did in training: what is read with a cache is what is
// read whole.
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
