#include <graft/layers/attention_context.hpp>

#include "error.hpp"

#include <graft/backend/meta.hpp>
#include <graft/backend/reference.hpp>
#include <graft/data/ahead.hpp>

#include <boost/test/unit_test.hpp>

using namespace graft;
using B = reference;
namespace each = boost::test_tools;

BOOST_AUTO_TEST_SUITE(layers_attention_context)

using Ids = std::vector<Id>;

Batch texts() {
  Batch batch;
  batch.append({1, 2, 3, 4, 5}, {1, 2, 3, 4, 5});
  batch.append({7, 8, 9, 11}, {-1, -1, 9, 11});
  return batch;
}
Batch pairs() {
  Batch batch;
  batch.append_pair({5, 9, 7}, {4, 8});
  batch.append_pair({3}, {7, -1, 5});
  return batch;
}
/// Texts of members, one of which continues another.
Batch members() {
  Batch batch;
  batch.append({1, 2, 3}, {-1, 2, 3});
  batch.append({7, 8}, {-1, 8});
  batch.append({1, 2, 4, 6}, {-1, -1, 4, 6}, 2, 0);
  batch.belongs_to(1);
  return batch;
}
Batch sought() {
  Batch batch;
  batch.append_answer({1, 7, 3}, 0, 2, 1);
  batch.append_padding({0, 0});
  batch.append_answer({9, 8}, 1, 1);
  return batch;
}
Batch numbers() {
  Batch batch;
  batch.append_number({1, 7, 3}, 0.5F);
  batch.append_number({9, 8}, -2);
  return batch;
}

struct Setup {
  Workspace<B> workspace;
  Inference<B> tape{workspace};
};

BOOST_AUTO_TEST_CASE(a_batch_on_its_backend) {
  Setup s;
  const auto placed = place(s.tape, texts());
  BOOST_TEST((placed.token_count == 9U && placed.target_count == 6U && placed.last_position == 4U));
  BOOST_TEST(download<B>(placed.tokens, 9) == (Ids{1, 2, 3, 4, 5, 7, 8, 9, 11}), each::per_element());
  BOOST_TEST(download<B>(placed.positions, 9) == (Ids{0, 1, 2, 3, 4, 0, 1, 2, 3}), each::per_element());
  BOOST_TEST(download<B>(placed.rows, 6) == (Ids{0, 1, 2, 3, 6, 7}), each::per_element());
  BOOST_TEST(download<B>(placed.targets, 6) == (Ids{2, 3, 4, 5, 9, 11}), each::per_element());
  BOOST_TEST((placed.sequences.count == 2U && placed.sequences.causal));
  BOOST_TEST(download<B>(placed.sequences.queries, 3) == (Ids{0, 5, 9}), each::per_element());
  BOOST_TEST(placed.sequences.keys == placed.sequences.queries);
  BOOST_TEST(placed.sequences.pairs == 15U + 10);  // each token and those before it
  BOOST_TEST((!placed.has_types && placed.sequences.prefixes == nullptr && placed.sequences.key_ends == nullptr));
  BOOST_TEST((placed.owners == nullptr && placed.source.count == 0U && placed.spans == nullptr));
  BOOST_TEST((placed.needs.tokens == 12U && placed.needs.targets == 12U && placed.needs.tasks == 1U));
}

BOOST_AUTO_TEST_CASE(what_a_sequence_continues_is_seen) {
  Setup s;
  const auto placed = place(s.tape, members());
  BOOST_TEST(download<B>(placed.sequences.prefixes, 3) == (Ids{-1, -1, 0}), each::per_element());
  BOOST_TEST(placed.sequences.pairs == 6U + 3 + (3 + 2 * 3));  // two tokens behind the three of the first
  BOOST_TEST(download<B>(placed.owners, 7) == Ids(7, 1), each::per_element());
  BOOST_TEST(download<B>(placed.target_owners, 5) == Ids(5, 1), each::per_element());
}

