// A cache has the rows that it says it has.
#include "tiny.hpp"

#include <graft/serve/cache.hpp>

#include <boost/test/unit_test.hpp>

using namespace graft;

BOOST_AUTO_TEST_SUITE(serve_cache)

using Model = Llama<tiny::Config, LoRA<2>, reference>;

BOOST_AUTO_TEST_CASE(rows_and_sequences) {
  KeyValueCache<Model> cache(2, 5);
  BOOST_TEST(cache.rows() == 10U);
  BOOST_TEST(cache.row(1, 3) == 8);
  cache.advance(1, 4);
  BOOST_TEST(cache.length(1) == 4U);
  BOOST_TEST(cache.room(1) == 1U);
  BOOST_CHECK_THROW(cache.advance(1, 2), Error);
  BOOST_CHECK_THROW(cache.advance(1, ~Index{0}), Error);
  cache.clear(1);
  BOOST_TEST(cache.length(1) == 0U);
  BOOST_CHECK_THROW(static_cast<void>(cache.row(1, 5)), Error);
  BOOST_CHECK_THROW(static_cast<void>(cache.row(2, 0)), Error);
  BOOST_CHECK_THROW(static_cast<void>(cache.length(2)), Error);
  BOOST_CHECK_THROW(cache.clear(2), Error);
  BOOST_CHECK_THROW(cache.advance(2, 0), Error);
  BOOST_CHECK_THROW(static_cast<void>(cache.keys(3)), Error);
  BOOST_CHECK_THROW(static_cast<void>(cache.values(3)), Error);
}
BOOST_AUTO_TEST_CASE(there_is_room_for_something) {
  BOOST_CHECK_THROW(KeyValueCache<Model>(0, 5), Error);
  BOOST_CHECK_THROW(KeyValueCache<Model>(2, 0), Error);
  BOOST_CHECK_THROW(KeyValueCache<Model>(Index{1} << 40U, Index{1} << 40U), Error);
}
BOOST_AUTO_TEST_CASE(a_prefix_begins_a_sequence) {
  using Prefixed = Llama<tiny::Config, PrefixTuning<3>, reference>;
  Prefixed model;
  tiny::fill(model);
  Workspace<reference> workspace;
  Inference<reference> tape(workspace);
  KeyValueCache<Prefixed> cache(1, 5), small(1, 2);
  remember_prefix(tape, model, cache, 0);
  BOOST_TEST(cache.length(0) == 3U);
  BOOST_CHECK_THROW(remember_prefix(tape, model, cache, 0), Error);
  BOOST_CHECK_THROW(remember_prefix(tape, model, small, 0), Error);
}

BOOST_AUTO_TEST_SUITE_END()
