// Whole runs: what they end with, and that one which was stopped anywhere and resumed ends as one that was not, to the
// bit.
#include "tiny.hpp"
#include "train/examples.hpp"

#include <graft/backend/xsimd/xsimd_cpu.hpp>
#include <graft/eval/perplexity.hpp>
#include <graft/train.hpp>

#include <boost/test/unit_test.hpp>

#include <limits>

using namespace graft;

BOOST_AUTO_TEST_SUITE(train_fit)

using Dropping = Llama<tiny::Config, LoRA<2, Dropout<1, 10>>, reference>;
using Plain = Llama<tiny::Config, LoRA<2>, reference>;

/// Others, on which what is learned helps at first and harms then.
std::vector<Example> held_out() {
  auto all = tiny::examples(3);
  for (auto& e : all)
    for (auto& label : e.labels) label = label < 0 ? label : (label + 7) % 50;
  return all;
}

BOOST_AUTO_TEST_CASE(training_lowers_the_loss) {
  Plain model;
  tiny::fill(model);
  const auto data = tiny::examples(12);
  Trainer trainer(model, AdamW{.learning_rate = 2e-2F});
  const auto history = fit(trainer, std::span<const Example>(data), {.epochs = 12, .batch = 4, .progress = false});
  BOOST_TEST(history.losses.size() == 36U);
  BOOST_TEST(history.losses.back() < 0.6 * history.losses.front());
}

struct TemporaryFolder {
  std::filesystem::path path = std::filesystem::temp_directory_path() / ("graft-fit-" + std::to_string(::getpid()));
  TemporaryFolder() { std::filesystem::create_directories(path); }
  ~TemporaryFolder() { std::filesystem::remove_all(path); }
};

/// How a run is set up.
struct Setup {
  FitOptions fit;
  AdamW optimizer{.learning_rate = 3e-2F};
  TrainerOptions trainer{.schedule = {.kind = Schedule::Kind::cosine}, .seed = 8};
  Index alike = 0;  ///< tokens that examples begin with alike; 0: others at every epoch
};

struct PulledPlug {};

/// What a run leaves behind.
struct Outcome {
  FitHistory history;
  std::vector<float> parameters;
};

/// Runs until the plug is pulled, after so many steps (in the batch of the next) or evaluations, or to the end.
template <class M, class C = Alone>
std::optional<Outcome> run(const Setup& setup, std::span<const Example> data, std::span<const Example> held,
                           Index steps = ~Index{0}, Index evaluations = ~Index{0}, C ranks = {}) {
  M model;
  tiny::fill(model);
  Trainer trainer(model, setup.optimizer, setup.trainer, ranks);
  std::vector<const Example*> all;
  for (const auto& e : held) all.push_back(&e);
  const auto batches = pack(all, 100);
  auto options = setup.fit;
  options.progress = false;
  options.anew = [&](Example e, Index number, Index epoch) {
    if (trainer.steps() >= steps) throw PulledPlug{};
    if (setup.alike == 0) e.ids[0] = static_cast<Id>((3 * number + epoch) % 16);
    return e;
  };
  try {
    Outcome outcome;
    outcome.history = fit(
        trainer, data, options, held.empty() ? std::function<double()>{} : [&] {
          if (evaluations-- == 0) throw PulledPlug{};
          Workspace<typename M::backend> workspace;
          return held_out_loss(model, std::span<const Batch>(batches), workspace).mean();
        });
    outcome.parameters = tiny::trained(model);
    return outcome;
  } catch (const PulledPlug&) { return std::nullopt; }
}

void same(const Outcome& a, const Outcome& b) {
  BOOST_TEST((a.parameters == b.parameters));
  BOOST_TEST((a.history.losses == b.history.losses));
  BOOST_REQUIRE_EQUAL(a.history.evaluations.size(), b.history.evaluations.size());
  for (Index i = 0; i < a.history.evaluations.size(); ++i) {
    BOOST_TEST(a.history.evaluations[i].step == b.history.evaluations[i].step);
    BOOST_TEST(a.history.evaluations[i].loss == b.history.evaluations[i].loss);
  }
  BOOST_TEST(a.history.best_step == b.history.best_step);
  BOOST_TEST(a.history.kept_step == b.history.kept_step);
  BOOST_TEST((a.history.kept_loss() == b.history.kept_loss()));
  BOOST_TEST((a.history.kept_ranks == b.history.kept_ranks));
  BOOST_TEST(a.history.tokens == b.history.tokens);
  BOOST_TEST(a.history.most_pass_tokens == b.history.most_pass_tokens);
  BOOST_TEST(a.history.changed == b.history.changed);
}

