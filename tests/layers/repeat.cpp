#include <graft/layers/repeat.hpp>

#include <graft/autodiff/ops/pointwise/scale.hpp>
#include <graft/autodiff/ops/products/matmul.hpp>
#include <graft/backend/reference.hpp>

#include <boost/test/unit_test.hpp>

#include <type_traits>
#include <utility>

using namespace graft;
using B = reference;

BOOST_AUTO_TEST_SUITE(layers_repeat)

/// What blocks were asked for: their numbers, and whether rows were to be left out.
using Seen = std::vector<std::pair<Index, bool>>;

/// y = factor x, of the rows that go on.
struct Scaling {
  float factor = 1;
  template <class T, class X>
  constexpr auto operator()(T& tape, X x, Seen* seen, Index number, Rows<B> rows) const {
    seen->emplace_back(number, !rows.all);
    return scale(tape, rows(tape, x), factor);
  }
};
/// y = x wᵀ, w trained or not.
template <class Role>
struct Product {
  Parameter<B, Role, 2, 2> w;
  template <class T, class X>
  constexpr auto operator()(T& tape, X x, Seen*, Index, Rows<B> rows) const {
    return matmul(tape, rows(tape, x), w);
  }
};

BOOST_AUTO_TEST_CASE(one_after_another_and_the_last_leaves_out_rows) {
  Repeat<2, 3, Scaling, false> three{{{{2}, {3}, {5}}}};
  Workspace<B> workspace;
  Inference<B> tape(workspace);
  const std::vector<float> numbers{1, 2, 3, 4};
  const std::vector<Id> last{1};
  const Var<B, 2> x{2, tape.numbers(numbers.data(), 4)};
  Seen seen;
  BOOST_TEST(download<B>(three(tape, x, &seen).data, 4) == (std::vector<float>{30, 60, 90, 120}),
             boost::test_tools::per_element());
  BOOST_TEST((seen == Seen{{2, false}, {3, false}, {4, false}}));
  seen.clear();
  const auto y = three(tape, x, &seen, {tape.ids(last.data(), 1), 1, false});
  BOOST_TEST((y.rows == 1U && download<B>(y.data, 2) == std::vector<float>{90, 120}));
  BOOST_TEST((seen == Seen{{2, false}, {3, false}, {4, true}}));
}

template <bool Checkpointed>
std::pair<std::vector<float>, Index> gradients_and_records() {
  Repeat<0, 3, Product<Trainable>, Checkpointed> three;
  for (auto& block : three.blocks) block.w.assign(std::vector<float>{1, 2, -1, 0.5F});
  Workspace<B> workspace;
  Tape<B> tape(workspace);
  const std::vector<float> numbers{1, 2, 3, 4};
  const auto y = three(tape, Var<B, 2>{2, tape.numbers(numbers.data(), 4)}, static_cast<Seen*>(nullptr));
  const Index records = tape.records();
  tape.backward(y, numbers);
  std::vector<float> all;
  for (auto& block : three.blocks)
    for (const float g : download<B>(block.w.gradient(), 4)) all.push_back(g);
  return {all, records};
}
BOOST_AUTO_TEST_CASE(checkpointed_blocks_have_the_same_gradients) {
  const auto [plain, of_plain] = gradients_and_records<false>();
  const auto [again, of_again] = gradients_and_records<true>();
  BOOST_TEST(again == plain, boost::test_tools::per_element());
  BOOST_TEST((of_plain == 3U && of_again == 3U));
}

// Of what a block computes on the way nothing stays where nothing is recorded.
struct Twice {
  template <class T, class X>
  constexpr auto operator()(T& tape, X x, Seen*, Index, Rows<B>) const {
    return scale(tape, scale(tape, x, 2.0F), 3.0F);
  }
};
BOOST_AUTO_TEST_CASE(constant_blocks_keep_their_output_only) {
  const Repeat<0, 5, Twice, false> five;
  Workspace<B> workspace;
  Tape<B> tape(workspace);
  const auto x = tape.value<64>(4);
  fill(x.data, x.size(), 1.0F, B{});
  const Index before = tape.mark().used;
  const auto y = five(tape, x, static_cast<Seen*>(nullptr));
  static_assert(!decltype(y)::tracked);
  BOOST_TEST(y.data[255] == 7'776.0F);
  BOOST_TEST((tape.mark().used - before == 5 * 4 * 64 * sizeof(float) && tape.records() == 0U));
}

BOOST_AUTO_TEST_SUITE_END()
