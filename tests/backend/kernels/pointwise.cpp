#include <graft/backend/kernels/pointwise.hpp>

#include <boost/test/unit_test.hpp>

using namespace graft;

BOOST_AUTO_TEST_SUITE(backend_kernels_pointwise)

BOOST_AUTO_TEST_CASE(sigmoids) {
  BOOST_TEST(backend::sigmoid(0) == 0.5F);
  BOOST_TEST(backend::sigmoid(std::log(3.0F)) == 0.75F, boost::test_tools::tolerance(1e-6F));
  BOOST_TEST(backend::sigmoid(-200) == 0.0F);  // where exp(200) is no float
  BOOST_TEST(backend::sigmoid(200) == 1.0F);
}

template <class F>
void slope_is_that_of_values() {
  for (const float x : {-2.0F, -0.5F, 0.25F, 1.5F}) {
    constexpr float step = 1e-2F;
    const float difference = (F::value(x + step) - F::value(x - step)) / (2 * step);
    BOOST_TEST(std::abs(F::slope(F::value(x)) - difference) < 1e-4F, x);
  }
}
BOOST_AUTO_TEST_CASE(slopes_from_values) {
  slope_is_that_of_values<backend::Relu>();
  slope_is_that_of_values<backend::Tanh>();
  slope_is_that_of_values<backend::Sigmoid>();
  BOOST_TEST(backend::Relu::slope(backend::Relu::value(0)) == 0.0F);
}

BOOST_AUTO_TEST_SUITE_END()
