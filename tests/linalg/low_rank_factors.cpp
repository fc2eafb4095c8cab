#include <graft/linalg/low_rank_factors.hpp>

#include <graft/core/random.hpp>

#include <boost/test/unit_test.hpp>

using namespace graft;

BOOST_AUTO_TEST_SUITE(linalg_low_rank_factors)

using Numbers = std::vector<float>;

Numbers draws(Index n, std::uint64_t stream) {
  Numbers values(n);
  for (Index i = 0; i < n; ++i) values[i] = standard_normal({5, stream}, i);
  return values;
}
/// b(Out,Rank) a(Rank,In)
Numbers product(const Numbers& b, const Numbers& a, Index out, Index in) {
  const Index rank = b.size() / out;
  Numbers w(out * in, 0.0F);
  for (Index o = 0; o < out; ++o)
    for (Index r = 0; r < rank; ++r)
      for (Index i = 0; i < in; ++i) w[o * in + i] += b[o * rank + r] * a[r * in + i];
  return w;
}
double distance(const Numbers& x, const Numbers& y) {
  BOOST_REQUIRE(x.size() == y.size());
  double sum = 0;
  for (Index i = 0; i < x.size(); ++i) sum += std::pow(static_cast<double>(x[i]) - static_cast<double>(y[i]), 2);
  return std::sqrt(sum);
}

// Of a matrix whose singular values stand on its diagonal, the largest are kept, and those left out are 1 of 3, 2, 1.
BOOST_AUTO_TEST_CASE(the_largest_directions) {
  const Numbers tall{1, 0, 0, 0, -3, 0, 0, 0, 0, 0, 0, 2};  // (4,3)
  const auto f = low_rank_factors(tall, 4, 3, 2);
  BOOST_TEST(distance(product(f.b, f.a, 4, 3), {0, 0, 0, 0, -3, 0, 0, 0, 0, 0, 0, 2}) < 1e-5);
  BOOST_TEST(f.left_out == std::sqrt(1.0 / 14), boost::test_tools::tolerance(1e-6));
  // The largest first, its root at both sides.
  BOOST_TEST((std::abs(std::abs(f.a[1]) - std::sqrt(3.0F)) < 1e-5F));
  BOOST_TEST((std::abs(std::abs(f.b[2]) - std::sqrt(3.0F)) < 1e-5F));
  const Numbers wide{1, 0, 0, 0, 0, -3, 0, 0, 0, 0, 0, 2};  // (3,4)
  const auto g = low_rank_factors(wide, 3, 4, 2);
  BOOST_TEST(distance(product(g.b, g.a, 3, 4), {0, 0, 0, 0, 0, -3, 0, 0, 0, 0, 0, 2}) < 1e-5);
}

BOOST_AUTO_TEST_CASE(beyond_the_rank_that_there_is_are_zeros) {
  const auto w = product(draws(5, 1), draws(4, 2), 5, 4);  // of rank 1
  const auto f = low_rank_factors(w, 5, 4, 6);
  BOOST_TEST((f.a.size() == 24U && f.b.size() == 30U && f.left_out < 1e-6));
  BOOST_TEST(distance(product(f.b, f.a, 5, 4), w) < 1e-4);
  for (Index i = 4 * 4; i < 24; ++i) BOOST_TEST(f.a[i] == 0.0F);
  const auto nothing = low_rank_factors(Numbers(20, 0.0F), 5, 4, 2);
  BOOST_TEST((nothing.a == Numbers(8, 0.0F) && nothing.b == Numbers(10, 0.0F) && nothing.left_out == 0));
}

// A product is taken apart as the matrix that it is, where its rank is below both sides and where it is not.
BOOST_AUTO_TEST_CASE(of_a_product) {
  for (const Index r : {Index{3}, Index{6}}) {
    const auto b = draws(7 * r, 3), a = draws(r * 5, 4);
    const auto whole = low_rank_factors(product(b, a, 7, 5), 7, 5, 2), apart = low_rank_factors(b, a, 7, 5, r, 2);
    BOOST_TEST(distance(product(apart.b, apart.a, 7, 5), product(whole.b, whole.a, 7, 5)) < 1e-4);
    BOOST_TEST(std::abs(apart.left_out - whole.left_out) < 1e-5);
    BOOST_TEST(apart.left_out > 0.01);
  }
}

BOOST_AUTO_TEST_CASE(orthonormal_columns_and_what_is_left) {
  const auto w = draws(5 * 3, 5);
  const auto whole = orthogonal_factors(w, 5, 3, 3);
  BOOST_TEST(distance(product(whole.b, whole.a, 5, 3), w) < 1e-5);
  const auto two = orthogonal_factors(w, 5, 3, 2);
  for (Index i = 0; i < 2; ++i)
    for (Index j = 0; j < 2; ++j) {
      float dot = 0;
      for (Index o = 0; o < 5; ++o) dot += two.b[o * 2 + i] * two.b[o * 2 + j];
      BOOST_TEST(std::abs(dot - (i == j ? 1.0F : 0.0F)) < 1e-5F);
    }
  BOOST_TEST(std::abs(two.a[3]) < 1e-6F);          // below the diagonal
  const auto first = product(two.b, two.a, 5, 3);  // the first columns are there whole
  for (Index o = 0; o < 5; ++o) BOOST_TEST(std::abs(first[o * 3] - w[o * 3]) < 1e-5F);
}

// (2 1; 1 2) has the eigenvalues 3 of (1,1)/√2 and 1 of (1,−1)/√2; beside it stands 5.
BOOST_AUTO_TEST_CASE(of_a_symmetric_matrix) {
  const Numbers gram{2, 0, 1, 0, 5, 0, 1, 0, 2};
  const auto values = eigenvalues(gram, 3);
  for (Index i = 0; i < 3; ++i) BOOST_TEST(std::abs(values[i] - Numbers{5, 3, 1}[i]) < 1e-5F);
  const auto rows = leading_directions(gram, 3, 2);
  const float root = std::sqrt(0.5F);
  for (Index i = 0; i < 6; ++i) BOOST_TEST(std::abs(std::abs(rows[i]) - Numbers{0, 1, 0, root, 0, root}[i]) < 1e-5F);
  BOOST_TEST(rows[3] * rows[5] > 0.0F);
}

BOOST_AUTO_TEST_SUITE_END()
