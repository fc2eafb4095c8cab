#include <graft/runtime/rate_search.hpp>

#include "runtime/pretended.hpp"
#include "train/examples.hpp"

#include <boost/test/unit_test.hpp>

using namespace graft;
using made::Pretended;

BOOST_AUTO_TEST_SUITE(runtime_rate_search)

RateSearch searched(Pretended& engine, Index examples, Index held = 0, const RunOptions& options = {}) {
  const auto all = tiny::examples(examples), others = tiny::examples(held == 0 ? 1 : held);
  return find_learning_rate(engine, [&] { engine.load({}, 0, {}); }, all, std::span(others).first(held), options);
}

BOOST_AUTO_TEST_CASE(takes_the_lowest_loss_and_the_lower_rate_of_equals) {
  Pretended engine;
  engine.loss_at = [](float rate) { return std::abs(static_cast<double>(rate) - 1.5) + 1; };
  auto found = searched(engine, 1000);
  BOOST_TEST(found.trials.size() == 5U);
  BOOST_TEST(found.taken() == 1.5F);  // thrice the method's half
  BOOST_TEST(found.trials.front().learning_rate == 0.05F);
  BOOST_TEST(found.trials.back().learning_rate == 5.0F);
  BOOST_TEST(engine.begun == 5U);
  BOOST_TEST(found.steps == 40U);
  BOOST_TEST(engine.steps == 40U);
  BOOST_TEST(engine.learned == 320U);
  BOOST_TEST(found.examples == 64U);  // set apart

  engine.loss_at = [](float) { return 2.0; };
  BOOST_TEST(searched(engine, 1000).taken() == 0.05F);
  RunOptions options;
  options.optimizer.learning_rate = 2.0F;
  BOOST_TEST(searched(engine, 1000, 0, options).trials[2].learning_rate == 2.0F);
}

BOOST_AUTO_TEST_CASE(few_examples_and_held_out_ones) {
  Pretended engine;
  engine.loss_at = [](float) { return 1.0; };
  BOOST_TEST(searched(engine, 16).examples == 2U);
  BOOST_TEST(engine.learned == 14U);
  BOOST_TEST(engine.steps == 2U);  // a run of two is tried whole
  BOOST_TEST(searched(engine, 3).examples == 3U);
  BOOST_TEST(searched(engine, 16, 5).examples == 5U);
  BOOST_TEST(engine.learned == 16U);
}

BOOST_AUTO_TEST_CASE(what_diverges_is_not_taken) {
  Pretended engine;
  engine.loss_at = [](float rate) { return rate > 1 ? -1.0 : 3.0 - static_cast<double>(rate); };
  const auto found = searched(engine, 100);
  BOOST_TEST(std::isinf(found.trials.back().loss));
  BOOST_TEST(found.taken() == 0.5F);
  engine.loss_at = [](float) { return -1.0; };
  BOOST_CHECK_EXCEPTION(searched(engine, 100), Error, [](const Error& e) {
    return std::string(e.what()).find("the loss is nan") != std::string::npos;
  });
}

BOOST_AUTO_TEST_SUITE_END()
