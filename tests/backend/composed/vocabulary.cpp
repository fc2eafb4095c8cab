#include <graft/backend/composed/vocabulary.hpp>
#include <graft/backend/reference.hpp>

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <vector>

using namespace graft;

BOOST_AUTO_TEST_SUITE(backend_composed_vocabulary)

BOOST_AUTO_TEST_CASE(what_is_borrowed) {
  BOOST_TEST(backend::composition::vocabulary_workspace(10, 3) == 2U * 10 * 3 + 1 + 1);
  BOOST_TEST(backend::composition::vocabulary_workspace(70, 3) == 2U * 64 * 3 + 2 + 1);  // 64 rows at a time
}

// More rows than there are at a time, against sums in double.
BOOST_AUTO_TEST_CASE(loss_and_gradient) {
  constexpr Index rows = 70, in = 2, vocabulary = 3;
  const std::vector<float> w{1, 0, 0.5F, -1, -2, 0.25F};
  std::vector<float> x(rows * in), dx(rows * in), l(rows),
      work(backend::best_vocabulary_workspace<float>(rows, vocabulary, in, F32{}, reference{}));
  std::vector<Id> targets(rows);
  for (Index t = 0; t < rows; ++t) {
    x[t * in] = static_cast<float>(t % 7) - 3.0F, x[t * in + 1] = static_cast<float>(t % 5) / 2.0F;
    targets[t] = static_cast<Id>(t % vocabulary);
  }
  float loss = 0;
  const auto* const packed = reinterpret_cast<const std::byte*>(w.data());
  backend::best_vocabulary_loss(&loss, l.data(), dx.data(), x.data(), packed, targets.data(), rows, in, vocabulary,
                                work.data(), F32{}, reference{});
  double wanted = 0, worst = 0;
  for (Index t = 0; t < rows; ++t) {
    double z[vocabulary], sum = 0;
    const auto at = [&](const std::vector<float>& m, Index i) { return static_cast<double>(m[i]); };
    for (Index v = 0; v < vocabulary; ++v) {
      z[v] = at(x, t * in) * at(w, v * in) + at(x, t * in + 1) * at(w, v * in + 1);
      sum += std::exp(z[v]);
    }
    const auto target = static_cast<Index>(targets[t]);
    wanted += std::log(sum) - z[target];
    worst = std::max(worst, std::abs(at(l, t) - std::log(sum)));
    for (Index i = 0; i < in; ++i) {
      double d = -at(w, target * in + i);
      for (Index v = 0; v < vocabulary; ++v) d += std::exp(z[v]) / sum * at(w, v * in + i);
      worst = std::max(worst, std::abs(at(dx, t * in + i) - d));
    }
  }
  BOOST_TEST(std::abs(static_cast<double>(loss) - wanted) < 1e-4);
  BOOST_TEST(worst < 1e-5);

  float alone = 0;  // without a gradient
  backend::best_vocabulary_loss(&alone, l.data(), static_cast<float*>(nullptr), x.data(), packed, targets.data(), rows,
                                in, vocabulary, work.data(), F32{}, reference{});
  BOOST_TEST(alone == loss);
}

BOOST_AUTO_TEST_SUITE_END()
