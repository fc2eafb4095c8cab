#include <graft/models/parts/transformer.hpp>

#include "error.hpp"
#include "models/by_hand.hpp"

#include <graft/models/families/bert/bert.hpp>
#include <graft/models/families/gpt2/gpt2.hpp>
#include <graft/models/families/llama/llama.hpp>
#include <graft/peft/prompts/soft_prompt.hpp>
#include <graft/peft/selective/selective.hpp>

using namespace graft;
using B = reference;
using by_hand::close;

BOOST_AUTO_TEST_SUITE(models_parts_transformer)

struct Turning : by_hand::TwoColumns<LlamaDefaults> {
  static constexpr Index blocks = 3;
};
struct Counting : by_hand::TwoColumns<Gpt2Defaults> {
  static constexpr Index positions = 3;
};
struct Typed : by_hand::TwoColumns<BertDefaults> {
  static constexpr Index positions = 8;
};
Batch text(const std::vector<Id>& ids) {
  Batch batch;
  batch.append_text(ids);
  return batch;
}

BOOST_AUTO_TEST_CASE(all_rows_and_some) {
  Llama<Turning, FrozenBase, B> model;
  by_hand::still(model);
  close(by_hand::hidden(model, text({1, 4, 3})), {1, -1, 7, 1, -1, -1});
  const std::vector<Id> rows{2, 0};
  close(by_hand::read(model, text({1, 4, 3}),
                      [&](auto& tape, const auto& placed) {
                        return model.hidden(tape, placed, Rows<B>{tape.ids(rows.data(), 2), 2, false});
                      }),
        {-1, -1, 1, -1});
  BOOST_TEST((model.embedding_name() == "model.embed_tokens.weight" && model.blocks_name() == "model.layers."));
}

// The trunk is the blocks that nothing trained is below or in.
template <class M>
constexpr Index trunk = Llama<Turning, M, B>::trunk_blocks;
static_assert(trunk<FrozenBase> == 3 && trunk<Unfreeze<Head>> == 3 && trunk<LastBlocks<1>> == 2);
static_assert(trunk<LoRA<1, Blocks<1, 2>>> == 1 && trunk<LoRA<1>> == 0 && trunk<SoftPrompt<2>> == 0);
static_assert(trunk<Methods<LoRA<1, Blocks<1, 2>>, Unfreeze<TokenEmbedding>>> == 0);
static_assert(BertEncoder<Typed, FrozenBase, B>::trunk_blocks == 0);  // which is of decoders

BOOST_AUTO_TEST_CASE(positions_are_added) {
  Gpt2<Counting, FrozenBase, B> model;
  by_hand::still(model);
  model.position_embedding.weight.assign(std::vector<float>{10, 20, 30, 40, 50, 60});
  close(by_hand::hidden(model, text({1, 4, 1})), {11, 19, 37, 41, 51, 59});
  const auto error = made::error_of([&] { by_hand::hidden(model, text({1, 4, 1, 1})); });
  BOOST_TEST(error.find("a text of 4 tokens, what stands before it included, and the model has positions for 3") !=
                 std::string::npos,
             error);
}

// Without types all tokens are of the first text.
BOOST_AUTO_TEST_CASE(types_are_added_and_the_sum_is_normed) {
  BertEncoder<Typed, FrozenBase, B> model;
  model.initialize({.key = {1, 0}, .deviation = 0.5F});
  Batch first = text({1, 4, 3}), second = first, both = first;
  first.types = {0, 0, 0};
  second.types = {1, 1, 1};
  both.types = {0, 0, 1};
  const auto plain = by_hand::hidden(model, text({1, 4, 3}));
  BOOST_TEST(by_hand::hidden(model, first) == plain, boost::test_tools::per_element());
  model.token_type_embedding.weight.assign(std::vector<float>{3, -3, 0, 0});
  const auto of_first = by_hand::hidden(model, first);
  model.token_type_embedding.weight.assign(std::vector<float>{0, 0, 3, -3});
  BOOST_TEST(by_hand::hidden(model, second) == of_first, boost::test_tools::per_element());
  model.token_type_embedding.weight.assign(std::vector<float>{5, 5, 5, 5});  // the norm takes out what all columns have
  close(by_hand::hidden(model, both), by_hand::hidden(model, second), 1e-3F);
}

BOOST_AUTO_TEST_CASE(batches_as_a_model_reads_them) {
  using Plain = Llama<Turning, FrozenBase, B>;
  using Prompted = Llama<Turning, SoftPrompt<2>, B>;
  static_assert(!Plain::prepares && Prompted::prepares && Prompted::ahead.text.first == 5);
  Batch batch = text({1, 4});
  batch.append_text({3});
  BOOST_TEST(Plain::prepared(batch).tokens == batch.tokens, boost::test_tools::per_element());
  BOOST_TEST((Prompted::prepared(batch).tokens == std::vector<Id>{5, 6, 1, 4, 3}));  // once for all texts
}

BOOST_AUTO_TEST_CASE(every_site_from_the_embedding_to_the_last_block) {
  std::string found;
  Gpt2<Counting, FrozenBase, B> model;
  using Stack = Transformer<Gpt2Family, Counting, FrozenBase, B>;
  Stack::each_site(model, [&found]<class S, class L>(S, const Path& path, const L&) {
    if (path.block() < 0) found += path.str() + (is_absent<L> ? "? " : " ");
  });
  BOOST_TEST(found == "transformer.shared? transformer.wte transformer.wpe ");
}

BOOST_AUTO_TEST_SUITE_END()
