#include <graft/autodiff/check_gradients.hpp>

#include <graft/backend/reference.hpp>

#include <boost/test/unit_test.hpp>

using namespace graft;

BOOST_AUTO_TEST_SUITE(autodiff_check_gradients)

/// loss = Σ i xᵢ² over 2 + 3 numbers, of which central differences know the gradient 2 i xᵢ but for rounding.
struct Squares {
  std::vector<float> first{0.5F, -1}, second{2, 0.25F, -0.5F};
  [[nodiscard]] float loss() const {
    float sum = 0, factor = 1;
    for (const auto* part : {&first, &second})
      for (const float x : *part) sum += factor++ * x * x;
    return sum;
  }
  GradientReport report(const std::vector<float>& of_first, const std::vector<float>& of_second) {
    return check_gradients<reference>({{first.data(), 2, of_first}, {second.data(), 3, of_second}},
                                      [this] { return loss(); });
  }
};
const std::vector<float> right_first{1, -4}, right_second{12, 2, -5};

BOOST_AUTO_TEST_CASE(a_right_gradient) {
  Squares squares;
  const auto report = squares.report(right_first, right_second);
  BOOST_TEST(report.checked == 5U);
  BOOST_TEST(report.worst < 1e-3);
  BOOST_TEST((squares.first == Squares().first && squares.second == Squares().second));  // as they were
}

BOOST_AUTO_TEST_CASE(a_wrong_entry_is_named_and_measured) {
  const auto first = Squares().report({1, -2}, right_second);
  BOOST_TEST(first.entry == 1U);
  BOOST_TEST(first.worst == 2.0 / 4, boost::test_tools::tolerance(1e-2));  // of the largest of its own part
  const auto second = Squares().report(right_first, {12, 2, 1});
  BOOST_TEST(second.entry == 4U);  // counted through both
  BOOST_TEST(second.worst == 6.0 / 12, boost::test_tools::tolerance(1e-2));
}

BOOST_AUTO_TEST_CASE(what_is_no_number_is_worse_than_any) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const auto of_gradient = Squares().report({1, nan}, {12, 2, 1});
  BOOST_TEST((std::isinf(of_gradient.worst) && of_gradient.entry == 1U));
  std::vector<float> x{1, 2};
  const auto of_loss = check_gradients<reference>({{x.data(), 2, {0, 0}}}, [&] { return x[0] == 1 ? 3.0F : nan; });
  BOOST_TEST((std::isinf(of_loss.worst) && of_loss.entry == 0U));
}

BOOST_AUTO_TEST_CASE(where_nothing_depends_on_it) {
  std::vector<float> x{1, 2};
  const auto report = check_gradients<reference>({{x.data(), 2, {0, 1e-3F}}}, [] { return 3.0F; });
  BOOST_TEST(report.worst == 1.0, boost::test_tools::tolerance(1e-6));  // not divided by nothing
}

BOOST_AUTO_TEST_SUITE_END()
