#include <graft/plan/listening.hpp>

#include <graft/autodiff/ops/pointwise/silu.hpp>
#include <graft/backend/reference.hpp>
#include <graft/layers/sublayer.hpp>
#include <graft/peft/low_rank/lora.hpp>

#include <boost/test/unit_test.hpp>

using namespace graft;
using B = reference;

BOOST_AUTO_TEST_SUITE(plan_listening)

using Bare = Frozen<Linear<B, 64, 32>>;
using Adapted = LowRank<LoRA<16>, Bare>;
constexpr Index rows = 4;

template <class L, bool Tracked = false>
Heard heard_of(Index times = 1) {
  Listening<L> layer;
  Initializer initializer{.key = {1, 0}};
  layer.initialize(initializer);
  Workspace<B> workspace;
  Tape<B> tape(workspace);
  const auto x = tape.value<64>(rows);
  fill(x.data, x.size(), 1.0F, B{});
  for (Index i = 0; i < times; ++i) {
    if constexpr (Tracked) layer(tape, tape.track(x));
    else layer(tape, x);
  }
  return heard_by(layer);
}

BOOST_AUTO_TEST_CASE(how_far_gradients_reach) {
  const auto frozen = heard_of<Bare>(), passed = heard_of<Bare, true>(), trained = heard_of<Adapted>();
  BOOST_TEST((frozen.called && !frozen.reads && !frozen.yields));
  BOOST_TEST((passed.reads && passed.yields));
  BOOST_TEST((!trained.reads && trained.yields));
  BOOST_TEST(!heard_of<Bare>(0).called);
}

// What is saved is what a layer leaves beside its result, of one pass, whatever their number.
BOOST_AUTO_TEST_CASE(what_is_saved) {
  BOOST_TEST(heard_of<Bare>().saved == 0U);
  BOOST_TEST(heard_of<Adapted>().saved == rows * 16 * sizeof(float));  // u = x Aᵀ
  BOOST_TEST(heard_of<Adapted>(3).saved == rows * 16 * sizeof(float));
}

/// silu(inner(x)), which saves what inner yields.
struct Around {
  Listening<Adapted> inner;
  template <class T, class X>
  auto operator()(T& tape, const X& x) const {
    return silu(tape, inner(tape, x));
  }
  void initialize(Initializer& initializer) { inner.initialize(initializer); }
};
BOOST_AUTO_TEST_CASE(what_an_inner_layer_saves_is_its_own) {
  BOOST_TEST(heard_of<Around>().saved == rows * 32 * sizeof(float));
}

/// A layer that stands where a block adds something.
struct Joining {
  template <class T, class R, class Sub>
  auto onto(T& tape, R residual, const Sub& sublayer, int) const {
    return sublayer.onto(tape, residual);
  }
};
BOOST_AUTO_TEST_CASE(at_the_sum_of_a_block) {
  Frozen<Linear<B, 32, 32>> layer;
  layer.weight.assign(std::vector<float>(32 * 32, 0.5F));
  Workspace<B> workspace;
  Tape<B> tape(workspace);
  const auto x = tape.value<32>(rows), residual = tape.value<32>(rows);
  fill(x.data, x.size(), 1.0F, B{}), fill(residual.data, residual.size(), 1.0F, B{});
  Listening<Joining> joining;
  joining.onto(tape, residual, Sublayer{Given{x}, InputRows<B>{}, &layer}, 0);
  BOOST_TEST((joining.heard.called && !joining.heard.reads && !joining.heard.yields));
  joining.onto(tape, residual, Sublayer{Given{tape.track(x)}, InputRows<B>{}, &layer}, 0);
  BOOST_TEST((joining.heard.reads && joining.heard.yields));
}

// It is called by itself, not as part of a product with others; and where there is no layer of its own nobody listens.
static_assert(ProductLayer<Bare> && !ProductLayer<Listening<Bare>>);
using Where = Place<Query, 0, 3, F32>;
static_assert(std::is_same_v<Listen::at<Where, Bare>, Listening<Bare>>);
static_assert(!listens<Listen::at<Where, Absent<B, void>>> && !listens<Listen::at<Where, Tied<Linear<B, 2, 3>>>>);
BOOST_AUTO_TEST_CASE(a_layer_that_nobody_listens_to) { BOOST_TEST(!heard_by(Bare()).called); }

BOOST_AUTO_TEST_SUITE_END()
