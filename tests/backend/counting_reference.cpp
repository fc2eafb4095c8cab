#include <graft/backend/counting_reference.hpp>

#include <boost/test/unit_test.hpp>

using namespace graft;

BOOST_AUTO_TEST_SUITE(backend_counting_reference)

BOOST_AUTO_TEST_CASE(what_is_in_use) {
  const Index before = counting_reference::in_use;
  {
    Buffer<counting_reference> first(128);
    BOOST_TEST(counting_reference::in_use == before + 128);
    const Buffer<counting_reference> second(64);
    BOOST_TEST(counting_reference::in_use == before + 192);
    first = Buffer<counting_reference>(256);  // the old memory is given back
    BOOST_TEST(counting_reference::in_use == before + 320);
    const auto moved = std::move(first);
    BOOST_TEST(counting_reference::in_use == before + 320);
    BOOST_TEST(moved.bytes() == 256U);
  }
  BOOST_TEST(counting_reference::in_use == before);
}

BOOST_AUTO_TEST_SUITE_END()
