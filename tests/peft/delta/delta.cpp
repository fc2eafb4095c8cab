#include <graft/peft/delta/delta.hpp>

#include "layers/examine.hpp"

#include <graft/backend/reference.hpp>
#include <graft/layers/rms_norm.hpp>

using namespace graft;
using B = reference;
using examining::examine;

BOOST_AUTO_TEST_SUITE(peft_delta_delta)

/// ΔW = u v, as ops say it; or as a cheaper path and as values of the host; or as what follows from the base.
enum class As { ops, path, follows, nothing };
template <As How>
struct Outer {
  using places = Places<On<Linears>>;
  using problem = void;
  template <class Back, Index Out, Index In>
  struct Weights {
    static constexpr WeightsOffers offers{.path = How == As::path,
                                          .values = How == As::path,
                                          .over_base = How == As::follows,
                                          .nothing = How == As::nothing};
    TrainedTensor<Back, Out, 1> u;
    TrainedTensor<Back, 1, In> v;
    template <class T>
    constexpr auto delta(T& tape) const {
      return product_nn(tape, leaf(tape, u), leaf(tape, v));
    }
    template <class T, class X>
    constexpr auto path(T& tape, X x) const {
      return product_nt<Out>(tape, product_nt<1>(tape, x, leaf(tape, v)), leaf(tape, u));
    }
    [[nodiscard]] std::vector<float> delta_values() const {
      const auto left = u.read(), right = v.read();
      std::vector<float> w;
      for (const float a : left)
        for (const float b : right) w.push_back(a * b);
      return w;
    }
    template <class Self, class F>
    static constexpr void visit(Self& self, F&& f, const Path& path) {
      f(Path{&path, "u"}, self.u);
      f(Path{&path, "v"}, self.v);
    }
    void initialize(Initializer&) {
      u.assign(std::vector<float>(Out, 0.0F));
      v.assign(std::vector<float>(In, 1.0F));
    }
    void initialize_over(const std::vector<float>& w, Initializer&) {
      u.assign(std::vector<float>(Out, w[0]));
      v.assign(std::vector<float>(w.begin(), w.begin() + In));
    }
  };
};
template <As How, class S = F32>
using Layer = Delta<Outer<How>, Frozen<Linear<B, 2, 3>, S>>;

// W(3,2), u(3), v(2), and a row x: y = x Wᵀ + (v·x) u
const std::vector<float> weight{1, 2, 0, 1, -1, 1}, u{1, 0, -2}, v{3, 1}, whole{4, 3, 0, 1, -7, -1}, x{2, -1};
const std::vector<float> plain{0, -1, -3}, wanted{5, -1, -13};

template <class L>
L filled() {
  L layer;
  layer.base.weight.assign(weight);
  layer.weights.u.assign(u);
  layer.weights.v.assign(v);
  return layer;
}
template <template <class> class Tape, class L>
std::vector<float> yields(const L& layer) {
  Workspace<B> workspace;
  Tape<B> tape(workspace);
  return download<B>(layer(tape, Var<B, 2>{1, tape.numbers(x.data(), 2)}).data, 3);
}

BOOST_AUTO_TEST_CASE(gradients) {
  examine<Delta<Outer<As::ops>, Frozen<Linear<B, 6, 4>>>>(10);
  examine<Delta<Outer<As::path>, Frozen<Linear<B, 6, 4, true>>>>(10);
}

template <As How>
void merges() {
  auto layer = filled<Layer<How>>();
  BOOST_TEST((yields<Inference>(layer) == wanted && yields<Tape>(layer) == wanted));
  BOOST_TEST((layer.merged_weight(weight) == whole && layer.base.weight.read() == weight));
  for (int i = 0; i < 2; ++i) {  // a second time changes nothing
    layer.merge();
    BOOST_TEST((layer.base.weight.read() == whole));
    BOOST_TEST((yields<Inference>(layer) == wanted && yields<Tape>(layer) == wanted));
  }
  for (int i = 0; i < 2; ++i) {
    layer.unmerge();
    BOOST_TEST((layer.base.weight.read() == weight && yields<Inference>(layer) == wanted));
  }
}
BOOST_AUTO_TEST_CASE(merged_and_back) {
  merges<As::ops>();
  merges<As::path>();
}

// What others have is given back as it was, and not as arithmetic in its storage leaves it.
BOOST_AUTO_TEST_CASE(a_shared_base_is_given_back) {
  auto layer = filled<Layer<As::ops, Q4_1>>();
  const auto other = layer.base.weight;
  const auto before = other.read();
  layer.merge();
  BOOST_TEST((layer.base.weight.read() != before && other.read() == before));
  layer.unmerge();
  BOOST_TEST(layer.base.weight.packed() == other.packed());
}

BOOST_AUTO_TEST_CASE(first_values_that_follow_from_the_base) {
  Layer<As::follows> layer;
  layer.base.weight.assign(weight);
  Initializer beside{.key = {1, 0}, .base = false};
  layer.initialize(beside);
  BOOST_TEST((layer.weights.u.read() == std::vector<float>(3, 1.0F)));
  BOOST_TEST((layer.weights.v.read() == std::vector<float>{1, 2} && layer.base.weight.read() == weight));
}

BOOST_AUTO_TEST_CASE(where_there_is_nothing_to_add) {
  auto layer = filled<Layer<As::nothing>>();
  BOOST_TEST((yields<Tape>(layer) == plain && layer.merged_weight(weight) == weight));
}

// ΔW that is made for every input is dear where inputs are few rows.
static_assert(Layer<As::ops>::offers.slow_at_few_rows && !Layer<As::path>::offers.slow_at_few_rows);

// What a method of this kind answers.
using AtQuery = Place<Query, 0, 3, F32>;
using Bare = Frozen<Linear<B, 2, 3>>;
template <class L, class Where = AtQuery>
using answer = delta_at<Outer<As::ops>, Where, L>;
static_assert(std::is_same_v<answer<Bare>, Layer<As::ops>> &&
              std::is_same_v<answer<Bare, Place<Head, -1, 3, F32>>, Bare>);
static_assert(std::is_same_v<answer<Frozen<RMSNorm<B, 2>>>::complaint, DeltaOnNoLinear>);
static_assert(std::is_same_v<answer<Linear<B, 2, 3>>::complaint, DeltaOnNoLinear>);  // trained
static_assert(std::is_same_v<answer<Tied<Linear<B, 2, 3>>>::complaint, DeltaOnNoLinear>);
struct Impossible : Outer<As::ops> {
  using problem = UnknownSite;
};
static_assert(std::is_same_v<delta_at<Impossible, AtQuery, Bare>::complaint, UnknownSite>);

BOOST_AUTO_TEST_SUITE_END()