struct OneThread {
  int usual = static_cast<int>(thread_count());
  OneThread() { use(1); }
  ~OneThread() { use(usual); }
  static void use([[maybe_unused]] int threads) {
#if defined(_OPENMP)
    omp_set_num_threads(threads);
#endif
  }
};

/// Stops a run in every step and in every evaluation, and resumes it each time.
template <class M>
void stopped_anywhere(Setup setup, Index most_evaluations) {
  const TemporaryFolder folder;
  const auto data = tiny::examples(10, setup.alike), held = held_out();
  setup.fit.checkpoint = folder.path / "run.safetensors";
  setup.fit.checkpoint_every = 1;
  const auto undisturbed = run<M>(setup, data, held);
  const Index total = undisturbed->history.losses.size();
  auto again = setup;
  again.fit.resume = true;
  const auto resumed_like_undisturbed = [&](Index steps, Index evaluations) {
    std::filesystem::remove(setup.fit.checkpoint);
    BOOST_TEST(!run<M>(setup, data, held, steps, evaluations).has_value());
    same(*run<M>(again, data, held), *undisturbed);
  };
  const OneThread others;  // whose number means nothing
  for (Index k = 0; k < total; ++k) resumed_like_undisturbed(k, ~Index{0});
  for (Index k = 0; k < most_evaluations; ++k) resumed_like_undisturbed(~Index{0}, k);
  // Stopped in every single step of one run.
  std::filesystem::remove(setup.fit.checkpoint);
  for (Index k = 1; k < total; ++k) BOOST_TEST(!run<M>(again, data, held, k).has_value());
  same(*run<M>(again, data, held), *undisturbed);
  // Stopped after the end: nothing is trained again.
  const auto after = run<M>(again, data, held);
  BOOST_TEST(after->history.resumed_at == total);
  BOOST_TEST(after->history.timed_tokens == 0U);
  same(*after, *undisturbed);
}

BOOST_AUTO_TEST_CASE(lora_with_dropout_stopped_anywhere) {
  Setup setup{.fit = {.epochs = 2, .batch = 3, .micro_tokens = 20, .seed = 4, .evaluate_every = 2}};
  setup.optimizer.learning_rate = 0.3F;  // so that the best is not the last
  stopped_anywhere<Dropping>(setup, 4);
  const auto data = tiny::examples(10), held = held_out();
  const auto history = run<Dropping>(setup, data, held)->history;
  BOOST_TEST(history.best_step != 0U);
  BOOST_TEST(history.best_step < history.losses.size());
}

BOOST_AUTO_TEST_CASE(ada_lora_with_its_budget_stopped_anywhere) {
  using Model = Llama<tiny::Config, AdaLoRA<6, On<Query, Value>>, reference>;
  const Setup setup{
      .fit = {
          .epochs = 2, .batch = 3, .seed = 4, .evaluate_every = 3, .rank_budget = RankBudgetOptions{.target_rank = 2}}};
  stopped_anywhere<Model>(setup, 3);
  const auto data = tiny::examples(10), held = held_out();
  const auto history = run<Model>(setup, data, held)->history;
  BOOST_TEST(history.kept_ranks.value() == 2 * 2 * tiny::Config::blocks);
  BOOST_TEST(history.best_step >= 6U);  // the evaluation of step 3 is of more ranks
  auto without = setup;
  without.fit.rank_budget.reset();
  BOOST_TEST(!run<Model>(without, data, held)->history.kept_ranks.has_value());
  // Unless said, PEFT's: 12 become 8.
  const auto usual =
      run<Llama<tiny::Config, AdaLoRA<12, On<Query, Value>>, reference>>({.fit = {.epochs = 3, .batch = 3}}, data, {})
          ->history;
  BOOST_TEST(usual.kept_ranks.value() == 8 * 2 * tiny::Config::blocks);
  BOOST_TEST(!run<Plain>({.fit = {.epochs = 1}}, data, {})->history.kept_ranks.has_value());
  BOOST_CHECK_EXCEPTION(run<Plain>(setup, data, held), Error, [](const Error& e) {
    return std::string(e.what()).find("has no AdaLoRA") != std::string::npos;
  });
}

