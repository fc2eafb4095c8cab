#include <graft/runtime/run_options.hpp>

#include <boost/test/unit_test.hpp>

using namespace graft;

BOOST_AUTO_TEST_SUITE(runtime_run_options)

BOOST_AUTO_TEST_CASE(one_seed_for_all) {
  RunOptions options;
  options.fit.seed = 3, options.trainer.seed = 4;
  options.seed(7);
  BOOST_TEST(options.fit.seed == 7U);
  BOOST_TEST(options.trainer.seed == 7U);
}

BOOST_AUTO_TEST_CASE(what_is_not_said_is_as_elsewhere) {
  const RunOptions options;
  BOOST_TEST(options.fit.batch == FitOptions{}.batch);
  BOOST_TEST(options.trainer.clip_norm == TrainerOptions{}.clip_norm);
  BOOST_TEST(!options.optimizer.learning_rate.has_value());
}

BOOST_AUTO_TEST_SUITE_END()