BOOST_AUTO_TEST_CASE(keys_ahead_are_a_sequence_without_tokens) {
  Setup s;
  const auto placed = place(s.tape, behind({.keys = 3}, texts()));
  BOOST_TEST(placed.sequences.count == 3U);
  BOOST_TEST(download<B>(placed.sequences.queries, 4) == (Ids{0, 0, 5, 9}), each::per_element());
  BOOST_TEST(download<B>(placed.sequences.keys, 4) == (Ids{0, 3, 8, 12}), each::per_element());
  BOOST_TEST(download<B>(placed.sequences.prefixes, 3) == (Ids{-1, 0, 0}), each::per_element());
  BOOST_TEST(placed.sequences.pairs == 25U + 9 * 3);
  const auto ends = place(s.tape, behind({.keys = 3}, sought())).sequences.key_ends;
  BOOST_TEST(download<B>(ends, 5) == (Ids{3, 6, 6, 7, 10}), each::per_element());  // of keys, not of tokens
}

BOOST_AUTO_TEST_CASE(sources_are_seen_whole_and_across) {
  Setup s;
  const auto placed = place(s.tape, pairs());
  BOOST_TEST((placed.source.count == 2U && placed.cross.count == 2U && placed.source_count == 4U));
  BOOST_TEST((!placed.source.causal && !placed.cross.causal));
  BOOST_TEST(download<B>(placed.source.queries, 3) == (Ids{0, 3, 4}), each::per_element());
  BOOST_TEST(download<B>(placed.cross.queries, 3) == (Ids{0, 2, 5}), each::per_element());
  BOOST_TEST(download<B>(placed.cross.keys, 3) == (Ids{0, 3, 4}), each::per_element());
  BOOST_TEST((placed.source.pairs == 9U + 1 && placed.cross.pairs == 2U * 3 + 3 * 1));
  const auto prefixed = place(s.tape, behind({.keys = 1, .source_keys = 2}, pairs()));
  BOOST_TEST(download<B>(prefixed.source.queries, 4) == (Ids{0, 0, 3, 4}), each::per_element());
  BOOST_TEST(download<B>(prefixed.source.keys, 4) == (Ids{0, 2, 5, 6}), each::per_element());
  BOOST_TEST(download<B>(prefixed.source.prefixes, 3) == (Ids{-1, 0, 0}), each::per_element());
  BOOST_TEST((prefixed.source.pairs == 3U * 5 + 1 * 3 && prefixed.cross.pairs == 2U * 5 + 3 * 3));
}

// A plan, which knows only the sizes, counts what a batch takes.
BOOST_AUTO_TEST_CASE(sizes_take_as_much_memory_as_their_batch) {
  const auto used = []<class On>(On, const auto& what) {
    Workspace<On> workspace;
    Inference<On> tape(workspace);
    place(tape, what);
    return tape.mark().used;
  };
  const auto holds = [&used](const Batch& batch) {
    const Index taken = used(B{}, batch);
    BOOST_TEST((taken > 0U && used(meta<B>{}, batch.shape()) == taken));
  };
  Batch typed;
  typed.append_class({1, 2, 3}, 0, 2);
  for (const Batch& batch : {texts(), members(), sought(), numbers(), typed})
    for (const Ahead& ahead :
         {Ahead{}, Ahead{.text = {50, 2}}, Ahead{.text = {50, 2}, .once = false}, Ahead{.keys = 3}})
      holds(behind(ahead, batch));
  for (const Ahead& ahead : {Ahead{}, Ahead{.source = {50, 2}}, Ahead{.keys = 3}, Ahead{.keys = 3, .source_keys = 2}})
    holds(behind(ahead, pairs()));
}

BOOST_AUTO_TEST_CASE(a_batch_that_contradicts_itself_is_not_placed) {
  Setup s;
  Batch batch = texts();
  batch.positions.pop_back();
  BOOST_TEST(made::error_of([&] { place(s.tape, batch); }).find("8 positions for 9 tokens") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