struct Wide : tiny::TiedConfig {
  static constexpr Index width = 64, head_width = 16, feed_forward = 96;
};

// The last bits of a text's rows are those of the pass in which it was first met, by what it shared its beginning with
// there: a resumed run makes them in the same passes again.
BOOST_AUTO_TEST_CASE(kept_outputs_of_a_trunk_stopped_anywhere) {
  Setup setup{.fit = {.epochs = 3, .batch = 4, .micro_tokens = 200, .seed = 4, .evaluate_every = 4}, .alike = 20};
  setup.trainer.trunk_cache_bytes = 1_GiB;
  stopped_anywhere<Llama<Wide, LastBlocks<1>, Cpu>>(setup, 2);
  setup.trainer.trunk_cache_bytes = 10'000;  // room for some
  stopped_anywhere<Llama<Wide, LastBlocks<1>, Cpu, Bf16>>(setup, 0);
}

BOOST_AUTO_TEST_CASE(a_resumed_run_is_the_same_run_bit_by_bit) {
  const auto folder = std::filesystem::temp_directory_path() / "graft-resume-test";
  std::filesystem::create_directories(folder);
  const auto data = tiny::examples(10);
  const auto anew = [](Example e, Index number, Index epoch) {
    e.ids[0] = static_cast<Id>((3 * number + epoch) % 16);
    return e;
  };
  const FitOptions options{.epochs = 2,
                           .batch = 3,
                           .seed = 4,
                           .checkpoint = folder / "run.safetensors",
                           .checkpoint_every = 3,
                           .progress = false,
                           .anew = anew};
  const auto trainer_for = [&](Dropping& model) {
    return Trainer<Dropping>(model, AdamW{.learning_rate = 1e-2F},
                             {.schedule = {Schedule::Kind::cosine, 2, options.steps(data.size())}, .seed = 8});
  };
  Dropping straight;
  tiny::fill(straight);
  auto first = trainer_for(straight);
  const auto whole = fit(first, std::span<const Example>(data), options);

  // The same run, killed in its fifth step (by an exception out of the evaluation) and taken up again.
  Dropping broken;
  tiny::fill(broken);
  auto second = trainer_for(broken);
  auto interrupted = options;
  interrupted.evaluate_every = 5;
  BOOST_CHECK_THROW(
      fit(second, std::span<const Example>(data), interrupted, []() -> double { throw Error("pulled the plug"); }),
      Error);
  Dropping resumed;
  tiny::fill(resumed, 99);  // other values: everything must come from the file, except the frozen base
  tiny::fill(resumed);
  auto third = trainer_for(resumed);
  auto again = options;
  again.resume = true;
  const auto rest = fit(third, std::span<const Example>(data), again);
  BOOST_TEST(tiny::trained(straight) == tiny::trained(resumed), boost::test_tools::per_element());
  BOOST_TEST(rest.losses == whole.losses, boost::test_tools::per_element());
  Dropping same_texts;
  tiny::fill(same_texts);
  auto fourth = trainer_for(same_texts);
  const auto plain =
      fit(fourth, std::span<const Example>(data), {.epochs = 2, .batch = 3, .seed = 4, .progress = false});
  BOOST_TEST(plain.losses.back() != whole.losses.back());
  std::filesystem::remove_all(folder);
}

/// What resuming under other settings says, after two epochs of one.
std::string refusal(const Setup& setup, const std::function<void(Setup&, std::vector<Example>&)>& change) {
  const TemporaryFolder folder;
  auto data = tiny::examples(10);
  const auto held = held_out();
  auto first = setup;
  first.fit.checkpoint = folder.path / "run.safetensors";
  first.fit.checkpoint_every = 4;
  run<Dropping>(first, data, held);
  first.fit.resume = true;
  change(first, data);
  try {
    run<Dropping>(first, data, held);
  } catch (const Error& error) { return error.what(); }
  return "";
}

