#include <graft/models/parts/encoder.hpp>

#include "models/by_hand.hpp"

#include <graft/models/families/llama/llama.hpp>

using namespace graft;
using B = reference;
using by_hand::close;

BOOST_AUTO_TEST_SUITE(models_parts_encoder)

struct Small : by_hand::TwoColumns<LlamaDefaults> {};
template <class M>
using Model = Encoder<LlamaFamily, Small, M, B>;

BOOST_AUTO_TEST_CASE(a_row_for_every_token) {
  Model<FrozenBase> model;
  by_hand::still(model);
  Batch batch;
  batch.append_text({1, 4});
  batch.append_text({3});
  close(by_hand::hidden(model, batch), {1, -1, 7, 1, -1, -1});  // as the last block yields them, in no norm
}

BOOST_AUTO_TEST_CASE(there_is_no_head_and_no_norm_behind_the_blocks) {
  static_assert(Model<FrozenBase>::headless && !Model<FrozenBase>::new_heads);
  std::string sites;
  Model<FrozenBase> model;
  Model<FrozenBase>::each_site(model, [&sites]<class S, class L>(S, const Path& path, const L&) {
    if (path.block() < 0 && !is_absent<L>) sites += std::string(S::site) + " ";
  });
  BOOST_TEST(sites == "TokenEmbedding ");
  BOOST_TEST(Model<FrozenBase>::parameters == 5U * 2 + 4 * 2 * 2 + 3 * 2 * 2 + 2 * 2);
}

BOOST_AUTO_TEST_CASE(over_another) {
  Model<FrozenBase> base;
  base.initialize({.key = {1, 0}});
  const Model<LoRA<2, On<Query>>> first(base, 7), again(base, 7), other(base, 8);
  const auto query = [](const auto& model) -> const auto& { return std::get<0>(model.blocks).blocks[0].query; };
  BOOST_TEST(query(first).base.weight.packed() == query(base).weight.packed());
  BOOST_TEST((query(first).a.read() == query(again).a.read() && query(first).a.read() != query(other).a.read()));
  Batch batch;
  batch.append_text({1, 4});
  BOOST_TEST(by_hand::hidden(first, batch) == by_hand::hidden(base, batch), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()
