// The gradient of LoRA, written out by hand, against the tape; and what holds for every method.
#include <graft/peft/low_rank/lora.hpp>

#include "peft/holds.hpp"

using namespace graft;
using B = reference;
using holding::holds, holding::is_whole, holding::holds_over;

BOOST_AUTO_TEST_SUITE(peft_low_rank_lora)

using Frozen4x6 = Frozen<Linear<B, 6, 4>>;
using Method = LoRA<2, Alpha<6>>;  // s = 3
using Layer2 = LowRank<Method, Frozen4x6>;

struct Setup {
  Setup() {
    const auto draw = [](Index n, std::uint64_t stream) {
      std::vector<float> v(n);
      for (Index i = 0; i < n; ++i) v[i] = standard_normal({3, stream}, i);
      return v;
    };
    w = draw(24, 1), a = draw(12, 2), b = draw(8, 3), x = draw(18, 4), dy = draw(12, 5);
    layer.base.weight.assign(w);
    layer.a.assign(a);
    layer.b.assign(b);
  }
  Layer2 layer;
  std::vector<float> w, a, b, x, dy;  // W(4,6) A(2,6) B(4,2) x(3,6) dy(3,4)
};

BOOST_AUTO_TEST_CASE(the_four_equations) {
  Setup s;
  const Buffer<B> memory(18 * sizeof(float));
  upload<B>(memory.as<float>(), std::span<const float>(s.x));
  Workspace<B> workspace;
  Tape<B> tape(workspace);
  const auto x = tape.track(Var<B, 6>{3, memory.as<float>()});
  const auto y = s.layer(tape, x);
  std::vector<float> u(6, 0), du(6, 0), da(12, 0), db(8, 0), dx(18, 0);
  for (Index t = 0; t < 3; ++t) {
    for (Index r = 0; r < 2; ++r)
      for (Index i = 0; i < 6; ++i) u[t * 2 + r] += s.x[t * 6 + i] * s.a[r * 6 + i];
    for (Index o = 0; o < 4; ++o) {
      float wanted = 0;
      for (Index i = 0; i < 6; ++i) wanted += s.x[t * 6 + i] * s.w[o * 6 + i];
      for (Index r = 0; r < 2; ++r) {
        wanted += 3 * u[t * 2 + r] * s.b[o * 2 + r];
        du[t * 2 + r] += 3 * s.dy[t * 4 + o] * s.b[o * 2 + r];
        db[o * 2 + r] += 3 * s.dy[t * 4 + o] * u[t * 2 + r];
      }
      for (Index i = 0; i < 6; ++i) dx[t * 6 + i] += s.dy[t * 4 + o] * s.w[o * 6 + i];
      BOOST_TEST(y.data[t * 4 + o] == wanted, boost::test_tools::tolerance(1e-4F));
    }
    for (Index r = 0; r < 2; ++r)
      for (Index i = 0; i < 6; ++i) {
        da[r * 6 + i] += du[t * 2 + r] * s.x[t * 6 + i];
        dx[t * 6 + i] += du[t * 2 + r] * s.a[r * 6 + i];
      }
  }
  upload<B>(tape.contribute(y).data, std::span<const float>(s.dy));
  tape.unwind(0, {});
  const auto close = [](const std::vector<float>& found, const std::vector<float>& wanted) {
    for (Index i = 0; i < wanted.size(); ++i) BOOST_TEST(std::abs(found[i] - wanted[i]) < 1e-4F);
  };
  close(download<B>(s.layer.a.gradient(), 12), da);
  close(download<B>(s.layer.b.gradient(), 8), db);
  close(download<B>(tape.adjoint(x), 18), dx);
}

BOOST_AUTO_TEST_CASE(merging_and_back) {
  Setup s;
  Workspace<B> workspace;
  const Buffer<B> memory(18 * sizeof(float));
  upload<B>(memory.as<float>(), std::span<const float>(s.x));
  const auto forward = [&] {
    workspace.reset();
    Inference<B> tape(workspace);
    const auto y = s.layer(tape, Var<B, 6>{3, memory.as<float>()});
    return download<B>(y.data, 12);
  };
  const auto plain = forward();
  s.layer.merge();
  const auto merged = forward();
  s.layer.merge();  // a second time changes nothing
  BOOST_TEST(forward() == merged, boost::test_tools::per_element());
  s.layer.unmerge();
  const auto back = s.layer.base.weight.read();
  for (Index i = 0; i < 12; ++i) BOOST_TEST(std::abs(plain[i] - merged[i]) < 1e-4F);
  for (Index i = 0; i < 24; ++i) BOOST_TEST(std::abs(back[i] - s.w[i]) < 1e-5F);
}

BOOST_AUTO_TEST_CASE(first_values) {
  Layer2 layer;
  Initializer initializer{.key = {1, 0}, .base = false};
  layer.initialize(initializer);
  for (const float b : layer.b.read()) BOOST_TEST(b == 0.0F);
  float largest = 0;
  for (const float a : layer.a.read()) largest = std::max(largest, std::abs(a));
  BOOST_TEST(largest > 0.0F);
  BOOST_TEST(largest <= 1.0F / std::sqrt(6.0F));
}

// What its options say is the type's.
static_assert(LoRA<4, RankStabilized, Alpha<8>, On<Query>>::settings.scaling() == 4.0F);
using AtQuery = Place<Query, 1, 3, F32>;
static_assert(LoRA<4, Alpha<2>, On<Query>>::places::has<AtQuery> && !LoRA<4, Blocks<2, 3>>::places::has<AtQuery>);

// Down has none that it could be merged into
BOOST_AUTO_TEST_CASE(lora_with_a_bias) { is_whole<LoRA<4, On<Query, Down>, LoraBias>>(); }
BOOST_AUTO_TEST_CASE(lora_with_a_bias_merged) { holds<LoRA<4, On<Query, Key, Value>, LoraBias>, true>(); }
BOOST_AUTO_TEST_CASE(lora) { holds<LoRA<4>, true>(); }
BOOST_AUTO_TEST_CASE(lora_over_four_bits) { holds_over<Nf4, LoRA<4>, true>(); }

BOOST_AUTO_TEST_SUITE_END()
