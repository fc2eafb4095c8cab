#include <graft/runtime/run_record.hpp>

#include <boost/test/unit_test.hpp>

using namespace graft;

BOOST_AUTO_TEST_SUITE(runtime_run_record)

BOOST_AUTO_TEST_CASE(speed_is_of_what_was_timed) {
  RunRecord record;
  record.history.tokens = 1000;
  record.history.seconds = 4;
  BOOST_TEST(!record.tokens_per_second().has_value());
  record.history.timed_tokens = 500;
  BOOST_TEST(record.tokens_per_second().value() == 125.0);
}

BOOST_AUTO_TEST_CASE(changes_are_of_figures_that_both_moments_have) {
  RunRecord record;
  std::vector<std::string> said;
  const auto all = [&] {
    said.clear();
    record.each_change([&](const char* name, double before, double after) {
      said.push_back(std::string(name) + " " + std::to_string(before) + " " + std::to_string(after));
    });
    return said;
  };
  BOOST_TEST(all().empty());
  record.before = HeldOutFigures{.loss = 2, .others = {{"accuracy", "accuracy", 0.5}, {"f1", "F1", 0.25}}};
  BOOST_TEST(all().empty());
  // The name is that of the moment afterwards, the key tells which is which.
  const std::string key = "accuracy";
  record.after = HeldOutFigures{
      .loss = 1, .loss_name = "loss", .others = {{"pearson", "correlation", 1}, {key.c_str(), "share right", 0.75}}};
  BOOST_TEST((all() == std::vector<std::string>{"loss 2.000000 1.000000", "share right 0.500000 0.750000"}));
}

BOOST_AUTO_TEST_SUITE_END()
