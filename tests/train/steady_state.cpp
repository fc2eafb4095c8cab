// After the first steps of a size nothing is allocated, and results do not depend on the number of threads.
#include "allocations.hpp"
#include "tiny.hpp"

#include <graft/backend/xsimd/xsimd_cpu.hpp>
#include <graft/train/trainer.hpp>

#include <boost/test/unit_test.hpp>

#include <cmath>

using namespace graft;

BOOST_AUTO_TEST_SUITE(train_steady_state)

// Wide enough that kernels share their work out to threads.
struct Wide : tiny::TiedConfig {
  static constexpr Index vocabulary = 300, width = 96, heads = 6, groups = 3, head_width = 16, feed_forward = 160;
};

Batch batch_of(Index sequences) {
  Batch batch;
  for (Index s = 0; s < sequences; ++s) {
    std::vector<Id> ids;
    for (Index i = 0; i < 50; ++i) ids.push_back(static_cast<Id>((s * 31 + i * 7) % 300));
    batch.append(ids, ids);
  }
  return batch;
}

template <class M, class... Policies>
void allocates_nothing() {
  Llama<Wide, M, Cpu, Policies...> model;
  tiny::fill(model);
  Trainer trainer(model);
  const std::vector<Batch> batches{batch_of(4), batch_of(3)};
  // A thread's scratch grows when the thread first gets work of a kind, which a busy machine can put off for some
  // steps.
  int quiet = 0;
  for (int step = 0; step < 30 && quiet < 3; ++step) {
    const long before = allocations();
    trainer.step(batches);
    quiet = allocations() == before ? quiet + 1 : 0;
  }
  BOOST_TEST(quiet == 3, "a step still allocates after 30 steps");
}

BOOST_AUTO_TEST_CASE(lora_in_floats) { allocates_nothing<LoRA<4>>(); }
BOOST_AUTO_TEST_CASE(lora_in_bfloat16) { allocates_nothing<LoRA<4>, Bf16>(); }
BOOST_AUTO_TEST_CASE(lora_on_bytes_checkpointed) { allocates_nothing<LoRA<4>, Int8, CheckpointBlocks>(); }
BOOST_AUTO_TEST_CASE(full_fine_tuning) { allocates_nothing<FullFineTuning, Bf16>(); }

#if defined(_OPENMP)

template <class M, class S>
std::vector<float> trained_on(int threads) {
  const int usual = omp_get_max_threads();
  omp_set_num_threads(threads);
  Llama<Wide, M, Cpu, S> model;
  tiny::fill(model);
  Trainer trainer(model, AdamW{.learning_rate = 1e-2F});
  for (int step = 0; step < 3; ++step) trainer.step(batch_of(5));
  omp_set_num_threads(usual);
  std::vector<float> all;
  for (const auto& slot : trainer.slots()) {
    const auto values = download<Cpu>(slot.value, slot.size);
    all.insert(all.end(), values.begin(), values.end());
  }
  return all;
}
template <class M, class S>
void same_on_any_number_of_threads() {
  const auto one = trained_on<M, S>(1);
  for (const int threads : {2, 3, 7}) {
    const auto more = trained_on<M, S>(threads);
    BOOST_TEST((more == one), threads << " threads give other numbers than one");
  }
}

BOOST_AUTO_TEST_CASE(threads_in_floats) { same_on_any_number_of_threads<LoRA<4>, F32>(); }
BOOST_AUTO_TEST_CASE(threads_in_bfloat16) { same_on_any_number_of_threads<LoRA<4>, Bf16>(); }
BOOST_AUTO_TEST_CASE(threads_on_bytes) { same_on_any_number_of_threads<LoRA<4>, Int8>(); }
BOOST_AUTO_TEST_CASE(threads_in_full_fine_tuning) { same_on_any_number_of_threads<FullFineTuning, Bf16>(); }

#endif

/// Difference of the gradient from that of float32 weights and activations, as a share of its norm, both over all
/// parameters.
template <class S>
double gradient_difference() {
  const auto gradients = []<class Model>(Model& model) {
    model.initialize({.key = {1, 0}, .deviation = 0.06F});
    Model::visit(model, [](const Path&, auto& p) {  // off zero, where half of the gradient is
      if constexpr (std::remove_cvref_t<decltype(p)>::trainable) {
        auto values = p.read();
        for (Index i = 0; i < values.size(); ++i) values[i] += 0.05F * standard_normal({5, values.size()}, i);
        p.assign(values);
      }
    });
    Trainer trainer(model);
    trainer.gradient(batch_of(4), 1.0F);
    std::vector<std::vector<float>> all;
    for (const auto& slot : trainer.slots()) all.push_back(download<typename Model::backend>(slot.gradient, slot.size));
    return all;
  };
  Llama<Wide, LoRA<4>, Cpu, S> model;
  Llama<Wide, LoRA<4>, reference, F32> exact;
  const auto have = gradients(model), want = gradients(exact);
  double apart = 0, norm = 0;
  for (Index i = 0; i < want.size(); ++i)
    for (Index j = 0; j < want[i].size(); ++j) {
      apart += std::pow(static_cast<double>(have[i][j]) - static_cast<double>(want[i][j]), 2);
      norm += std::pow(static_cast<double>(want[i][j]), 2);
    }
  BOOST_TEST_MESSAGE("gradient apart by " << std::sqrt(apart / norm));
  return std::sqrt(apart / norm);
}

// The tolerances that docs/backends.md states.
BOOST_AUTO_TEST_CASE(gradients_by_storage) {
  BOOST_TEST(gradient_difference<F32>() < 1e-5);
  BOOST_TEST(gradient_difference<Bf16>() < 0.02);
  BOOST_TEST(gradient_difference<Int8>() < 0.06);
  BOOST_TEST(gradient_difference<Q8_0>() < 0.04);
  BOOST_TEST(gradient_difference<Q4_1>() < 0.4);
  BOOST_TEST(gradient_difference<Nf4>() < 0.45);
  BOOST_TEST(gradient_difference<Nf4DoubleQuant>() < 0.45);
}

BOOST_AUTO_TEST_SUITE_END()
