#include "backend/counting.hpp"

#include <graft/core/arena.hpp>

#include <boost/test/unit_test.hpp>

using namespace graft;

BOOST_AUTO_TEST_SUITE(core_arena)

BOOST_AUTO_TEST_CASE(allocations_are_aligned_and_disjoint) {
  Arena<reference> arena;
  float* const a = arena.allocate<float>(3);
  float* const b = arena.allocate<float>(100'000);
  BOOST_TEST(reinterpret_cast<std::uintptr_t>(a) % 64 == 0U);
  BOOST_TEST(reinterpret_cast<std::uintptr_t>(b) % 64 == 0U);
  BOOST_TEST((b + 100'000 <= a || a + 3 <= b));
  BOOST_TEST(arena.used() == 64U + 400'000U);
}

BOOST_AUTO_TEST_CASE(rewinding_gives_the_same_memory_again) {
  Arena<reference> arena;
  arena.allocate<float>(10);
  const auto mark = arena.mark();
  const float* const first = arena.allocate<float>(10);
  arena.rewind(mark);
  BOOST_TEST(arena.allocate<float>(10) == first);
  BOOST_TEST(arena.peak() == 128U);
}

BOOST_AUTO_TEST_CASE(after_the_first_round_nothing_is_allocated) {
  Arena<counting> arena;
  const auto round = [&arena] {
    for (int i = 0; i < 50; ++i) arena.allocate<float>(1000 * static_cast<Index>(i));
    arena.rewind({});
  };
  round();
  const auto before = counting::allocations;
  round();
  round();
  BOOST_TEST(counting::allocations == before);
}

BOOST_AUTO_TEST_SUITE_END()