BOOST_AUTO_TEST_CASE(other_settings_are_one_error_that_names_them_all) {
  const Setup setup{.fit = {.epochs = 2, .batch = 3, .seed = 4, .evaluate_every = 3, .settings = {{"base", "a"}}}};
  const auto all = refusal(setup, [](Setup& s, std::vector<Example>& data) {
    s.fit.batch = 2;
    s.fit.micro_tokens = 100;
    s.fit.seed = 5;
    s.fit.evaluate_every = 4;
    s.fit.settings["base"] = "b";
    s.optimizer.learning_rate = 1e-3F;
    s.optimizer.weight_decay = 0.5F;
    s.trainer.clip_norm = 2;
    s.trainer.seed = 9;
    s.trainer.schedule.kind = Schedule::Kind::linear;
    data[9].ids[0] = 49;
  });
  for (const char* part :
       {"batch 3 (now 2)", "tokens of a pass 512 (now 100)", "seed 4 (now 5)",
        "evaluation every 3 steps, keeping the best (now every 4 steps, keeping the best)", "base a (now b)",
        "learning rate 0.03 (now 0.001)", "weight decay 0 (now 0.5)", "largest norm of the gradient 1 (now 2)",
        "seed of dropout 8 (now 9)", "schedule cosine (now linear)", "examples 10 of fingerprint", "run.safetensors",
        "start another run"})
    BOOST_TEST(all.find(part) != std::string::npos, part << " is not in: " << all);
  BOOST_TEST(refusal(setup, [](Setup&, auto&) {}).empty());
  const auto group =
      refusal(setup, [](Setup& s, auto&) { s.optimizer.groups = {{.part = "lora_B", .rate_factor = 16}}; });
  BOOST_TEST(group.find("learning rate factor of lora_B none (now 16)") != std::string::npos, group);
  const auto base = refusal(setup, [](Setup& s, auto&) { s.fit.settings.clear(); });
  BOOST_TEST(base.find("base a (now none)") != std::string::npos, base);
}

BOOST_AUTO_TEST_CASE(a_checkpoint_of_no_run) {
  const TemporaryFolder folder;
  const auto data = tiny::examples(4);
  Setup setup{.fit = {.resume = true}};
  BOOST_CHECK_EXCEPTION(run<Plain>(setup, data, {}), Error, [](const Error& e) {
    return std::string(e.what()).find("names no file") != std::string::npos;
  });
  setup.fit.checkpoint = folder.path / "alone.safetensors";
  BOOST_TEST(run<Plain>(setup, data, {})->history.resumed_at == 0U);  // where there is none yet
  Plain model;
  Trainer trainer(model);
  save_checkpoint(trainer, setup.fit.checkpoint);
  BOOST_CHECK_EXCEPTION(run<Plain>(setup, data, {}), Error, [](const Error& e) {
    return std::string(e.what()).find("is no checkpoint of a run of fit()") != std::string::npos;
  });
}

// More epochs are another run only where steps that were taken would have been others.
BOOST_AUTO_TEST_CASE(more_epochs) {
  const auto longer = [](Setup& s, auto&) { s.fit.epochs = 4; };
  Setup setup{.fit = {.epochs = 2, .batch = 3, .seed = 4}};
  const auto cosine = refusal(setup, longer);
  BOOST_TEST(cosine.find("steps of the run 8 (now 16)") != std::string::npos, cosine);
  BOOST_TEST(cosine.find("steps of warm-up") == std::string::npos, cosine);
  setup.trainer.schedule = {.kind = Schedule::Kind::constant, .warmup = 3};
  BOOST_TEST(refusal(setup, longer).empty());
  const auto warmer = refusal(setup, [](Setup& s, auto&) { s.trainer.schedule.warmup = 2; });
  BOOST_TEST(warmer.find("steps of warm-up 3 (now 2)") != std::string::npos, warmer);
  const auto fewer = refusal(setup, [](Setup& s, auto&) { s.fit.epochs = 1; });
  BOOST_TEST(fewer.find("is at step 8 already, and 4 are asked for") != std::string::npos, fewer);

  // And where they are not, the end is that of the longer run, with an evaluation where the shorter one had its last.
  const TemporaryFolder folder;
  const auto data = tiny::examples(10), held = held_out();
  for (const Index every : {0, 1, 3, 4}) {
    setup.fit = {.epochs = 4, .batch = 3, .seed = 4, .evaluate_every = every};
    setup.optimizer.learning_rate = 0.3F;
    const auto whole = run<Dropping>(setup, data, held);
    auto parts = setup;
    parts.fit.epochs = 2;
    parts.fit.checkpoint = folder.path / "run.safetensors";
    parts.fit.checkpoint_every = 3;
    run<Dropping>(parts, data, held);
    parts.fit.epochs = 4;
    parts.fit.resume = true;
    same(*run<Dropping>(parts, data, held), *whole);
  }
}

