#include <graft/autodiff/profile.hpp>

#include <graft/autodiff/ops/products/matmul.hpp>
#include <graft/backend/reference.hpp>

#include <boost/test/unit_test.hpp>

using namespace graft;

BOOST_AUTO_TEST_SUITE(autodiff_profile)

using std::chrono::milliseconds;

BOOST_AUTO_TEST_CASE(one_entry_for_each_op_direction_and_size) {
  Profile profile;
  const auto here = std::source_location::current();
  profile.add(here, false, {48, 2, 3, 4}, milliseconds(500));
  profile.add(here, false, {120, 5, 3, 4}, milliseconds(250));  // other rows of the same product
  profile.add(here, true, {48, 2, 3, 4}, milliseconds(125));
  profile.add(here, false, {96, 2, 3, 8}, milliseconds(64));
  profile.add(here, false, {64, 2, 4, 4}, milliseconds(61));
  profile.add(here, false, 7, milliseconds(1'000));  // no product
  BOOST_REQUIRE(profile.entries().size() == 5U);
  const auto& first = profile.entries()[0];
  BOOST_TEST((first.op == "profile" && !first.backward && first.n == 3U && first.k == 4U));  // by this file's name
  BOOST_TEST((first.calls == 2U && first.rows == 7U && first.flops == 168U && first.seconds == 0.75));
  BOOST_TEST((profile.entries()[1].backward && profile.entries()[1].calls == 1U));
  BOOST_TEST((profile.entries()[4].n == 0U && profile.entries()[4].flops == 7U));
  BOOST_TEST(profile.seconds() == 2.0, boost::test_tools::tolerance(1e-12));
}

BOOST_AUTO_TEST_CASE(of_a_tape) {
  Parameter<reference, Trainable, 3, 4> w;
  w.assign(std::vector<float>(12, 0.5F));
  Profile profile;
  Workspace<reference> workspace;
  workspace.profile = &profile;
  Tape<reference> tape(workspace);
  const std::vector<float> numbers(8, 1.0F), dy(6, 1.0F);
  const auto y = matmul(tape, tape.track(Var<reference, 4>{2, tape.numbers(numbers.data(), 8)}), w);
  BOOST_REQUIRE(profile.entries().size() == 1U);
  const auto forward = profile.entries()[0];
  BOOST_TEST((forward.op == "project" && !forward.backward && forward.calls == 1U));
  BOOST_TEST((forward.flops == 2 * 2 * 3 * 4U && forward.rows == 2U && forward.n == 3U && forward.k == 4U));
  tape.backward(y, dy);
  Index flops = 0;
  for (const auto& entry : profile.entries())
    if (entry.backward && entry.op == "project") flops += entry.flops;
  BOOST_TEST(flops == 2 * forward.flops);  // of the input and of the weight
  workspace.profile = nullptr;
  const auto before = profile.entries().size();
  workspace.reset();
  matmul(tape, Var<reference, 4>{1, tape.numbers(numbers.data(), 4)}, w);
  BOOST_TEST((profile.entries().size() == before && profile.entries()[0].calls == 1U));
}

BOOST_AUTO_TEST_SUITE_END()
