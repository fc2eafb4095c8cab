#include <graft/autodiff/parameter.hpp>
#include <graft/backend/meta.hpp>
#include <graft/backend/reference.hpp>

#include <boost/test/unit_test.hpp>

using namespace graft;

BOOST_AUTO_TEST_SUITE(autodiff_gradient_range)

// A parameter has a gradient of its own, until somebody lays it beside others; the memory lives as long as anybody uses
// it.
BOOST_AUTO_TEST_CASE(of_one_and_of_many) {
  Parameter<reference, Trainable, 2, 3> a;
  Parameter<reference, Trainable, 1, 5> b;
  BOOST_TEST(download<reference>(a.gradient(), 6) == std::vector<float>(6, 0.0F), boost::test_tools::per_element());
  a.gradient()[0] = 7;
  {
    const GradientRange<reference> both(11);
    a.gradient_range() = both.from(0);
    b.gradient_range() = both.from(6);
  }
  BOOST_TEST(b.gradient() == a.gradient() + 6);
  BOOST_TEST(download<reference>(a.gradient(), 11) == std::vector<float>(11, 0.0F), boost::test_tools::per_element());
  b.gradient()[4] = 3;
  BOOST_TEST(b.gradient_range().data()[4] == 3);
}

// A plan has the same type and no memory.
constexpr bool planned() {
  Parameter<meta<reference>, Trainable, 2, 3> p;
  p.gradient_range() = GradientRange<meta<reference>>(6);
  return p.gradient_bytes() == 24;
}
static_assert(planned());

BOOST_AUTO_TEST_SUITE_END()
