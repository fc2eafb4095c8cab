// Adapters trained together, against the same adapters trained one by one.
#include "tiny.hpp"

#include <graft/backend/xsimd/xsimd_cpu.hpp>
#include <graft/checkpoints/adapter_files.hpp>
#include <graft/train/fit.hpp>

#include <boost/test/unit_test.hpp>

#include <unistd.h>

using namespace graft;
using Narrow = LoRA<2, Alpha<6>>;

BOOST_AUTO_TEST_SUITE(peft_low_rank_bank)

std::vector<Example> examples_of(Index member, Index count) {
  std::vector<Example> all(count);
  for (Index e = 0; e < count; ++e) {
    std::vector<Id> ids;
    for (Index i = 0; i < 5 + (3 * member + e) % 4; ++i)
      ids.push_back(static_cast<Id>(3 + (11 * member + 7 * e + 5 * i) % 40));
    all[e].append({ids.begin(), ids.begin() + 2}, false);
    all[e].append({ids.begin() + 2, ids.end()}, true);
  }
  return all;
}

struct TemporaryFolder {
  std::filesystem::path path = std::filesystem::temp_directory_path() / ("graft-bank-" + std::to_string(::getpid()));
  ~TemporaryFolder() { std::filesystem::remove_all(path); }
};

/// Trains a bank of two on lists of different lengths, then each adapter by itself from the same beginning: the files
/// must agree.
template <class B, class S, class M = Narrow>
void compare_with_single_adapters(double tolerance) {
  using Together = Llama<tiny::TiedConfig, Bank<2, M>, B, S>;
  using Alone = Llama<tiny::TiedConfig, M, B, S>;
  static_assert(Together::members == 2 && Together::trainable_parameters == 2 * Alone::trainable_parameters);
  const TemporaryFolder folder;
  const std::vector<std::vector<Example>> lists{examples_of(0, 6), examples_of(1, 3)};
  const AdamW optimizer{.learning_rate = 1e-2F, .groups = {{.part = "member.1.", .rate_factor = 0.5F}}};
  const FitOptions options{.epochs = 2, .batch = 2, .micro_tokens = 20, .progress = false};

  Together together;
  tiny::fill(together);
  for (Index m = 0; m < 2; ++m) save_adapter(together, folder.path / ("first" + std::to_string(m)), "", m);
  Trainer trainer(together, optimizer, {.schedule = {.kind = Schedule::Kind::constant}});
  const std::vector<std::span<const Example>> members{lists[0], lists[1]};
  fit(trainer, std::span<const std::span<const Example>>(members), options);
  BOOST_TEST(trainer.steps() == 6U);

  for (Index m = 0; m < 2; ++m) {
    Alone alone;
    tiny::fill(alone);
    load_adapter(alone, folder.path / ("first" + std::to_string(m)));
    Trainer single(alone, AdamW{.learning_rate = m == 0 ? 1e-2F : 5e-3F});
    for (Index step = 0; step < 6; ++step) {
      std::vector<const Example*> chosen;
      const auto order = shuffled(lists[m].size(), options.seed, step / 3);
      for (Index i = step % 3 * 2; i < step % 3 * 2 + 2; ++i) chosen.push_back(&lists[m][order[i % lists[m].size()]]);
      single.step(pack(chosen, 1000));
    }
    const auto have = adapter_tensors(together, m), want = adapter_tensors(alone);
    BOOST_REQUIRE(have.size() == want.size());
    double worst = 0;
    for (Index i = 0; i < have.size(); ++i) {
      BOOST_TEST(have[i].name == want[i].name);
      BOOST_TEST((have[i].shape == want[i].shape));
      for (Index j = 0; j < have[i].values.size(); ++j)
        worst = std::max(worst, static_cast<double>(std::abs(have[i].values[j] - want[i].values[j])));
    }
    BOOST_TEST(worst < tolerance);
  }
}

BOOST_AUTO_TEST_CASE(a_bank_trains_what_single_adapters_do) { compare_with_single_adapters<reference, F32>(2e-5); }
BOOST_AUTO_TEST_CASE(on_the_cpu_in_bfloat16) { compare_with_single_adapters<Cpu, Bf16>(2e-2); }

BOOST_AUTO_TEST_CASE(of_bottleneck_adapters) {
  compare_with_single_adapters<reference, F32, HoulsbyAdapter<3>>(2e-5);
  compare_with_single_adapters<Cpu, Bf16, ParallelAdapter<3>>(2e-2);
}

// Examples of every kind belong to their member.
BOOST_AUTO_TEST_CASE(texts_with_classes_belong_to_their_member) {
  const Example one{.ids = {1, 2}, .labels = {0}, .kind = ExampleKind::text_class},
      other{.ids = {3}, .labels = {1}, .kind = ExampleKind::text_class};
  const std::vector<std::vector<const Example*>> members{{&one}, {&other, &one}};
  const auto batches = pack_members(members, 100);
  BOOST_REQUIRE(batches.size() == 1U);
  BOOST_TEST(batches[0].owners == (std::vector<Id>{0, 0, 1, 1, 1}), boost::test_tools::per_element());
  BOOST_TEST(batches[0].target_owners == (std::vector<Id>{0, 1, 1}), boost::test_tools::per_element());
}
// Nothing is read of examples that are none.
BOOST_AUTO_TEST_CASE(empty_examples_are_refused) {
  const Example none{}, some{.ids = {1, 2}, .labels = {1, 2}},
      unlabelled{.ids = {1, 2}, .labels = {}, .kind = ExampleKind::answer};
  for (const auto& list : {std::vector<const Example*>{&none}, {&none, &some}, {&none, &none}, {&unlabelled}})
    BOOST_CHECK_THROW(pack(list, 100), Error);
}

BOOST_AUTO_TEST_CASE(a_sequence_of_an_unknown_adapter_is_refused) {
  Llama<tiny::Config, Bank<2, Narrow>, reference> model;
  tiny::fill(model);
  Trainer trainer(model);
  Batch batch = tiny::batch();
  batch.belongs_to(2);
  BOOST_CHECK_EXCEPTION(trainer.step(batch), Error,
                        [](const Error& e) { return std::string(e.what()).find("adapter 2") != std::string::npos; });
  BOOST_CHECK_THROW(save_adapter(model, "/nowhere", "", 2), Error);
}

BOOST_AUTO_TEST_SUITE_END()
