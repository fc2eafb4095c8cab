#include <graft/eval/correlation.hpp>

#include <boost/test/unit_test.hpp>

#include <vector>

using namespace graft;

BOOST_AUTO_TEST_SUITE(eval_correlation)

BOOST_AUTO_TEST_CASE(by_hand) {
  const std::vector<double> x{1, 2, 3, 4}, twice{2, 4, 6, 8}, down{4, 3, 2, 1}, same{5, 5, 5, 5}, other{1, 3, 2, 4};
  BOOST_TEST(correlation(x, twice) == 1, boost::test_tools::tolerance(1e-12));
  BOOST_TEST(correlation(x, down) == -1, boost::test_tools::tolerance(1e-12));
  BOOST_TEST(correlation(x, other) == 0.8, boost::test_tools::tolerance(1e-12));
  BOOST_TEST(correlation(x, same) == 0);
  BOOST_TEST(mean_squared_error(x, twice) == (1 + 4 + 9 + 16) / 4.0);
}

BOOST_AUTO_TEST_SUITE_END()
