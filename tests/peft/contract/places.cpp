#include <graft/peft/contract/places.hpp>

#include <boost/test/unit_test.hpp>

using namespace graft;

BOOST_AUTO_TEST_SUITE(peft_contract_places)

BOOST_AUTO_TEST_CASE(ranges_of_blocks) {
  const auto in = []<std::ptrdiff_t... Bounds>(Blocks<Bounds...> blocks) {
    std::string found;
    for (std::ptrdiff_t b = -1; b < 8; ++b)
      if (blocks.has(b)) found += std::to_string(b);
    return found;
  };
  BOOST_TEST(in(Blocks<1, 3>{}) == "12");
  BOOST_TEST(in(Blocks<0, 2, 5, 6>{}) == "015");
  BOOST_TEST(in(Blocks<0, 2, 2, 4>{}) == "0123");  // one range behind another
}
static_assert(Blocks<0, 1>::valid && Blocks<0, 2, 5, 6>::valid && Blocks<0, 2, 2, 4>::valid);
static_assert(!Blocks<>::valid && !Blocks<1>::valid && !Blocks<2, 2>::valid && !Blocks<3, 2>::valid);
static_assert(!Blocks<-1, 2>::valid && !Blocks<2, 4, 0, 1>::valid && !Blocks<0, 3, 2, 4>::valid);
static_assert(EveryBlock::has(-1) && EveryBlock::has(7));  // what lies outside, too

// What options say in any order, others' among them.
struct Others {};
static_assert(PlaceOption<On<Query>> && PlaceOption<Blocks<0, 1>> && !PlaceOption<Others>);
using AtQuery = Place<Query, 1, 3, F32>;
using Outside = Place<Query, -1, 3, F32>;
static_assert(Places<On<Linears>>::has<AtQuery> && !Places<On<Norms>>::has<AtQuery>);
static_assert(Places<On<Linears>, Others, On<Query>>::has<AtQuery> && !Places<On<Linears>, On<Value>>::has<AtQuery>);
static_assert(Places<On<Linears>, Blocks<1, 2>>::has<AtQuery> &&
              !Places<On<Linears>, Others, Blocks<2, 3>>::has<AtQuery>);
static_assert(Places<On<Linears>>::has<Outside> && !Places<On<Linears>, Blocks<0, 3>>::has<Outside>);
static_assert(std::is_same_v<Places<On<Linears>, On<Query>, On<Value>>::sites, On<Query>>);  // the first

// Its problems, one at a time.
static_assert(std::is_void_v<Places<On<Query>, Blocks<0, 1>>::problem>);
static_assert(std::is_same_v<Places<On<Linears>, On<int>>::problem, UnknownSite>);
static_assert(std::is_same_v<Places<On<Linears>, Blocks<2, 2>>::problem, EmptyBlockRange>);
static_assert(std::is_same_v<Places<On<Linears>, Blocks<2, 2>, On<int>>::problem, UnknownSite>);

BOOST_AUTO_TEST_SUITE_END()
