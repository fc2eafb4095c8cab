// One of two translation units that include everything: what is not inline shows when they are linked.
#include <graft/graft.hpp>

#include <cstdio>

double other();

struct Config : graft::LlamaDefaults {
  static constexpr graft::Index vocabulary = 32, width = 16, blocks = 2, heads = 2, groups = 1, head_width = 8,
                                feed_forward = 16;
};

int main() {
  using namespace graft;
  Llama<Config, LoRA<2>, Cpu> model;
  model.initialize({.key = {1, 0}});
  Trainer trainer(model, AdamW{.learning_rate = 1e-2F});
  Batch batch;
  batch.append({1, 2, 3, 4}, {1, 2, 3, 4});
  const double first = trainer.step(batch).loss;
  for (int i = 0; i < 20; ++i) trainer.step(batch);
  const double last = trainer.step(batch).loss;
  std::printf("loss %.3f -> %.3f, another translation unit %.3f\n", first, last, other());
  return last < first ? 0 : 1;
}
