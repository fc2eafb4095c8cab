#include <graft/layers/apply.hpp>

#include <graft/backend/reference.hpp>
#include <graft/layers/linear.hpp>
#include <graft/layers/rms_norm.hpp>

#include <boost/test/unit_test.hpp>

using namespace graft;
using B = reference;

BOOST_AUTO_TEST_SUITE(layers_apply)

/// A product whose completion may not be done to a sum with something else.
struct Doubled : Linear<B, 2, 2> {
  static constexpr bool completes_sums = false;
  template <class T, class Y>
  constexpr auto complete(T& tape, Y y) const {
    return scale(tape, y, 2.0F);
  }
};

static_assert(computed_together<Linear<B, 2, 2>, Linear<B, 2, 3, true>> && computed_together<Doubled>);
static_assert(!computed_together<RMSNorm<B, 2>> && !computed_together<Linear<B, 2, 2>, RMSNorm<B, 2>>);
// Products of weights of two storages are not one op.
static_assert(!computed_together<Frozen<Linear<B, 2, 2>, F32>, Frozen<Linear<B, 2, 2>, Bf16>>);

struct Setup {
  Setup() {
    sum.weight.assign(std::vector<float>{1, 2, 0, -1});
    sum.bias.assign(std::vector<float>{0.5F, 1});
    doubled.weight.assign(std::vector<float>{1, 0, 0, 3});
    norm.weight.assign(std::vector<float>{1, 1});
  }
  /// x(2,2)
  Var<B, 2> x() { return {2, tape.numbers(numbers.data(), 4)}; }
  static std::vector<float> read(Var<B, 2> y) { return download<B>(y.data, 4); }

  Linear<B, 2, 2, true> sum;
  Doubled doubled;
  RMSNorm<B, 2> norm;
  std::vector<float> numbers{1, 1, 2, -1};
  Workspace<B> workspace;
  Inference<B> tape{workspace};
};

BOOST_AUTO_TEST_CASE(together_and_one_after_another) {
  Setup s;
  const auto [y, z] = apply(s.tape, Given{s.x()}, {}, s.sum, s.doubled);
  BOOST_TEST(Setup::read(y) == (std::vector<float>{3.5F, 0, 0.5F, 2}), boost::test_tools::per_element());
  BOOST_TEST(Setup::read(z) == (std::vector<float>{2, 6, 4, -6}), boost::test_tools::per_element());
  const auto [again, normed] = apply(s.tape, Given{s.x()}, {}, s.sum, s.norm);
  BOOST_TEST(Setup::read(again) == Setup::read(y), boost::test_tools::per_element());
  BOOST_TEST(Setup::read(normed) == Setup::read(s.norm(s.tape, s.x())), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(in_elements_that_are_asked_for) {
  Setup s;
  const auto narrow = as_elements<Bfloat16>(s.tape, s.x());
  const auto [as_source] = apply(s.tape, Given{narrow}, {}, s.sum);
  const auto [wide] = apply<float>(s.tape, Given{narrow}, {}, s.sum);
  const auto [normed] = apply<float>(s.tape, Given{narrow}, {}, s.norm);
  static_assert(std::is_same_v<decltype(as_source)::element, Bfloat16>);
  static_assert(std::is_same_v<decltype(normed)::element, float>);
  BOOST_TEST(Setup::read(wide) == (std::vector<float>{3.5F, 0, 0.5F, 2}), boost::test_tools::per_element());
}

// What may not be done to a sum is done before the residual is added, where the others are one op with it.
BOOST_AUTO_TEST_CASE(onto_a_residual) {
  Setup s;
  const std::vector<float> r{10, 20, 30, 40};
  const auto residual = [&] { return Var<B, 2>{2, s.tape.numbers(r.data(), 4)}; };
  BOOST_TEST(Setup::read(apply_onto(s.tape, residual(), Given{s.x()}, {}, s.sum)) ==
                 (std::vector<float>{13.5F, 20, 30.5F, 42}),
             boost::test_tools::per_element());
  BOOST_TEST(
      Setup::read(apply_onto(s.tape, residual(), Given{s.x()}, {}, s.doubled)) == (std::vector<float>{12, 26, 34, 34}),
      boost::test_tools::per_element());
  const auto normed = Setup::read(s.norm(s.tape, s.x()));
  const auto sum = Setup::read(apply_onto(s.tape, residual(), Given{s.x()}, {}, s.norm));
  for (Index i = 0; i < 4; ++i) BOOST_TEST(sum[i] == r[i] + normed[i]);
}

BOOST_AUTO_TEST_CASE(products_know_whose_rows_they_read) {
  Setup s;
  const std::vector<Id> owners{1, 0};
  const InputRows<B> how{.owners = s.tape.ids(owners.data(), 2)};
  BOOST_TEST((how.projection(s.sum).owners == how.owners && s.sum.projection().owners == nullptr));
}

BOOST_AUTO_TEST_SUITE_END()
