#include <graft/models/parts/block_stack.hpp>

#include "models/by_hand.hpp"

#include <graft/autodiff/ops/pointwise/scale.hpp>

using namespace graft;
using B = reference;

BOOST_AUTO_TEST_SUITE(models_parts_block_stack)

/// Blocks 0 … 4 of a model, of which those from 2 to 3 are of another kind; block I multiplies with 2 or 3, and has one
/// site.
template <Index I>
constexpr bool other = I == 2 || I == 3;
template <Index I>
struct Sites {
  using kind = std::conditional_t<other<I>, int, float>;
  using refused = FirstComplaint<std::conditional_t<other<I>, Refused<Absent<B, void>, UnknownSite>, Absent<B, void>>>;
};
template <Index I>
struct Block {
  int layer = 0;
  template <class T, class X>
  constexpr auto operator()(T& tape, X x, std::vector<Index>* numbers, Index number, Rows<B> rows) const {
    numbers->push_back(number);
    return scale(tape, rows(tape, x), other<I> ? 3.0F : 2.0F);
  }
  template <class Self, class F>
  static constexpr void each_site(Self& self, F&& f, const Path& path) {
    f(Query{}, Path{&path, "q"}, self.layer);
  }
};
using Stack = BlockStack<Sites, Block, 0, 5, false>;
using Behind = BlockStack<Sites, Block, 2, 3, false>;

static_assert(Stack::runs.count == 3 && Stack::runs.starts[1] == 2 && Stack::runs.starts[2] == 4 &&
              Stack::runs.starts[3] == 5);
static_assert(std::is_same_v<Stack::type, std::tuple<Repeat<0, 2, Block<0>, false>, Repeat<2, 2, Block<2>, false>,
                                                     Repeat<4, 1, Block<4>, false>>>);
static_assert(Behind::runs.count == 2 && Behind::runs.starts[0] == 2 && Behind::runs.starts[2] == 5);
static_assert(std::is_same_v<Stack::refused::type, UnknownSite>);

struct Setup {
  Var<B, 1> x() { return {2, tape.numbers(numbers.data(), 2)}; }
  static std::vector<float> read(Var<B, 1> y) { return download<B>(y.data, y.size()); }
  std::vector<float> numbers{1, 10};
  std::vector<Index> seen;
  Workspace<B> workspace;
  Inference<B> tape{workspace};
};

BOOST_AUTO_TEST_CASE(some_runs_and_all) {
  Setup s;
  const Stack::type blocks;
  const auto through = [&]<Index From, Index To>(auto x) {
    return Stack::through<From, To>(blocks, s.tape, x, &s.seen, Rows<B>{});
  };
  by_hand::close(Setup::read(through.operator()<0, 3>(s.x())), {72, 720});
  BOOST_TEST(s.seen == (std::vector<Index>{0, 1, 2, 3, 4}), boost::test_tools::per_element());
  by_hand::close(Setup::read(through.operator()<1, 3>(through.operator()<0, 1>(s.x()))), {72, 720});
  by_hand::close(Setup::read(through.operator()<2, 2>(s.x())), {1, 10});
}

// The last block leaves out rows; where there is none, they are left out all the same.
BOOST_AUTO_TEST_CASE(rows_are_left_out_at_the_end) {
  Setup s;
  const Stack::type blocks;
  const std::vector<Id> second{1};
  const Rows<B> rows{s.tape.ids(second.data(), 1), 1, false};
  by_hand::close(Setup::read(Stack::through<0, 3>(blocks, s.tape, s.x(), &s.seen, rows)), {720});
  by_hand::close(Setup::read(Stack::through<3, 3>(blocks, s.tape, s.x(), &s.seen, rows)), {10});
}

BOOST_AUTO_TEST_CASE(names_count_from_the_stacks_first_block) {
  const auto names = [](const auto& blocks) {
    std::string found;
    const Path layers{nullptr, "h"};
    const auto add = [&found](auto, const Path& path, const int&) { found += path.str() + " "; };
    each_site_of(blocks, add, layers);
    return found;
  };
  BOOST_TEST(names(Stack::type()) == "h.0.q h.1.q h.2.q h.3.q h.4.q ");
  BOOST_TEST(names(Behind::type()) == "h.0.q h.1.q h.2.q ");
}

BOOST_AUTO_TEST_SUITE_END()
