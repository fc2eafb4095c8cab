#include <graft/autodiff/var.hpp>

#include <graft/backend/meta.hpp>
#include <graft/backend/reference.hpp>
#include <graft/core/storage.hpp>

#include <boost/test/unit_test.hpp>

using namespace graft;

BOOST_AUTO_TEST_SUITE(autodiff_var)

// What a frozen weight does not need does not exist in the value's type.
template <class V>
concept HasAdjoint = requires(V v) { v.adjoint; };

static_assert(!HasAdjoint<Var<reference, 4>> && HasAdjoint<Var<reference, 4, Gradient::tracked>>);
static_assert(sizeof(Var<reference, 4>) < sizeof(Var<reference, 4, Gradient::tracked>));
static_assert(Var<meta<reference>, 4>{.rows = 3}.size() == 12);

BOOST_AUTO_TEST_CASE(the_same_value_without_a_gradient) {
  std::vector<Bfloat16> numbers(6);
  const Var<reference, 2, Gradient::tracked, Bfloat16> x{3, numbers.data(), 5};
  const auto y = x.constant();
  static_assert(std::is_same_v<decltype(y.constant()), Var<reference, 2, Gradient::none, Bfloat16>>);
  BOOST_TEST((x.size() == 6U && y.size() == 6U && y.data == numbers.data() && y.constant().rows == 3U));
}

BOOST_AUTO_TEST_SUITE_END()
