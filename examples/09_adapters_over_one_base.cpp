// 09. Adapters over one base.
// You will learn: that models of any methods share a base's weights, and how to switch among adapters of different
// ranks.
// Read first: 03.   Run: 09_adapters_over_one_base
//     It prints whether each adapter answers over the shared base as it did when it was trained.
#include <graft/adapters/arithmetic.hpp>
#include <graft/backend/xsimd/xsimd_cpu.hpp>
#include <graft/checkpoints/base/merge.hpp>
#include <graft/models/families/llama/llama.hpp>
#include <graft/peft.hpp>
#include <graft/train/trainer.hpp>

#include <cstdio>
#include <unistd.h>

using namespace graft;

struct Tiny : LlamaDefaults {
  static constexpr Index vocabulary = 64, width = 32, blocks = 2, heads = 4, groups = 2, head_width = 8,
                         feed_forward = 64;
};

using Base = Llama<Tiny, FrozenBase, Cpu>;
using Small = Base::of<LoRA<2, On<Query, Value>>>;
using Large = Base::of<LoRA<8>>;

template <class Model>
double loss(const Model& model, const Batch& text) {
  Workspace<Cpu> workspace;
  Inference<Cpu> tape(workspace);
  return static_cast<double>(download<Cpu>(model.loss(tape, place(tape, text)).data));
}

/// Trains an adapter over the base and saves it. Yields the loss that it ends with.
template <class Model>
double tuned(const Base& base, const Batch& text, const std::filesystem::path& folder) {
  Model model(base);
  Trainer trainer(model, AdamW{.learning_rate = 1e-2F});
  for (int i = 0; i < 30; ++i) trainer.step(text);
  save_adapter(model, folder);
  return loss(model, text);
}

int main() {
  Batch weather, music;
  weather.append({5, 9, 7, 3, 11, 6, 2}, {5, 9, 7, 3, 11, 6, 2});
  music.append({8, 1, 4, 12, 4, 1, 8}, {8, 1, 4, 12, 4, 1, 8});
  const auto folder = std::filesystem::temp_directory_path() / ("graft-example-" + std::to_string(::getpid()));
  const auto near = [](double a, double b) { return std::abs(a - b) < 1e-4 * b ? "yes" : "no"; };

  Base base;  // of a model's files: load<Base>("folder")
  base.initialize({.key = {1, 0}, .deviation = 0.3F});
  const double before = loss(base, weather);
  const double of_small = tuned<Small>(base, weather, folder / "weather"),
               of_large = tuned<Large>(base, music, folder / "music");

  Small small(base);  // the base's weights, and nothing else but an adapter
  Large large(base);
  load_adapter(small, folder / "weather");
  load_adapter(large, folder / "music");
  std::printf("two adapters of ranks 2 and 8 over one base: %s, %s\n", near(loss(small, weather), of_small),
              near(loss(large, music), of_large));

  merge(large);  // works on a copy of what it changes
  std::printf("one is merged, the others stand on the base as it was: %s, %s\n", near(loss(small, weather), of_small),
              near(loss(base, weather), before));
  unmerge(large);

  const LowRankPairs pairs[] = {read_pairs(folder / "weather"), read_pairs(folder / "music")};
  assign_pairs(large, pairs[0]);  // a model holds any LoRA whose rank and layers are not more than its own
  const double first = loss(large, weather);
  assign_pairs(large, pairs[1]);
  std::printf("one model, switched from one adapter to the other: %s, %s\n", near(first, of_small),
              near(loss(large, music), of_large));
  std::filesystem::remove_all(folder);
}
