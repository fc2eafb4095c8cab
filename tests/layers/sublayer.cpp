#include <graft/layers/sublayer.hpp>

#include <graft/backend/reference.hpp>
#include <graft/layers/linear.hpp>
#include <graft/layers/rms_norm.hpp>

#include <boost/test/unit_test.hpp>

using namespace graft;
using B = reference;

BOOST_AUTO_TEST_SUITE(layers_sublayer)

struct Setup {
  Setup() {
    layer.weight.assign(std::vector<float>{1, 2, 0, -1});
    norm.weight.assign(std::vector<float>{1, 2});
    norm.epsilon = 0;
  }
  Var<B, 2> row(const std::vector<float>& values) { return {1, tape.numbers(values.data(), 2)}; }
  void is(Var<B, 2> y, const std::vector<float>& wanted) {
    for (Index i = 0; i < 2; ++i) BOOST_TEST(std::abs(y.data[i] - wanted[i]) < 1e-5F);
  }
  Linear<B, 2, 2> layer;  // (x + 2 y, −y)
  RMSNorm<B, 2> norm;     // of (a, b): (a, 2 b) / √((a² + b²) / 2)
  Workspace<B> workspace;
  Inference<B> tape{workspace};
};

BOOST_AUTO_TEST_CASE(what_is_added_and_the_sum) {
  Setup s;
  const Sublayer sublayer{Given{s.row({9, -1})}, InputRows<B>{}, &s.layer};
  s.is(sublayer.alone(s.tape), {7, 1});
  s.is(sublayer.onto(s.tape, s.row({10, 20})), {17, 21});
  s.is(sublayer.normed(s.tape, s.row({10, 20})), {10, 20});  // as it is
  s.is(AsItIs{}(s.tape, s.row({3, 4})), {3, 4});
}

// Where a block norms the sum, the layer's own share is not normed, and others find the sum behind the norm.
BOOST_AUTO_TEST_CASE(a_norm_behind_the_sum) {
  Setup s;
  const Sublayer sublayer{Given{s.row({9, -1})}, InputRows<B>{}, &s.layer, &s.norm};
  s.is(sublayer.alone(s.tape), {7, 1});
  s.is(sublayer.onto(s.tape, s.row({0, 0})), {7, 1});
  s.is(sublayer.normed(s.tape, s.row({7, 1})), {1.4F, 0.4F});
}

// Where a block norms what it adds, the sum is left as it is.
BOOST_AUTO_TEST_CASE(a_norm_of_what_is_added) {
  Setup s;
  const NormedSublayer sublayer{Given{s.row({9, -1})}, InputRows<B>{}, &s.layer, &s.norm};
  s.is(sublayer.alone(s.tape), {1.4F, 0.4F});
  s.is(sublayer.onto(s.tape, s.row({10, 20})), {11.4F, 20.4F});
  s.is(sublayer.normed(s.tape, s.row({7, 1})), {7, 1});
}

/// An adapter: residual + factor h.
struct Factor {
  template <class T, class R, class Sub>
  constexpr auto onto(T& tape, R residual, const Sub& sublayer, float factor) const {
    return add(tape, residual, scale(tape, sublayer.alone(tape), factor));
  }
};
BOOST_AUTO_TEST_CASE(a_layer_at_the_site_makes_the_sum) {
  Setup s;
  const Sublayer sublayer{Given{s.row({9, -1})}, InputRows<B>{}, &s.layer};
  s.is(joined(s.tape, Absent<B, void>{}, s.row({10, 20}), sublayer, 3.0F), {17, 21});
  s.is(joined(s.tape, Factor{}, s.row({10, 20}), sublayer, 3.0F), {31, 23});
}

BOOST_AUTO_TEST_SUITE_END()
