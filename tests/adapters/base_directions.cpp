#include <graft/adapters/base_directions.hpp>

#include <graft/backend/reference.hpp>

#include <boost/test/unit_test.hpp>

using namespace graft;
using B = reference;

BOOST_AUTO_TEST_SUITE(adapters_base_directions)

using Base = Frozen<Linear<B, 3, 4>>;
using Pissa = LowRank<LoRA<2, PissaInit, Alpha<1>>, Base>;  // s = 1/2
using Olora = LowRank<LoRA<2, OloraInit, Alpha<1>>, Base>;
const std::vector<float> weight{3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0};  // W(4,3), of singular values 3, 2, 1

template <class L>
std::vector<float> path_of(const LowRankFactors& f) {
  const auto less = without_directions(std::vector<float>(12, 0.0F), f, 4, 3, L::method::settings.scaling());
  std::vector<float> path;
  for (const float x : less) path.push_back(-x);
  return path;
}
void close(const std::vector<float>& found, const std::vector<float>& wanted) {
  BOOST_REQUIRE(found.size() == wanted.size());
  for (Index i = 0; i < wanted.size(); ++i)
    BOOST_TEST(std::abs(found[i] - wanted[i]) < 1e-5F, i << ": " << found[i] << ", not " << wanted[i]);
}

BOOST_AUTO_TEST_CASE(the_largest_directions_whatever_the_scaling) {
  close(path_of<Pissa>(base_directions<Pissa>(weight)), {3, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0});
  close(weight_under(Pissa(), weight), {0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0});
}

// OLoRA's factors are those of W, so that the path is s times what they make.
BOOST_AUTO_TEST_CASE(the_first_rows_and_columns) {
  close(path_of<Olora>(base_directions<Olora>(weight)), {1.5F, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0});
  close(weight_under(Olora(), weight), {1.5F, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0});
}

/// As much of a model as has layers at sites.
template <class First, class Second>
struct TwoLayers {
  First first;
  Second second;
  template <class Self, class F>
  static void each_site(Self& self, const F& f) {
    f(Query{}, Path{}, self.first);
    f(Key{}, Path{}, self.second);
  }
};
BOOST_AUTO_TEST_CASE(a_model_computes_what_it_did) {
  TwoLayers<Pissa, LowRank<LoRA<2>, Base>> model;
  const std::vector<float> drawn{1, 2, -1, 0.5F, 3, 1, -2, 0, 1, 1, 1, -1}, zeros(8, 0.0F), path{1, 2, 3, 4, 5, 6};
  model.first.base.weight.assign(drawn);
  model.first.b.assign(zeros);
  model.first.a.assign(path);
  model.second.base.weight.assign(drawn);
  model.second.a.assign(path);
  model.second.b.assign(zeros);
  start_from_base(model);
  close(model.first.base.weight.read(), weight_under(model.first, drawn));
  close(model.first.merged_weight(model.first.base.weight.read()), drawn);
  double moved = 0;
  for (const float x : model.first.low_rank_weight()) moved += static_cast<double>(std::abs(x));
  BOOST_TEST(moved > 1.0);
  BOOST_TEST((model.second.base.weight.read() == drawn && model.second.b.read() == zeros));  // of another kind
}

BOOST_AUTO_TEST_SUITE_END()
