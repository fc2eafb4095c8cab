// What stands before texts: in batches, in their sizes, and in what models make of them.
#include "tiny.hpp"

#include <graft/models/families/bert/bert.hpp>
#include <graft/models/families/roberta/roberta.hpp>
#include <graft/models/families/t5/t5.hpp>
#include <graft/plan/plan.hpp>
#include <graft/serve/generate.hpp>
#include <graft/train/trainer.hpp>

#include <boost/test/unit_test.hpp>

using namespace graft;
namespace each = boost::test_tools;

BOOST_AUTO_TEST_SUITE(data_ahead)

using Ids = std::vector<Id>;

Batch two_members() {
  Batch batch;
  batch.append({1, 2, 3}, {1, 2, 3});
  batch.belongs_to(1);
  batch.append({7, 8}, {-1, 8});
  batch.belongs_to(0);
  batch.append({1, 2, 4}, {-1, -1, 4}, 2, 0);
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

BOOST_AUTO_TEST_CASE(rows_keep_their_owners_each_behind_a_prompt_of_its_own) {
  const Batch all = behind({.text = {50, 2}}, two_members());
  BOOST_TEST(all.tokens == (Ids{50, 51, 50, 51, 1, 2, 3, 7, 8, 4}), each::per_element());
  BOOST_TEST(all.owners == (Ids{0, 0, 1, 1, 1, 1, 1, 0, 0, 1}), each::per_element());
  BOOST_TEST(all.positions == (Ids{0, 1, 0, 1, 2, 3, 4, 2, 3, 4}), each::per_element());
  BOOST_TEST(all.starts == (Ids{0, 2, 4, 7, 9, 10}), each::per_element());
  BOOST_TEST(all.prefixes == (Ids{-1, -1, 1, 0, 2}), each::per_element());
  BOOST_TEST(all.rows == (Ids{3, 4, 5, 7, 5}), each::per_element());
  BOOST_TEST(all.targets == (Ids{1, 2, 3, 8, 4}), each::per_element());
  BOOST_TEST(all.target_owners == (Ids{1, 1, 1, 0, 1}), each::per_element());
  const Batch apart = behind({.text = {50, 1}, .once = false}, two_members());
  BOOST_TEST(apart.tokens == (Ids{50, 1, 2, 3, 50, 7, 8, 4}), each::per_element());
  BOOST_TEST(apart.owners == (Ids{1, 1, 1, 1, 0, 0, 0, 1}), each::per_element());
  const Batch keys = behind({.keys = 3}, two_members());
  BOOST_TEST(keys.owners == two_members().owners, each::per_element());
  BOOST_TEST(keys.prefixes == (Ids{-1, 0, 0, 1}), each::per_element());
}

BOOST_AUTO_TEST_CASE(places_and_padding_move_with_their_text) {
  const Batch all = behind({.text = {50, 2}, .once = false, .first_position = 2}, sought());
  BOOST_TEST(all.tokens == (Ids{50, 51, 1, 7, 3, 0, 0, 50, 51, 9, 8}), each::per_element());
  BOOST_TEST(all.types == (Ids{0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0}), each::per_element());
  BOOST_TEST(all.positions == (Ids{2, 3, 4, 5, 6, 1, 1, 2, 3, 4, 5}), each::per_element());
  BOOST_TEST(all.key_ends == (Ids{5, 5, 6, 11}), each::per_element());
  BOOST_TEST(all.spans == (Ids{2, 7, 9, 11}), each::per_element());
  BOOST_TEST(all.rows == (Ids{2, 4, 10, 10}), each::per_element());
  BOOST_TEST(all.prefixes == (Ids{-1, 0, 0, -1}), each::per_element());
  Batch classes;
  classes.append_class({1, 7}, 2);
  classes.append_class({9, 8}, 0);
  BOOST_TEST(behind({.text = {50, 2}, .once = false, .first_again = true}, classes).rows == (Ids{0, 4}),
             each::per_element());
  BOOST_TEST(behind({.text = {50, 2}, .once = false}, classes).rows == (Ids{2, 6}), each::per_element());
}

// What is planned is what is run: the rule for sizes is that for batches.
BOOST_AUTO_TEST_CASE(sizes_are_those_of_the_batch) {
  Batch pairs, padded = sought();
  pairs.append_pair({5, 9, 7}, {4, 8});
  pairs.append_pair({3}, {7, -1, 5});
  Batch answers;
  answers.append_answer({1, 7, 3}, 0, 2);
  for (const Batch& batch : {tiny::batch(), two_members(), pairs, padded, answers})
    for (const bool once : {true, false})
      for (const Index text : {0U, 3U})
        for (const Index keys : {0U, 4U})
          for (const Index sources : {0U, 2U}) {
            const Ahead ahead{.text = {50, text},
                              .source = {53, sources},
                              .once = once,
                              .keys = keys,
                              .source_keys = sources == 0 ? 0 : keys,
                              .first_position = 1};
            // texts that predict their own next token, and these alone, see only what stands before
            if (once == batch.firsts.empty()) continue;
            const Batch prepared = behind(ahead, batch);
            BOOST_CHECK(behind(ahead, batch.shape()) == prepared.shape());
            BOOST_CHECK_NO_THROW(static_cast<void>(needs(prepared)));
            // …and so is what it takes where it is placed.
            Workspace<reference> run;
            Workspace<meta<reference>> planned;
            Inference<reference> run_tape(run);
            Inference<meta<reference>> planned_tape(planned);
            place(run_tape, prepared);
            place(planned_tape, behind(ahead, batch.shape()));
            BOOST_TEST(planned.value_peak() == run.value_peak());
          }
}

/// The plan of a pass against the pass.
template <class Model>
void planned_as_run(const Batch& batch) {
  Model model;
  tiny::fill(model);
  Trainer trainer(model);
  trainer.step(batch);
  trainer.step(batch);
  const Plan planned = plan<Model>(batch.shape());
  BOOST_TEST(planned.values == trainer.workspace().value_peak());
  BOOST_TEST(planned.adjoints == trainer.workspace().adjoint_peak());
}
struct Pairs : T5Defaults {
  static constexpr Index vocabulary = 64, width = 32, encoder_blocks = 1, blocks = 2, heads = 4, groups = 4,
                         head_width = 8, feed_forward = 48, buckets = 8, farthest = 12;
};
struct Encoding : BertDefaults {
  static constexpr Index vocabulary = 50, width = 16, blocks = 2, heads = 4, groups = 4, head_width = 4,
                         feed_forward = 24, positions = 40, classes = 5;
};
struct Late : Encoding {
  static constexpr Index first_position = 2;
};
BOOST_AUTO_TEST_CASE(plans_of_models_with_prompts) {
  planned_as_run<Llama<tiny::Config, SoftPrompt<3>, reference>>(tiny::batch());
  planned_as_run<Llama<tiny::Config, Methods<SoftPrompt<3>, PrefixTuning<2>>, reference>>(tiny::batch());
  Batch pairs;
  pairs.append_pair({5, 9, 7, 3, 11, 6}, {4, 8, 2, 9});
  pairs.append_pair({3, 2, 8}, {7, -1, 5});
  planned_as_run<T5<Pairs, SoftPrompt<3, OnDecoder>, reference>>(pairs);
  planned_as_run<T5<Pairs, Methods<PrefixTuning<2>, SoftPrompt<3, OnBoth>>, reference>>(pairs);
  Batch classes;
  classes.append_class({1, 7, 4}, 2, 2);
  classes.append_class({9, 8, 3}, 0);
  planned_as_run<BertClassifier<Encoding, SoftPrompt<2>, reference>>(classes);
}

/// One member's values of a model that has several, as a model of one: members lie one behind the other.
template <class Together, class Alone>
void take_member(const Together& together, Alone& alone, Index member) {
  std::map<std::string, std::vector<float>> all;
  Together::visit(together, [&all](const Path& path, const auto& p) { all[path.str()] = p.read(); });
  Alone::visit(alone, [&](const Path& path, auto& p) {
    const auto& values = all.at(path.str());
    const bool shared = values.size() == p.size;
    const auto first = values.begin() + static_cast<std::ptrdiff_t>(shared ? 0 : member * p.size);
    p.assign(std::vector<float>(first, first + static_cast<std::ptrdiff_t>(p.size)));
  });
}
template <class Other>
void bank_beside() {
  using Together = Llama<tiny::Config, Methods<Bank<2, LoRA<2>>, Other>, reference>;
  using Alone = Llama<tiny::Config, Methods<LoRA<2>, Other>, reference>;
  Together together;
  tiny::fill(together);
  Batch first, second, mixed;
  first.append({1, 2, 3, 4}, {1, 2, 3, 4});
  second.append({7, 8, 9}, {7, -1, 9});
  mixed.append({1, 2, 3, 4}, {1, 2, 3, 4});
  mixed.belongs_to(0);
  mixed.append({7, 8, 9}, {7, -1, 9});
  mixed.belongs_to(1);
  double sum = 0;
  for (Index m = 0; m < 2; ++m) {
    Alone alone;
    tiny::fill(alone);
    take_member(together, alone, m);
    sum += tiny::loss(alone, Alone::prepared(m == 0 ? first : second));
    Generator of_one(alone, 40);
    Generator of_many(together, 40, 2);
    const std::vector<Ids> prompts{{1, 2, 3}, {5, 6}};
    const auto wanted = of_one(prompts, {.max_new_tokens = 6});
    BOOST_CHECK(of_many(prompts, {.max_new_tokens = 6, .member = m}) == wanted);
    BOOST_CHECK(of_many(prompts, {.max_new_tokens = 6, .members = {m, m}}) == wanted);
    const auto mine = of_many(prompts, {.max_new_tokens = 6, .members = {1 - m, m}});
    BOOST_TEST(mine[1] == wanted[1], each::per_element());
  }
  BOOST_TEST(std::abs(tiny::loss(together, Together::prepared(mixed)) - sum) < 1e-4);
}
BOOST_AUTO_TEST_CASE(a_bank_beside_a_prompt_is_each_adapter_beside_it) {
  bank_beside<SoftPrompt<3>>();
  bank_beside<PrefixTuning<3>>();
  bank_beside<Methods<>>();
}

/// An activated LoRA whose invocation begins each text is a LoRA, whatever stands before.
template <class Always, class Activated>
void activated_throughout(const Batch& batch) {
  Always always;
  Activated activated;
  tiny::fill(always);
  tiny::fill(activated);
  BOOST_TEST(std::abs(tiny::loss(always, Always::prepared(batch)) - tiny::loss(activated, Activated::prepared(batch))) <
             1e-5);
}
BOOST_AUTO_TEST_CASE(an_activated_adapter_stands_where_texts_stand) {
  using Mine = ActivatedLoRA<2, Invocation<7>, On<Query, Value>>;
  using Plain = LoRA<2, On<Query, Value>>;
  Batch masked;
  masked.append_labelled({7, 4, 9, 3}, {-1, 4, 9, 3});
  BOOST_TEST((RobertaMaskedLM<Late, Mine, reference>::prepared(masked).positions) == (Ids{2, 3, 4, 5}),
             each::per_element());
  activated_throughout<RobertaMaskedLM<Late, Plain, reference>, RobertaMaskedLM<Late, Mine, reference>>(masked);
  Batch text;
  text.append({7, 4, 9, 3}, {-1, 4, 9, 3});
  activated_throughout<Llama<tiny::Config, Methods<Plain, PrefixTuning<2>>, reference>,
                       Llama<tiny::Config, Methods<Mine, PrefixTuning<2>>, reference>>(text);
}

/// Text that a cache goes on with is the text that is read whole, behind an activated adapter and a prefix.
BOOST_AUTO_TEST_CASE(an_activated_adapter_in_the_cache_behind_a_prefix) {
  using Model = Llama<tiny::Config, Methods<ActivatedLoRA<2, Invocation<8, 9>>, PrefixTuning<3>>, reference>;
  Model model;
  tiny::fill(model);
  const Ids text{3, 8, 9, 4, 5};
  Batch whole;
  whole.append(text, Ids(text.size(), -1));
  Workspace<reference> workspace;
  Inference<reference> tape(workspace);
  const auto logits = model.logits(tape, model.hidden(tape, place(tape, Model::prepared(whole))));
  Generator generator(model, 32);
  generator.next({3, 8, 9});
  generator.next({4});
  const auto next = generator.next({5});
  for (Index v = 0; v < tiny::Config::vocabulary; ++v)
    BOOST_REQUIRE(std::abs(next[v] - logits.data[4 * tiny::Config::vocabulary + v]) < 1e-4F);
}

// An invocation may not begin in what several texts begin with and end in one of them.
BOOST_AUTO_TEST_CASE(an_invocation_across_a_shared_beginning_is_refused) {
  Batch batch;
  batch.append({3, 8}, {-1, -1});
  batch.append({3, 8, 9, 4}, {-1, -1, -1, 4}, 2, 0);
  batch.append({3, 8, 5, 4}, {-1, -1, -1, 4}, 2, 0);
  const std::array<Id, 2> invocation{8, 9};
  BOOST_CHECK_THROW(activated(batch, invocation), Error);
}

BOOST_AUTO_TEST_SUITE_END()
