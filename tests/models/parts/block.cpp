#include <graft/models/parts/block.hpp>

#include "models/by_hand.hpp"

#include <graft/backend/meta.hpp>
#include <graft/layers/layer_norm.hpp>
#include <graft/layers/linear.hpp>
#include <graft/layers/rms_norm.hpp>

using namespace graft;
using B = reference;
using by_hand::close;

BOOST_AUTO_TEST_SUITE(models_parts_block)

// The layers at a block's sites, of which types follow.
using OnMeta = meta<B>;
using Bare = Frozen<Linear<OnMeta, 2, 2>>;
static_assert(!SiteList<Bare, Absent<OnMeta, void>>::trains() && SiteList<Bare, Linear<OnMeta, 2, 2>>::trains());
static_assert(!std::is_same_v<SiteList<Bare, Bare>::kind, SiteList<Bare, Linear<OnMeta, 2, 2>>::kind>);
static_assert(std::is_same_v<SiteList<Bare, Refused<Bare, UnknownSite>>::refused::type, UnknownSite> &&
              std::is_void_v<SiteList<Bare>::refused::type>);

struct Setup {
  template <Index N>
  Var<B, N> value(const std::vector<float>& numbers) {
    return {numbers.size() / N, tape.numbers(numbers.data(), numbers.size())};
  }
  template <class V>
  static std::vector<float> read(V x) {
    return download<B>(x.data, x.size());
  }
  Workspace<B> workspace;
  Inference<B> tape{workspace};
};

// A norm that products make on their way in is a source; any other is a value.
BOOST_AUTO_TEST_CASE(norms_as_sources) {
  Setup s;
  RMSNorm<B, 2> root;
  LayerNorm<B, 2> layer;
  root.epsilon = layer.epsilon = 0;
  root.weight.assign(std::vector<float>{1, 10});
  layer.weight.assign(std::vector<float>{1, 10});
  layer.bias.assign(std::vector<float>{0, 1});
  const auto x = s.value<2>({7, 1});
  const auto made = normed<float>(s.tape, root, x);
  const auto given = normed<float>(s.tape, layer, x);
  static_assert(decltype(made)::made && !decltype(given)::made);
  close(Setup::read(value_of(s.tape, made)), {1.4F, 2});
  close(Setup::read(value_of(s.tape, given)), {1, -9});
  static_assert(std::is_same_v<decltype(normed<Bfloat16>(s.tape, layer, x))::element, Bfloat16>);
}

BOOST_AUTO_TEST_CASE(each_head_is_normed_by_itself) {
  Setup s;
  RMSNorm<B, 2> norm;
  norm.epsilon = 0;
  norm.weight.assign(std::vector<float>{1, 10});
  const auto x = s.value<4>({7, 1, 3, -3});
  close(Setup::read(normed_heads<2>(s.tape, norm, x)), {1.4F, 2, 1, -10});
  BOOST_TEST(normed_heads<2>(s.tape, Absent<B, void>{}, x).data == x.data);
}

/// Keys and values behind those of a cache.
struct OneBefore {
  Sequences<B> sequences;
  Var<B, 2> keys, values;
  template <class T, class K, class V>
  std::pair<K, V> visible(T&, Index block, K, V) const {
    BOOST_TEST(block == 7U);
    return {keys, values};
  }
};
struct Heads {
  static constexpr Index heads = 1, groups = 1;
};
// A query that is nothing looks at all keys alike.
BOOST_AUTO_TEST_CASE(queries_attend_to_what_their_context_shows) {
  Setup s;
  const std::vector<Id> queries{0, 1}, keys{0, 2};
  Sequences<B> sequences{.queries = s.tape.ids(queries.data(), 2), .keys = s.tape.ids(keys.data(), 2), .count = 1};
  const auto nothing = s.value<2>({0, 0}), both = s.value<2>({1, 2, 3, 4}), seen = s.value<2>({10, 20, 30, 60});
  const struct {
    OneBefore seen;
  } context{{sequences, both, seen}};
  close(Setup::read(attended_by<Heads>(s.tape, context, 7, nothing, nothing, nothing, {})), {20, 40});
  close(Setup::read(attended_by<Heads>(s.tape, context, 7, nothing, nothing, nothing, {.window = 1})), {30, 60});
}

BOOST_AUTO_TEST_CASE(rows_that_go_on_have_owners_of_their_own) {
  Setup s;
  const std::vector<Id> all{0, 1, 1}, some{1};
  const auto owners = s.tape.ids(all.data(), 3), of_some = s.tape.ids(some.data(), 1);
  const InputRows<B> how{true, owners};
  const auto same = of_rows(how, Rows<B>{}), fewer = of_rows(how, Rows<B>{nullptr, 1, false, of_some});
  BOOST_TEST((same.remake && same.owners == owners && fewer.remake && fewer.owners == of_some));
}

struct Twice {
  template <class T, class X, class Context>
  X operator()(T& tape, X x, const Context&, const Rows<B>&) const {
    return scale(tape, x, 2.0F);
  }
};
BOOST_AUTO_TEST_CASE(what_a_block_yields) {
  Setup s;
  const auto y = s.value<2>({3, 4});
  close(Setup::read(block_result(s.tape, Twice{}, y, 0, Rows<B>{})), {6, 8});
  BOOST_TEST(block_result(s.tape, Absent<B, void>{}, y, 0, Rows<B>{}).data == y.data);
}

BOOST_AUTO_TEST_CASE(rooms_have_the_names_of_adapters) {
  struct {
    int after_attention = 1, after_mlp = 2, block_output = 3;
  } block;
  std::string found;
  const Path path{nullptr, "", 4};
  each_room(
      block,
      [&found](auto site, const Path& at, int n) { found += site.site + (":" + at.str()) + std::to_string(n) + " "; },
      path);
  BOOST_TEST(found == "AfterAttention:4.attention_adapters1 AfterMlp:4.output_adapters2 BlockOutput:4.reft_layer3 ");
}

BOOST_AUTO_TEST_SUITE_END()
