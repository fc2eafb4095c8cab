// What holds for every method: its gradient is the loss's, its files bring it back, it merges where it merges, and it
// works over quantised bases.
#pragma once

#include "slope.hpp"
#include "tiny.hpp"

#include <graft/backend/xsimd/xsimd_cpu.hpp>
#include <graft/checkpoints/base/merge.hpp>
#include <graft/eval/perplexity.hpp>
#include <graft/plan/check_method.hpp>
#include <graft/serve/generate.hpp>
#include <graft/train/checkpoint_file.hpp>
#include <graft/train/trainer.hpp>

#include <boost/test/unit_test.hpp>

#include <unistd.h>

namespace holding {

using namespace graft;

struct Config : tiny::Config {
  static constexpr Index vocabulary = 64, width = 32, heads = 4, groups = 2, head_width = 8, feed_forward = 64;
};

template <class Model>
double loss_of(const Model& model, const Batch& batch = tiny::batch()) {
  Workspace<typename Model::backend> workspace;
  return held_out_loss(model, std::span<const Batch>(&batch, 1), workspace).mean();
}

/// The slope of the loss along parameters whose path has `part`.
template <class Model>
void check_gradient(Model& model, const std::string& part, const Batch& given = tiny::batch(), float step = 5e-4F) {
  check_slope(model, given, part, step);
}

/// Everything that is not trained, from one model to another of its type.
template <class Model>
void copy_frozen(Model& from, Model& to) {
  std::map<std::string, std::vector<float>> frozen;
  Model::visit(from, [&frozen](const Path& path, auto& p) {
    if constexpr (!std::remove_cvref_t<decltype(p)>::trainable) frozen[path.str()] = p.read();
  });
  Model::visit(to, [&frozen](const Path& path, auto& p) {
    if constexpr (!std::remove_cvref_t<decltype(p)>::trainable) p.assign(frozen.at(path.str()));
  });
}

/// Over a base in storage S: the CPU's kernels against the reference's, with activations of floats.
template <class S, class M, bool Merges>
void holds_over() {
  Llama<Config, M, reference, S, Activations<F32>> slow;
  Llama<Config, M, Cpu, S, Activations<F32>> fast;
  tiny::fill(slow);
  tiny::fill(fast);
  BOOST_TEST(std::abs(loss_of(fast) / loss_of(slow) - 1) < 0.02);
  Trainer trainer(fast, AdamW{.learning_rate = 1e-2F});
  const double first = trainer.step(tiny::batch()).loss;
  double last = first;
  for (int i = 0; i < 8; ++i) last = trainer.step(tiny::batch()).loss;
  BOOST_TEST(last < first);
  if constexpr (Merges) {  // what merging rounds away is that of the storage
    const double error = merge_and_measure(fast);
    BOOST_TEST(error > 0);
    BOOST_TEST(error < (std::is_same_v<S, Bf16> ? 0.003 : 0.15));
  }
}

/// What holds for a variant of a method beside those whose `holds` says the rest.
template <class M>
void is_whole(const MethodCheck& what = {}) {
  const auto report = check_method<M, Config>(what);
  BOOST_TEST(report.whole(), report.text());
}

/// What holds for every method. On the backend that `check_method` counts on: one model is compiled, not two.
template <class M, bool Merges>
void holds(const char* differentiable = "", bool files = true) {
  using Model = Llama<Config, M, counting_reference>;
  is_whole<M>({.differentiable = differentiable, .files = files});
  static_assert(!Merges || any_layer<Model>([]<class L>(auto, const L&) { return offers_of<L>.merges; }));

  // Training goes on from a checkpoint as it would have.
  {
    Model first, second;
    tiny::fill(first);
    tiny::fill(second, 2);
    copy_frozen(first, second);
    Trainer trainer(first, AdamW{.learning_rate = 1e-2F});
    trainer.step(tiny::batch());
    const auto checkpoint =
        (std::filesystem::temp_directory_path() / ("graft-methods-" + std::to_string(::getpid()) + ".safetensors"))
            .string();
    save_checkpoint(trainer, checkpoint);
    Trainer resumed(second, AdamW{.learning_rate = 1e-2F});
    load_checkpoint(resumed, checkpoint);
    std::filesystem::remove(checkpoint);
    for (int i = 0; i < 2; ++i) BOOST_TEST(resumed.step(tiny::batch()).loss == trainer.step(tiny::batch()).loss);
  }

  if constexpr (Merges) {
    Model model;
    tiny::fill(model);
    BOOST_TEST(merge_and_measure(model) < 1e-6);
  }
  holds_over<Bf16, M, Merges>();
}

}  // namespace holding
