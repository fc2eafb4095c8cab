#pragma once

#include <graft/models/families/llama/llama.hpp>
#include <graft/peft/low_rank/lora.hpp>
#include <graft/train/trainer.hpp>

#include <cstdio>

struct Config : graft::LlamaDefaults {
  static constexpr graft::Index vocabulary = 32, width = 16, blocks = 2, heads = 2, groups = 1, head_width = 8,
                                feed_forward = 16;
};

/// Whether a small model on this backend learns a text.
template <class B>
bool learns() {
  using namespace graft;
  Llama<Config, LoRA<2>, B> model;
  model.initialize({.key = {1, 0}});
  Trainer trainer(model, AdamW{.learning_rate = 1e-2F});
  Batch batch;
  batch.append({1, 2, 3, 4}, {1, 2, 3, 4});
  const double first = trainer.step(batch).loss;
  for (int i = 0; i < 20; ++i) trainer.step(batch);
  const double last = trainer.step(batch).loss;
  std::printf("loss %.3f -> %.3f\n", first, last);
  return last < first;
}
