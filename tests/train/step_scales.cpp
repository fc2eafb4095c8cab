#include <graft/train/step_scales.hpp>

#include <graft/backend/reference.hpp>

#include <boost/test/unit_test.hpp>

#include <limits>

using namespace graft;

BOOST_AUTO_TEST_SUITE(train_step_scales)

struct Slot {
  Index group;
  const float* gradient;
  Index size;
};

/// Two groups: one of norm 5 in two slots, and one of norm `second`.
struct Scaled {
  Scaled(const std::array<float, 2>& weights, float clip, float second = 2, float health = 0) {
    const float threes[] = {3, 0}, four[] = {4}, others[] = {second};
    const std::vector<Slot> slots{{0, threes, 2}, {1, others, 1}, {0, four, 1}};
    *scales.healthy() = health;
    scales.set(slots, weights, clip, reference{});
    norm = scales.norm(weights, reference{});
  }
  [[nodiscard]] float of(Index group) const { return *scales.of(group); }
  StepScales<reference, 2> scales;
  float norm = 0;
};

BOOST_AUTO_TEST_CASE(each_group_is_cut_by_its_own_norm) {
  const Scaled scaled({0.5F, 0.25F}, 1);
  BOOST_TEST(scaled.norm == 2.5F);  // as it was
  BOOST_TEST(scaled.of(0) == 0.2F, boost::test_tools::tolerance(1e-5F));
  BOOST_TEST(scaled.of(1) == 0.25F);
  const Scaled whole({0.5F, 0.25F}, 0);
  BOOST_TEST(whole.of(0) == 0.5F);
  BOOST_TEST(whole.norm == 2.5F);
}

BOOST_AUTO_TEST_CASE(a_step_that_is_not_to_be_taken) {
  constexpr float nan = std::numeric_limits<float>::quiet_NaN(), infinite = std::numeric_limits<float>::infinity();
  for (const auto& scaled : {Scaled({1, 1}, 1, infinite), Scaled({1, 1}, 0, nan), Scaled({1, 1}, 1, 2, nan)}) {
    BOOST_TEST(std::isnan(scaled.of(0)));
    BOOST_TEST(std::isnan(scaled.of(1)));
  }
  BOOST_TEST(std::isinf(Scaled({1, 1}, 1, infinite).norm));
  BOOST_TEST(std::isnan(Scaled({1, 1}, 1, nan).norm));
}

BOOST_AUTO_TEST_CASE(a_group_without_targets) {
  const Scaled scaled({0, 0.5F}, 10);
  BOOST_TEST(scaled.of(0) == 0.0F);
  BOOST_TEST(scaled.of(1) == 0.5F);
  BOOST_TEST(scaled.norm == 1.0F);
}

BOOST_AUTO_TEST_SUITE_END()
