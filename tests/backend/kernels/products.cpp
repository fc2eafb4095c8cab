#include <graft/backend/kernels/products.hpp>

#include <boost/test/unit_test.hpp>

#include <array>
#include <set>

using namespace graft;
using backend::Members;

BOOST_AUTO_TEST_SUITE(backend_kernels_products)

BOOST_AUTO_TEST_CASE(columns_that_rows_keep) {
  const std::array<Id, 3> owners{0, 1, 2};
  const Members two{2, owners.data()};
  const auto is = [](std::pair<Index, Index> columns, Index first, Index last) {
    BOOST_TEST(columns.first == first);
    BOOST_TEST(columns.second == last);
  };
  is(two.columns(0, 4), 0, 2);
  is(two.columns(1, 4), 2, 4);
  is(two.columns(2, 4), 4, 4);  // nobody's
  is(Members{}.columns(7, 4), 0, 4);
}

// B is (members, out, R/members): every entry has a place of its own, a member's are together.
BOOST_AUTO_TEST_CASE(places_of_a_banks_weights) {
  constexpr Index out = 3, rank = 4;
  std::set<Index> places;
  for (Index o = 0; o < out; ++o)
    for (Index r = 0; r < rank; ++r) {
      const Index at = Members{2}.at(o, r, out, rank);
      places.insert(at);
      BOOST_TEST(at / (out * rank / 2) == r / 2);
    }
  BOOST_TEST(places.size() == out * rank);
  BOOST_TEST(*places.rbegin() == out * rank - 1);
  BOOST_TEST(Members{2}.at(1, 3, out, rank) == 9U);
}

BOOST_AUTO_TEST_SUITE_END()
