#include "../backend/guarded.hpp"
#include "../tiny.hpp"
#include "examples.hpp"

#include <graft/train.hpp>

#include <boost/test/unit_test.hpp>

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
    for (Index i = 0; i < 20; ++i) ids.push_back(static_cast<Id>((i * 7 + 1) % 50));                              // all
    for (Index i = 0; i < 17 && e >= 3; ++i) ids.push_back(static_cast<Id>((i * 3 + 2) % 50));                    // the last three
    for (Index i = 0; i < 3 + e; ++i) ids.push_back(static_cast<Id>((i * 11 + e + 5) % 50));
    data.emplace_back();
    data.back().append({ids.begin(), ids.begin() + static_cast<std::ptrdiff_t>(18 - e)}, false);                  // some labels lie in what is shared
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
    for (const auto& slot : trainer.slots()) all_of_them.insert(all_of_them.end(), slot.gradient, slot.gradient + slot.size);
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

BOOST_AUTO_TEST_CASE(a_checkpoint_of_another_method_is_refused) {
  const auto path = std::filesystem::temp_directory_path() / "graft-other-method.safetensors";
  Plain model;
  tiny::fill(model);
  Trainer trainer(model);
  save_checkpoint(trainer, path);
  Llama<tiny::Config, LoRA<2, On<Query>>, reference> other;
  Trainer other_trainer(other);
  BOOST_CHECK_EXCEPTION(load_checkpoint(other_trainer, path), Error, [](const Error& e) { return std::string(e.what()).find("another model or method") != std::string::npos; });
  std::filesystem::remove(path);
}

BOOST_AUTO_TEST_CASE(not_a_number_stops_before_the_update) {
  Plain model;
  tiny::fill(model);
  const auto before = tiny::trained(model);
  Trainer trainer(model);
  model.final_norm.weight.assign(std::vector<float>(16, std::numeric_limits<float>::quiet_NaN()));
  BOOST_CHECK_EXCEPTION(trainer.step(tiny::batch()), Error, [](const Error& e) { return std::string(e.what()).find("left as they were") != std::string::npos; });
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

BOOST_AUTO_TEST_CASE(parameter_groups) {
  const AdamW optimizer{.learning_rate = 1e-3F, .groups = {{.part = "lora_B", .rate_factor = 16}, {.part = "norm", .weight_decay = 0.5F}}};
  BOOST_TEST(optimizer.settings_for("a.lora_B.weight").learning_rate == 16e-3F, boost::test_tools::tolerance(1e-6F));
  BOOST_TEST(optimizer.settings_for("model.norm.weight").weight_decay == 0.5F);
  BOOST_TEST(optimizer.settings_for("a.lora_A.weight").learning_rate == 1e-3F);
}

// dB ← dB (A Aᵀ)⁻¹ / s², and A stays.
BOOST_AUTO_TEST_CASE(lora_fa) {
  Llama<tiny::Config, LoRA<3, On<Query>, Alpha<6>>, reference> model;
  tiny::fill(model);
  Trainer trainer(model, LoraFA{{.learning_rate = 1e-2F}});
  auto& layer = std::get<0>(model.blocks).blocks[0].query;
  const auto a = layer.a.read();
  trainer.gradient(tiny::batch(), 0.1F);
  const auto raw = download<reference>(layer.b.gradient(), layer.b.size);
  trainer.optimizer().precondition(model);
  const auto made = download<reference>(layer.b.gradient(), layer.b.size);
  for (Index o = 0; o < layer.out; ++o)
    for (Index r = 0; r < 3; ++r) {
      double back = 0;
      for (Index k = 0; k < 3; ++k)
        for (Index i = 0; i < layer.in; ++i) back += 4.0 * static_cast<double>(made[o * 3 + k] * a[k * layer.in + i] * a[r * layer.in + i]);
      BOOST_TEST(std::abs(back - static_cast<double>(raw[o * 3 + r])) < 1e-5);
    }
  trainer.clear_gradients();
  const double first = trainer.step(tiny::batch()).loss;
  double last = first;
  for (int i = 0; i < 10; ++i) last = trainer.step(tiny::batch()).loss;
  BOOST_TEST(last < first);
  BOOST_TEST(layer.a.read() == a, boost::test_tools::per_element());
}
// Ready for devices: a model trains whose memory the host cannot touch, and arrives at the same values.
BOOST_AUTO_TEST_CASE(training_touches_values_only_in_kernels_and_copies) {
  const auto run = [](auto backend) {
    using M = Llama<tiny::TiedConfig, Methods<LoRA<2, Dropout<1, 10>>, Unfreeze<Norms>>, decltype(backend), CheckpointBlocks>;
    M model;
    tiny::fill(model);
    Trainer trainer(model, AdamW{.learning_rate = 1e-2F}, {.seed = 3});
    for (int i = 0; i < 3; ++i) trainer.step(tiny::batch());
    return tiny::trained(model);
  };
  BOOST_TEST(run(guarded{}) == run(reference{}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()
