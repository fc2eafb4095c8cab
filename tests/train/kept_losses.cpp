#include "backend/guarded.hpp"

#include <graft/train/kept_losses.hpp>

#include <boost/test/unit_test.hpp>

using namespace graft;

BOOST_AUTO_TEST_SUITE(train_kept_losses)

// On a backend whose memory the host cannot touch; more of them than there is room for at first.
BOOST_AUTO_TEST_CASE(come_back_in_their_order) {
  KeptLosses<guarded> losses;
  BOOST_TEST(losses.take(guarded{}).empty());
  const Buffer<guarded> memory(sizeof(float));
  for (const Index count : {3, 40, 1}) {
    for (Index i = 0; i < count; ++i) {
      const float loss = static_cast<float>(i) + 0.5F;
      upload<guarded>(memory.as(), std::span<const float>(&loss, 1));
      losses.add(memory.as(), guarded{});
    }
    const auto all = losses.take(guarded{});
    BOOST_REQUIRE(all.size() == count);
    for (Index i = 0; i < count; ++i) BOOST_TEST(all[i] == static_cast<float>(i) + 0.5F);
  }
  losses.add(memory.as(), guarded{});
  losses.clear();
  BOOST_TEST(losses.take(guarded{}).empty());
}

BOOST_AUTO_TEST_SUITE_END()
