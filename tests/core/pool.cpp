#include "backend/counting.hpp"

#include <graft/backend/meta.hpp>
#include <graft/core/pool.hpp>

#include <boost/test/unit_test.hpp>

using namespace graft;

BOOST_AUTO_TEST_SUITE(core_pool)

BOOST_AUTO_TEST_CASE(released_neighbours_join) {
  Pool<reference> pool;
  pool.reserve(3 * 64);
  const auto a = pool.acquire(64), b = pool.acquire(64), c = pool.acquire(64);
  pool.release(a);
  pool.release(c);
  pool.release(b);
  const auto all = pool.acquire(192);
  BOOST_TEST(all.offset == 0U);
  BOOST_TEST(pool.peak() == 192U);
}

BOOST_AUTO_TEST_CASE(meta_keeps_the_same_books_without_memory) {
  const auto run = [](auto& pool) {
    const auto a = pool.acquire(1000), b = pool.acquire(500);
    pool.release(a);
    const auto c = pool.acquire(100), d = pool.acquire(3000);
    pool.release(b);
    pool.release(c);
    const auto e = pool.acquire(1500);
    pool.release(d);
    pool.release(e);
    return pool.peak();
  };
  Pool<reference> real;
  real.reserve(1U << 20U);
  Pool<meta<reference>> planned;
  BOOST_TEST(run(real) == run(planned));
}

BOOST_AUTO_TEST_CASE(it_grows_and_then_settles) {
  Pool<counting> pool;
  const auto round = [&pool] {
    std::vector<Pool<counting>::Block> blocks;
    for (Index i = 1; i < 40; ++i) blocks.push_back(pool.acquire(700 * i));
    for (const auto block : blocks) {
      *pool.at<float>(block) = 1.0F;
      pool.release(block);
    }
    pool.settle();
  };
  round();
  const auto before = counting::allocations;
  round();
  BOOST_TEST(counting::allocations == before);
}

BOOST_AUTO_TEST_SUITE_END()
