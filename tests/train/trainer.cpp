#include "tiny.hpp"
#include "train/examples.hpp"

#include <graft/train.hpp>

#include <boost/test/unit_test.hpp>

#include <unistd.h>

#include <bit>
#include <limits>

using namespace graft;

BOOST_AUTO_TEST_SUITE(train_trainer)

using Model = Llama<tiny::Config, LoRA<2, Dropout<1, 10>>, reference>;
using Plain = Llama<tiny::Config, LoRA<2>, reference>;

// One mean over all supervised tokens, however the batch is cut.
BOOST_AUTO_TEST_CASE(accumulation_equals_the_whole_batch) {
  const auto data = tiny::examples(6);
  std::vector<const Example*> all;
  for (const auto& e : data) all.push_back(&e);
  const auto run = [&](Index tokens) {
    Plain model;
    tiny::fill(model);
    Trainer trainer(model, AdamW{.learning_rate = 1e-2F});
    const auto report = trainer.step(pack(all, tokens));
    return std::pair(report.loss, tiny::trained(model));
  };
  const auto [whole_loss, whole] = run(1000);
  const auto [cut_loss, cut] = run(8);
  BOOST_TEST(whole_loss == cut_loss, boost::test_tools::tolerance(1e-5));
  for (Index i = 0; i < whole.size(); ++i) BOOST_TEST(std::abs(whole[i] - cut[i]) < 2e-4F);
}

// What examples begin with alike is there once: fewer tokens, the same loss and the same gradient.
BOOST_AUTO_TEST_CASE(shared_beginnings) {
  std::vector<Example> data;
  for (Index e = 0; e < 6; ++e) {
    std::vector<Id> ids;
    for (Index i = 0; i < 20; ++i) ids.push_back(static_cast<Id>((i * 7 + 1) % 50));  // all
    // the last three
    for (Index i = 0; i < 17 && e >= 3; ++i) ids.push_back(static_cast<Id>((i * 3 + 2) % 50));
    for (Index i = 0; i < 3 + e; ++i) ids.push_back(static_cast<Id>((i * 11 + e + 5) % 50));
    data.emplace_back();
    // some labels lie in what is shared
    data.back().append({ids.begin(), ids.begin() + static_cast<std::ptrdiff_t>(18 - e)}, false);
    data.back().append({ids.begin() + static_cast<std::ptrdiff_t>(18 - e), ids.end()}, true);
  }
  std::vector<const Example*> all;
  Batch apart;
  for (const auto& e : data) {
    all.push_back(&e);
    apart.append(e.ids, e.labels);
  }
  const auto together = pack(all, 1000);
  BOOST_TEST(together.size() == 1U);
  BOOST_TEST(together[0].tokens.size() == 20U + 17U + 3U + 4U + 5U + 6U + 7U + 8U);
  BOOST_TEST(together[0].logical_tokens == apart.tokens.size());
  BOOST_TEST(together[0].targets.size() == apart.targets.size());
  const auto gradients = [](auto& model, const Batch& batch) {
    Trainer trainer(model);
    std::vector<float> all_of_them{static_cast<float>(trainer.gradient(batch, 1.0F))};
    for (const auto& slot : trainer.slots())
      all_of_them.insert(all_of_them.end(), slot.gradient, slot.gradient + slot.size);
    trainer.clear_gradients();
    return all_of_them;
  };
  const auto same = [&](auto& model, float tolerance) {
    tiny::fill(model);
    const auto wanted = gradients(model, apart), found = gradients(model, together[0]);
    float largest = 0, worst = 0;
    for (Index i = 0; i < wanted.size(); ++i) {
      largest = std::max(largest, std::abs(wanted[i]));
      worst = std::max(worst, std::abs(wanted[i] - found[i]));
    }
    BOOST_TEST(worst < tolerance * largest);
  };
  Plain model;
  same(model, 1e-5F);
}

