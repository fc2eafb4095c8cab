#include <graft/train/schedule.hpp>

#include "error.hpp"

#include <boost/test/unit_test.hpp>

using namespace graft;
using made::error_of;

BOOST_AUTO_TEST_SUITE(train_schedule)

BOOST_AUTO_TEST_CASE(factors) {
  const Schedule cosine{Schedule::Kind::cosine, 2, 10}, linear{Schedule::Kind::linear, 0, 4};
  BOOST_TEST(cosine.factor(0) == 0.5F);
  BOOST_TEST(cosine.factor(1) == 1.0F);
  BOOST_TEST(cosine.factor(2) == 1.0F);
  BOOST_TEST(cosine.factor(6) == 0.5F, boost::test_tools::tolerance(1e-6F));
  BOOST_TEST(linear.factor(1) == 0.75F);
  BOOST_TEST(Schedule{}.factor(1000) == 1.0F);
  BOOST_TEST(cosine.factor(10) == 0.0F);
  BOOST_TEST(linear.factor(400) == 0.0F);
  BOOST_TEST(error_of([] { (void)Schedule{Schedule::Kind::linear}.factor(0); }).find("set Schedule::total") !=
             std::string::npos);
}

// Unless said a share of the run: none of a short one, never all of it, and every step does something.
BOOST_AUTO_TEST_CASE(warm_up) {
  for (const auto kind : {Schedule::Kind::constant, Schedule::Kind::linear, Schedule::Kind::cosine})
    for (const Index total : {1, 2, 3, 10, 33, 34, 100, 1000}) {
      const Schedule schedule = Schedule{.kind = kind}.over(total);
      BOOST_TEST(schedule.warmup_steps() == total * 3 / 100);
      BOOST_TEST(schedule.warmup_steps() < total);
      for (Index step = 0; step < total; ++step) BOOST_TEST(schedule.factor(step) > 0.0F);
    }
  BOOST_CHECK_EXCEPTION((void)(Schedule{.warmup = 5}.over(5)), Error, [](const Error& e) {
    return std::string(e.what()).find("takes 5 steps, and the whole run has 5") != std::string::npos;
  });
  BOOST_TEST(Schedule{.warmup = 4}.over(5).factor(0) == 0.25F);
  BOOST_TEST(Schedule{.warmup = 0}.over(1).factor(0) == 1.0F);
}

BOOST_AUTO_TEST_CASE(over_a_run) {
  BOOST_TEST((Schedule{}.over(10).kind == Schedule::Kind::cosine));
  BOOST_TEST(!Schedule{}.over(0).kind.has_value());
  BOOST_TEST((Schedule{.kind = Schedule::Kind::constant}.over(10).kind == Schedule::Kind::constant));
  BOOST_TEST(Schedule{.total = 5}.over(10).total == 5U);
}

BOOST_AUTO_TEST_CASE(names) {
  for (const auto name : schedule_names) BOOST_TEST(schedule_name({.kind = schedule_kind(name)}) == name);
  BOOST_TEST(schedule_name({}) == "constant");
  BOOST_TEST(error_of([] { schedule_kind("step"); }) ==
             "unknown schedule \"step\"; there are constant, linear and cosine");
}

BOOST_AUTO_TEST_SUITE_END()
