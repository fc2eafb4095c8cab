#include <graft/train/check_optimizer.hpp>
#include <graft/train/optimizers/adamw.hpp>

#include <boost/test/unit_test.hpp>

using namespace graft;

BOOST_AUTO_TEST_SUITE(train_optimizers_adamw)

BOOST_AUTO_TEST_CASE(do_what_an_optimizer_must) {
  BOOST_TEST(check_optimizer(AdamW{.learning_rate = 1e-2F}).empty());
  BOOST_TEST(check_optimizer(AdamW8bit{{.learning_rate = 1e-2F}}).empty());
}

BOOST_AUTO_TEST_CASE(parameter_groups) {
  const AdamW optimizer{.learning_rate = 1e-3F,
                        .groups = {{.part = "lora_B", .rate_factor = 16}, {.part = "norm", .weight_decay = 0.5F}}};
  BOOST_TEST(optimizer.settings_for("a.lora_B.weight").learning_rate == 16e-3F, boost::test_tools::tolerance(1e-6F));
  BOOST_TEST(optimizer.settings_for("model.norm.weight").weight_decay == 0.5F);
  BOOST_TEST(optimizer.settings_for("a.lora_A.weight").learning_rate == 1e-3F);
}

BOOST_AUTO_TEST_SUITE_END()
