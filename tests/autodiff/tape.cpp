#include "backend/counting.hpp"

#include <graft/autodiff.hpp>
#include <graft/backend/meta.hpp>

#include <boost/test/unit_test.hpp>

using namespace graft;

BOOST_AUTO_TEST_SUITE(autodiff_tape)

// What a frozen weight does not need does not exist on the tape.
BOOST_AUTO_TEST_CASE(constant_values_record_nothing) {
  Workspace<reference> workspace;
  Tape<reference> tape(workspace);
  Parameter<reference, Constant<F32>, 3, 4> w;
  w.assign(std::vector<float>(12, 0.5F));
  const auto x = tape.value<4>(2);
  fill(x.data, 8, 1.0F, reference{});
  const auto y = silu(tape, matmul(tape, x, w));
  static_assert(!decltype(y)::tracked);
  BOOST_TEST(tape.records() == 0U);
}

BOOST_AUTO_TEST_CASE(a_step_allocates_only_the_first_time) {
  Workspace<counting> workspace;
  Parameter<counting, Trainable, 8, 8> w;
  w.assign(std::vector<float>(64, 0.1F));
  const auto step = [&] {
    workspace.reset();
    Tape<counting> tape(workspace);
    auto x = tape.track(tape.value<8>(300));
    fill(x.data, x.size(), 1.0F, counting{});
    for (int i = 0; i < 10; ++i) x = silu(tape, matmul(tape, x, w));
    const std::vector<Id> targets(300, 1);
    tape.backward(cross_entropy(tape, x, tape.ids(targets.data(), 300)));
  };
  step();
  step();
  const int before = counting::allocations;
  step();
  BOOST_TEST(counting::allocations == before);
}

BOOST_AUTO_TEST_CASE(a_value_that_nothing_reads_costs_no_backward_step) {
  Workspace<reference> workspace;
  Tape<reference> tape(workspace);
  Parameter<reference, Trainable, 3, 4> w;
  w.assign(std::vector<float>(12, 0.5F));
  const auto x = tape.track(tape.value<4>(2));
  fill(x.data, 8, 1.0F, reference{});
  matmul(tape, x, w);  // dead
  const auto y = matmul(tape, x, w);
  const std::vector<Id> targets{0, 1};
  tape.backward(cross_entropy(tape, y, tape.ids(targets.data(), 2)));
  BOOST_TEST(workspace.cost().backward < 2 * 2 * (2 * 3 * 4) + 100U);
}

// A gradient that the host brings: of a loss Σ y dy it is the loss's own.
BOOST_AUTO_TEST_CASE(backward_from_a_gradient_of_the_hosts) {
  Parameter<reference, Trainable, 3, 4> w;
  w.assign(std::vector<float>{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12});
  const std::vector<float> x{1, -1, 2, 0.5F, 3, 1, -2, 1}, dy{1, 0, -1, 2, 0.5F, 1};  // x(2,4), y(2,3)
  Workspace<reference> workspace;
  Tape<reference> tape(workspace);
  const auto run = [&](const auto& seed) {
    workspace.reset();
    const auto in = tape.track(Var<reference, 4>{2, tape.numbers(x.data(), x.size())});
    const auto y = matmul(tape, in, w);
    seed(y);
    return download<reference>(tape.adjoint(in), 8);
  };
  const auto dx = run([&](auto y) { tape.backward(y, dy); });
  for (Index t = 0; t < 2; ++t)
    for (Index i = 0; i < 4; ++i) {
      float wanted = 0;
      for (Index o = 0; o < 3; ++o) wanted += dy[t * 3 + o] * w.value()[o * 4 + i];
      BOOST_TEST(dx[t * 4 + i] == wanted);
    }
  for (Index o = 0; o < 3; ++o)
    for (Index i = 0; i < 4; ++i) BOOST_TEST(w.gradient()[o * 4 + i] == dy[o] * x[i] + dy[3 + o] * x[4 + i]);
  const auto again = run([&](auto y) { tape.backward(y, Var<reference, 3>{2, tape.numbers(dy.data(), dy.size())}); });
  BOOST_TEST(again == dx, boost::test_tools::per_element());
  BOOST_CHECK_THROW(run([&](auto y) { tape.backward(y, std::vector<float>(5)); }), Error);
  BOOST_CHECK_THROW(run([&](auto y) { tape.backward(y, Var<reference, 3>{3, tape.numbers(x.data(), 6)}); }), Error);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(autodiff_checkpoint)

BOOST_AUTO_TEST_CASE(checkpointing_changes_no_bit_and_saves_memory) {
  const auto run = [](bool checkpointed) {
    Workspace<reference> workspace;
    workspace.random = {9, 0};
    Parameter<reference, Trainable, 16, 16> w;
    std::vector<float> values(256);
    for (Index i = 0; i < 256; ++i) values[i] = 0.3F * standard_normal({1, 1}, i);
    w.assign(values);
    Tape<reference> tape(workspace);
    auto x = tape.track(tape.value<16>(20));
    for (Index i = 0; i < x.size(); ++i) x.data[i] = standard_normal({2, 2}, i);
    const auto layer = [&w](auto& inner, auto v) { return dropout(inner, silu(inner, matmul(inner, v, w)), 0.2F); };
    for (int i = 0; i < 6; ++i) {
      if (checkpointed) x = checkpoint(tape, x, [layer](auto& inner, auto v) { return layer(inner, v); });
      else x = layer(tape, x);
    }
    const std::vector<Id> targets(20, 3);
    const auto loss = cross_entropy(tape, x, tape.ids(targets.data(), 20));
    auto result = download<reference>(loss.data, 1);
    tape.backward(loss);
    const auto gradient = download<reference>(w.gradient(), 256);
    result.insert(result.end(), gradient.begin(), gradient.end());
    return std::pair(result, workspace.value_peak());
  };
  const auto [plain, plain_peak] = run(false);
  const auto [again, again_peak] = run(true);
  BOOST_TEST(plain == again, boost::test_tools::per_element());
  BOOST_TEST(again_peak < plain_peak * 2 / 3);
}

BOOST_AUTO_TEST_SUITE_END()