BOOST_AUTO_TEST_CASE(not_a_number_stops_before_the_update) {
  Plain model;
  tiny::fill(model);
  const auto before = tiny::trained(model);
  Trainer trainer(model);
  model.final_norm.weight.assign(std::vector<float>(16, std::numeric_limits<float>::quiet_NaN()));
  BOOST_CHECK_EXCEPTION(trainer.step(tiny::batch()), Error, [](const Error& e) {
    return std::string(e.what()).find("left as they were") != std::string::npos;
  });
  BOOST_TEST(tiny::trained(model) == before, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_batch_without_labels_is_an_error) {
  Plain model;
  tiny::fill(model);
  Trainer trainer(model);
  Batch batch;
  batch.append({1, 2, 3}, {-1, -1, -1});
  BOOST_CHECK_THROW(trainer.step(batch), Error);
}

BOOST_AUTO_TEST_CASE(clipping_scales_the_whole_gradient) {
  const auto step = [](float clip) {
    Plain model;
    tiny::fill(model);
    Trainer trainer(model, AdamW{}, {.clip_norm = clip});
    return trainer.step(tiny::batch()).gradient_norm;
  };
  BOOST_TEST(step(0.0F) == step(0.1F));  // the norm reported is the one before clipping
}

// Gradients lie end to end, as one range, in the order of the slots; another trainer of the same parameters finds them
// so.
BOOST_AUTO_TEST_CASE(gradients_are_one_range) {
  Plain model;
  tiny::fill(model);
  std::vector<float> first;
  const auto contiguous = [](auto& trainer) {
    const float* at = trainer.slots()[0].gradient;
    for (const auto& slot : trainer.slots()) {
      BOOST_TEST(slot.gradient == at);
      at += slot.size;
    }
    return trainer.slots()[0].gradient;
  };
  {
    Trainer trainer(model);
    const auto* const range = contiguous(trainer);
    Trainer again(model);
    BOOST_TEST(contiguous(again) == range);
    trainer.gradient(tiny::batch(), 1.0F);
    first = download<reference>(again.slots()[0].gradient, again.slots()[0].size);
    BOOST_TEST(*std::max_element(first.begin(), first.end()) > 0.0F);
  }
  // What trained is gone; the parameters still have where gradients go.
  auto& layer = std::get<0>(model.blocks).blocks[0].query;
  BOOST_TEST(download<reference>(layer.a.gradient(), layer.a.size) == first, boost::test_tools::per_element());
}

// The last half of a step by itself.
BOOST_AUTO_TEST_CASE(accumulate_and_apply) {
  const auto data = tiny::examples(6);
  std::vector<const Example*> all;
  for (const auto& e : data) all.push_back(&e);
  const auto batches = pack(all, 8);
  Index targets = 0;
  for (const auto& batch : batches) targets += batch.targets.size();
  Plain one, other;
  tiny::fill(one);
  tiny::fill(other);
  Trainer whole(one, AdamW{.learning_rate = 1e-2F}), halves(other, AdamW{.learning_rate = 1e-2F});
  for (int step = 1; step <= 2; ++step) {
    const auto wanted = whole.step(batches);
    double loss = 0;
    for (const auto& batch : batches)
      loss += halves.gradient(batch, 1.0F / static_cast<float>(targets)) / static_cast<double>(targets);
    const auto found = halves.apply(targets, loss);
    BOOST_TEST(found.step == wanted.step);
    BOOST_TEST(found.targets == wanted.targets);
    BOOST_TEST(found.loss == wanted.loss);
    BOOST_TEST(found.gradient_norm == wanted.gradient_norm);
  }
  BOOST_TEST(tiny::trained(one) == tiny::trained(other), boost::test_tools::per_element());
  BOOST_CHECK_EXCEPTION(halves.apply(0), Error, [](const Error& e) {
    return std::string(e.what()).find("no token of this batch") != std::string::npos;
  });
}

// Distillation: another model's best guess at every token.
BOOST_AUTO_TEST_CASE(a_loss_of_ones_own) {
  Plain teacher, student;
  tiny::fill(teacher, 2);
  tiny::fill(student);
  const auto logits = [](auto& tape, const Plain& model, const PlacedBatch<reference>& placed) {
    return model.logits(tape, model.hidden(tape, placed));
  };
  const auto guesses = [&](const Batch& batch) {
    Workspace<reference> workspace;
    Inference<reference> tape(workspace);
    const auto z = logits(tape, teacher, place(tape, batch));
    std::vector<Id> best;
    for (Index t = 0; t < z.rows; ++t)
      best.push_back(static_cast<Id>(std::max_element(z.data + t * z.columns, z.data + (t + 1) * z.columns) -
                                     (z.data + t * z.columns)));
    return best;
  };
  const Batch batch = tiny::batch();
  const auto best = guesses(batch);
  const auto distilled = [&](auto& tape, const Plain& model, const auto& placed) {
    return cross_entropy(tape, logits(tape, model, placed), tape.ids(best.data(), best.size()));
  };
  Trainer trainer(student, AdamW{.learning_rate = 2e-2F});
  const double first = trainer.step(batch, distilled).loss;
  double last = first;
  for (int i = 0; i < 30; ++i) last = trainer.step(batch, distilled).loss;
  BOOST_TEST(last < 0.6 * first);
  // The model's own loss, said by hand, is the model's own.
  Plain by_hand, usual;
  tiny::fill(by_hand);
  tiny::fill(usual);
  Trainer one(by_hand), other(usual);
  const auto own = [](auto& tape, const Plain& model, const auto& placed) { return model.loss(tape, placed); };
  for (int i = 0; i < 2; ++i) BOOST_TEST(one.step(batch, own).loss == other.step(batch).loss);
  BOOST_TEST(tiny::trained(by_hand) == tiny::trained(usual), boost::test_tools::per_element());
}

// Preferences: what is chosen becomes likelier, what is rejected less so.
BOOST_AUTO_TEST_CASE(preferences) {
  Plain model;
  tiny::fill(model);
  Batch chosen, rejected;
  chosen.append({1, 2, 3, 4, 5}, {-1, -1, 3, 4, 5});
  rejected.append({1, 2, 9, 8, 7}, {-1, -1, 9, 8, 7});
  const double liked = tiny::loss(model, chosen), disliked = tiny::loss(model, rejected);
  Trainer trainer(model, AdamW{.learning_rate = 1e-2F});
  for (int i = 0; i < 10; ++i)
    trainer.step(chosen, [&](auto& tape, const Plain& m, const auto& placed) {
      return add(tape, m.loss(tape, placed), scale(tape, m.loss(tape, place(tape, rejected)), -0.5F));
    });
  BOOST_TEST(tiny::loss(model, chosen) < liked);
  BOOST_TEST(tiny::loss(model, rejected) > disliked);
}

// A host that has a layer of its own runs it, says how its loss depends on the result, and has it trained.
BOOST_AUTO_TEST_CASE(a_lone_layer) {
  using Layer = LowRank<LoRA<2>, Frozen<Linear<reference, 6, 4>>>;
  const auto numbers = [](Index n, std::uint64_t stream) {
    std::vector<float> v(n);
    for (Index i = 0; i < n; ++i) v[i] = standard_normal({3, stream}, i);
    return v;
  };
  const auto x = numbers(30, 1), wanted = numbers(20, 2);  // x(5,6), y(5,4)
  const auto make = [](Layer& layer) {
    Initializer initializer{.key = {1, 0}, .deviation = 0.3F};
    layer.initialize(initializer);
  };
  const auto forward = [&](auto& tape, const Layer& layer) {
    return layer(tape, Var<reference, 6>{5, tape.numbers(x.data(), x.size())});
  };
  Layer layer;
  make(layer);
  Trainer trainer(layer, AdamW{.learning_rate = 5e-2F});
  BOOST_TEST(trainer.slots()[0].path == "lora_A.weight");
  std::vector<double> losses;
  for (int step = 0; step < 40; ++step) {
    trainer.workspace().reset();
    Tape<reference> tape(trainer.workspace());
    const auto y = forward(tape, layer);
    std::vector<float> dy(20);  // of Σ (y − wanted)² / 2
    double loss = 0;
    for (Index i = 0; i < 20; ++i) {
      dy[i] = y.data[i] - wanted[i];
      loss += static_cast<double>(dy[i] * dy[i]) / 2;
    }
    tape.backward(y, dy);
    losses.push_back(trainer.apply(1, loss).loss);
  }
  BOOST_TEST(losses.back() < 0.6 * losses.front());
  // A loss of graft's ops goes the same way.
  Layer again;
  make(again);
  Trainer same(again, AdamW{.learning_rate = 5e-2F});
  const std::vector<Id> classes{0, 1, 2, 3, 0};
  const auto loss = [&](Tape<reference>& tape) {
    return cross_entropy(tape, forward(tape, again), tape.ids(classes.data(), classes.size()));
  };
  const double first = same.step(loss, 5).loss;
  double last = first;
  for (int i = 0; i < 20; ++i) last = same.step(loss, 5).loss;
  BOOST_TEST(last < 0.9 * first);
  // Its checkpoint, too.
  const auto path = std::filesystem::temp_directory_path() / ("graft-lone-" + std::to_string(::getpid()));
  save_checkpoint(same, path);
  const double next = same.step(loss, 5).loss;
  Layer third;
  make(third);
  Trainer resumed(third, AdamW{.learning_rate = 5e-2F});
  load_checkpoint(resumed, path);
  std::filesystem::remove(path);
  BOOST_TEST(resumed
                 .step(
                     [&](Tape<reference>& tape) {
                       return cross_entropy(tape, forward(tape, third), tape.ids(classes.data(), classes.size()));
                     },
                     5)
                 .loss == next);
  Frozen<Linear<reference, 6, 4>> nothing;
  BOOST_CHECK_THROW(Trainer{nothing}, Error);
}

/// Boost.Test has no threads.
void must(bool right, const char* what) {
  if (!right) throw Error(what);
}

/// Parameters after steps on ranks that have these batches each, in the order of the ranks; the losses are the same on
/// all.
template <class M>
std::vector<std::vector<float>> trained_on(const std::vector<std::vector<Batch>>& shares, std::vector<double>& losses) {
  std::vector<std::vector<float>> all(shares.size());
  on_ranks(shares.size(), [&](ThreadRanks ranks) {
    M model;
    tiny::fill(model);
    Trainer trainer(model, AdamW{.learning_rate = 1e-2F}, {.clip_norm = 0.5F}, ranks);
    for (int step = 0; step < 3; ++step) {
      const auto report = trainer.step(shares[ranks.rank()]);
      must(same_on_all(ranks, std::bit_cast<std::uint64_t>(report.loss)), "ranks report other losses");
      must(same_on_all(ranks, std::bit_cast<std::uint32_t>(report.gradient_norm)), "ranks report other norms");
      if (ranks.rank() == 0) losses.push_back(report.loss);
    }
    all[ranks.rank()] = tiny::trained(model);
  });
  return all;
}

template <class M>
void same_on_any_number_of_ranks() {
  const auto data = tiny::examples(7);
  const auto batch_of = [&](Index first, Index end) {
    std::vector<const Example*> some;
    for (; first < end; ++first) some.push_back(&data[first]);
    return pack(some, 12);
  };
  std::vector<double> wanted;
  const auto alone = trained_on<M>({batch_of(0, 7)}, wanted)[0];
  for (const auto& shares : {std::vector{batch_of(0, 3), batch_of(3, 7)},
                             std::vector{batch_of(0, 1), std::vector<Batch>{}, batch_of(1, 7)}}) {
    std::vector<double> found;
    const auto ranks = trained_on<M>(shares, found);
    // sums in another order
    for (Index i = 0; i < wanted.size(); ++i) BOOST_TEST(found[i] == wanted[i], boost::test_tools::tolerance(1e-5));
    for (Index i = 0; i < alone.size(); ++i) BOOST_TEST(std::abs(ranks[0][i] - alone[i]) < 5e-4F);
    for (const auto& rank : ranks) BOOST_TEST((rank == ranks[0]));
  }
}

BOOST_AUTO_TEST_CASE(ranks) { same_on_any_number_of_ranks<Plain>(); }
// Its penalty counts once.
BOOST_AUTO_TEST_CASE(ranks_of_ada_lora) { same_on_any_number_of_ranks<Llama<tiny::Config, AdaLoRA<4>, reference>>(); }

// Each adapter has a mean loss, a norm and a step of its own, whatever ranks its examples are on.
BOOST_AUTO_TEST_CASE(ranks_of_a_bank) {
  using Two = Llama<tiny::Config, Bank<2, LoRA<2>>, reference>;
  const auto data = tiny::examples(7);
  const auto batch_of = [&](const std::vector<Index>& first, const std::vector<Index>& second) {
    std::vector<std::vector<const Example*>> members(2);
    for (const Index i : first) members[0].push_back(&data[i]);
    for (const Index i : second) members[1].push_back(&data[i]);
    return pack_members(members, 12);
  };
  std::vector<double> wanted, found;
  const auto alone = trained_on<Two>({batch_of({0, 1, 2}, {3, 4, 5, 6})}, wanted)[0];
  const auto ranks = trained_on<Two>({batch_of({0, 1, 2}, {3}), batch_of({}, {4, 5, 6})}, found);
  for (Index i = 0; i < wanted.size(); ++i) BOOST_TEST(found[i] == wanted[i], boost::test_tools::tolerance(1e-5));
  for (Index i = 0; i < alone.size(); ++i) BOOST_TEST(std::abs(ranks[0][i] - alone[i]) < 5e-4F);
  BOOST_TEST((ranks[1] == ranks[0]));
}

// No two ranks drop the same, and what a run goes on from is the same on all.
BOOST_AUTO_TEST_CASE(ranks_with_dropout) {
  on_ranks(2, [](ThreadRanks ranks) {
    Model model;
    tiny::fill(model);
    Trainer trainer(model, AdamW{}, {.seed = 4}, ranks);
    const auto gradient = [&] {
      trainer.gradient(tiny::batch(), 1.0F);
      Fingerprint bits;
      for (const auto& slot : trainer.slots()) bits.add(download<reference>(slot.gradient, slot.size));
      trainer.clear_gradients();
      return bits.value();
    };
    const auto start = trainer.random();
    must(!same_on_all(ranks, gradient()), "ranks drop the same");
    trainer.resume_at(0, start);
    if (ranks.rank() == 0) trainer.step(tiny::batch());
    else trainer.step(std::vector<Batch>(2, tiny::batch()));
    must(same_on_all(ranks, trainer.random().stream), "ranks go on from other streams");
    must(trainer.random().stream % 3 == 0 && trainer.random().stream > 0, "streams are not what three passes drew");
  });
}

// What is wrong on all ranks together ends all of them.
BOOST_AUTO_TEST_CASE(ranks_that_fail) {
  const auto fails = [](const auto& step) {
    try {
      on_ranks(2, [&](ThreadRanks ranks) {
        Plain model;
        tiny::fill(model);
        Trainer trainer(model, AdamW{}, {}, ranks);
        step(trainer, model, ranks.rank());
      });
    } catch (const Error& error) { return std::string(error.what()); }
    return std::string();
  };
  BOOST_TEST(fails([](auto& trainer, auto&, Index) {
               trainer.step(std::vector<Batch>{});
             }).find("no token of this batch") != std::string::npos);
  BOOST_TEST(fails([](auto& trainer, auto& model, Index rank) {
               if (rank == 1)
                 model.final_norm.weight.assign(std::vector<float>(16, std::numeric_limits<float>::quiet_NaN()));
               trainer.step(tiny::batch());
             }).find("left as they were") != std::string::npos);
  BOOST_TEST(fails([](auto& trainer, auto&, Index rank) {
               Batch beyond;
               beyond.append({1, 99}, {1, 99});
               trainer.step(rank == 1 ? beyond : tiny::batch());
             }).find("99") != std::string::npos);
}

// A pass that throws leaves nothing for the next step.
BOOST_AUTO_TEST_CASE(a_loss_that_throws_between_passes) {
  const auto after = [](bool thrown) {
    Plain model;
    tiny::fill(model);
    Trainer trainer(model, AdamW{.learning_rate = 1e-2F});
    Index passes = 0;
    const auto loss = [&passes](auto& tape, auto& of, const auto& placed) {
      if (++passes == 2) fail("the second pass");
      return of.loss(tape, placed);
    };
    if (thrown) BOOST_CHECK_THROW(trainer.step(std::vector<Batch>{tiny::batch(), tiny::batch()}, loss), Error);
    trainer.step(tiny::batch());
    return tiny::trained(model);
  };
  BOOST_TEST((after(true) == after(false)));
}

// A gradient of a bank that is no number is noticed, whatever other members' are.
BOOST_AUTO_TEST_CASE(a_banks_gradient_that_is_no_number) {
  using Several = Llama<tiny::Config, Bank<2, LoRA<2>>, reference>;
  Several model;
  tiny::fill(model);
  Trainer trainer(model, AdamW{});
  const auto before = tiny::trained(model);
  trainer.slots()[0].gradient[0] = std::numeric_limits<float>::quiet_NaN();
  BOOST_CHECK_THROW(trainer.apply({.targets = {1, 1}}), Error);
  BOOST_TEST((tiny::trained(model) == before));
}

BOOST_AUTO_TEST_SUITE_END()