BOOST_AUTO_TEST_CASE(the_best_parameters_are_kept) {
  Plain model;
  tiny::fill(model);
  const auto data = tiny::examples(4);
  Trainer trainer(model, AdamW{.learning_rate = 1e-2F});
  int calls = 0;
  std::vector<float> at_best;
  const auto history = fit(trainer, std::span<const Example>(data),
                           {.epochs = 6, .batch = 4, .evaluate_every = 1, .progress = false}, [&] {
                             if (++calls == 3) at_best = tiny::trained(model);
                             return calls == 3 ? 1.0 : calls == 1 ? std::numeric_limits<double>::quiet_NaN() : 2.0;
                           });
  BOOST_TEST(history.best_step == 3U);
  BOOST_TEST(history.kept_step == 3U);
  BOOST_TEST(history.kept_loss().value() == 1.0);
  BOOST_TEST(calls == 6);
  BOOST_TEST(tiny::trained(model) == at_best, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(what_was_not_evaluated_has_no_loss) {
  const auto history = run<Plain>({.fit = {.epochs = 1}}, tiny::examples(4), {})->history;
  BOOST_TEST(!history.kept_loss().has_value());
  BOOST_TEST(history.evaluations.empty());
  BOOST_TEST(history.kept_step == 1U);
  BOOST_TEST(std::isnan(HeldOutLoss{}.mean()));
}

BOOST_AUTO_TEST_CASE(says_whether_anything_changed) {
  Setup setup{.fit = {.epochs = 2}};
  BOOST_TEST(run<Plain>(setup, tiny::examples(4), {})->history.changed);
  setup.optimizer.learning_rate = 0;
  const TemporaryFolder folder;
  setup.fit.checkpoint = folder.path / "run.safetensors";
  setup.fit.checkpoint_every = 1;
  BOOST_TEST(!run<Plain>(setup, tiny::examples(4), {})->history.changed);
  // Since the run began, and not since a process did that went on with it.
  Plain model;
  tiny::fill(model, 9);
  Trainer trainer(model, setup.optimizer, setup.trainer);
  auto options = setup.fit;
  options.resume = true;
  options.progress = false;
  const auto data = tiny::examples(4);
  BOOST_TEST(!fit(trainer, std::span<const Example>(data), options).changed);
}

// A trainer's schedule is of the run that fit() makes of it, unless it says otherwise.
BOOST_AUTO_TEST_CASE(a_schedule_over_the_run) {
  const auto data = tiny::examples(40);
  Plain model;
  tiny::fill(model);
  Trainer trainer(model, AdamW{}, {.schedule = {.kind = Schedule::Kind::linear}});
  fit(trainer, std::span<const Example>(data), {.epochs = 10, .batch = 4, .progress = false});
  BOOST_TEST(trainer.schedule().total == 100U);
  BOOST_TEST(trainer.schedule().warmup_steps() == 3U);
  Trainer falling(model);  // unless said it falls over a run, and not where no end is known
  BOOST_TEST(falling.schedule().factor(1000) == 1.0F);
  fit(falling, std::span<const Example>(data), {.epochs = 10, .batch = 4, .progress = false});
  BOOST_TEST((falling.schedule().kind == Schedule::Kind::cosine));
  Trainer longer(model, AdamW{}, {.schedule = {.kind = Schedule::Kind::linear, .total = 400}});
  fit(longer, std::span<const Example>(data), {.epochs = 10, .batch = 4, .progress = false});
  BOOST_TEST(longer.schedule().warmup_steps() == 12U);
  Trainer warm(model, AdamW{}, {.schedule = {.warmup = 100}});
  BOOST_CHECK_THROW(fit(warm, std::span<const Example>(data), {.epochs = 10, .batch = 4, .progress = false}), Error);
}

/// The same run on several ranks: what the first leaves behind, or nothing if its plug was pulled. All end with the
/// same parameters.
template <class M>
std::optional<Outcome> run_on(Index count, const Setup& setup, std::span<const Example> data,
                              std::span<const Example> held, Index steps = ~Index{0}) {
  std::vector<std::optional<Outcome>> all(count);
  on_ranks(count, [&](ThreadRanks ranks) { all[ranks.rank()] = run<M>(setup, data, held, steps, ~Index{0}, ranks); });
  for (const auto& outcome : all) {
    BOOST_REQUIRE(outcome.has_value() == all[0].has_value());
    if (outcome) BOOST_TEST((outcome->parameters == all[0]->parameters));
  }
  return all[0];
}

/// Losses, but for the order of sums.
void near(const Outcome& a, const Outcome& b) {
  BOOST_REQUIRE_EQUAL(a.history.losses.size(), b.history.losses.size());
  for (Index i = 0; i < a.history.losses.size(); ++i)
    BOOST_TEST(a.history.losses[i] == b.history.losses[i], boost::test_tools::tolerance(1e-4));
  BOOST_TEST(a.history.tokens == b.history.tokens);
}

// Examples and steps are those of one rank, on however many ranks, and a run goes on with other ones than it began
// with.
BOOST_AUTO_TEST_CASE(on_several_ranks) {
  const TemporaryFolder folder;
  const auto data = tiny::examples(10), held = held_out();
  Setup setup{.fit = {.epochs = 2, .batch = 4, .micro_tokens = 20, .seed = 4, .evaluate_every = 2}};
  const auto alone = run<Plain>(setup, data, held);
  setup.fit.checkpoint = folder.path / "run.safetensors";
  setup.fit.checkpoint_every = 1;
  auto again = setup;
  again.fit.resume = true;
  for (const Index count : {2, 3, 5}) {  // five have one with nothing in every step
    const auto ranks = run_on<Plain>(count, setup, data, held);
    near(*ranks, *alone);
    BOOST_TEST(ranks->history.best_step == alone->history.best_step);
    for (const Index before : {Index{1}, Index{2}}) {
      std::filesystem::remove(setup.fit.checkpoint);
      BOOST_TEST(!run_on<Plain>(before, setup, data, held, 3).has_value());
      near(*run_on<Plain>(count, again, data, held), *alone);
    }
  }
}

// With as many ranks as before a run goes on to the bit, dropout and a budget of ranks included.
BOOST_AUTO_TEST_CASE(several_ranks_stopped_anywhere) {
  const auto stopped = []<class M>(std::type_identity<M>) {
    const TemporaryFolder folder;
    const auto data = tiny::examples(10), held = held_out();
    Setup setup{.fit = {.epochs = 2,
                        .batch = 4,
                        .micro_tokens = 20,
                        .seed = 4,
                        .evaluate_every = 2,
                        .checkpoint = folder.path / "run.safetensors",
                        .checkpoint_every = 1}};
    if (M::trainable_parameters != Dropping::trainable_parameters)
      setup.fit.rank_budget = RankBudgetOptions{.target_rank = 2};
    const auto undisturbed = run_on<M>(2, setup, data, held);
    setup.fit.resume = true;
    for (Index k = 0; k < undisturbed->history.losses.size(); ++k) {
      std::filesystem::remove(setup.fit.checkpoint);
      BOOST_TEST(!run_on<M>(2, setup, data, held, k).has_value());
      same(*run_on<M>(2, setup, data, held), *undisturbed);
    }
  };
  stopped(std::type_identity<Dropping>{});
  stopped(std::type_identity<Llama<tiny::Config, AdaLoRA<6, On<Query, Value>>, reference>>{});
}

BOOST_AUTO_TEST_CASE(ranks_that_begin_otherwise) {
  const auto data = tiny::examples(10);
  const auto refused = [&](std::uint64_t seed_of_other, Index batch_of_other) {
    try {
      on_ranks(2, [&](ThreadRanks ranks) {
        Plain model;
        tiny::fill(model, ranks.rank() == 1 ? seed_of_other : 1);
        Trainer trainer(model, AdamW{}, {}, ranks);
        fit(trainer, std::span<const Example>(data),
            {.batch = ranks.rank() == 1 ? batch_of_other : 4, .progress = false});
      });
    } catch (const Error& error) {
      return std::string(error.what()).find("has other parameters, examples or settings than another rank") !=
             std::string::npos;
    }
    return false;
  };
  BOOST_TEST(refused(2, 4));
  BOOST_TEST(refused(1, 2));
  BOOST_TEST(!refused(1, 4));
}

BOOST_AUTO_TEST_SUITE_END()
