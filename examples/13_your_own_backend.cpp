// 13. A backend of your own: the host's memory, one kernel of your own, all others inherited.
// You will learn: where kernels stand and how the nearest is found, how a backend is judged, how a model runs on it.
// Read first: 11.   Run: 13_your_own_backend
//     It prints whether the kernel is right, whether it was called, and whether a loss falls.
#include <graft/backend/check/pointwise.hpp>
#include <graft/backend/xsimd/xsimd_cpu.hpp>
#include <graft/models/families/llama/llama.hpp>
#include <graft/peft.hpp>
#include <graft/train/trainer.hpp>

#include <cmath>
#include <cstdio>

using namespace graft;

// A tag that derives from another has all of its kernels, and the same kind of memory: from `reference`, `eigen_cpu` or
// `Cpu` the host's. One for a device derives from `graft::backend::composed`, which has no memory and no loops, and
// then every kernel of graft/backend/kernels/ must be there: one that is missing is named by the compiler.
struct turbo : Cpu {
  static constexpr const char* name = "turbo";
  inline static Index calls = 0;
};

// y(n) = x σ(x). The tag comes last. It is found because it stands beside the tag, whatever namespace that is.
template <class E>
void silu(E* y, const E* x, Index n, turbo) {
  ++turbo::calls;
  for (Index i = 0; i < n; ++i) {
    const auto value = static_cast<float>(x[i]);
    y[i] = E(value / (1.0F + std::exp(-value)));
  }
}

struct Tiny : LlamaDefaults {
  static constexpr Index vocabulary = 64, width = 32, blocks = 2, heads = 4, groups = 2, head_width = 8,
                         feed_forward = 64;
};

int main() {
  // `check_backend<turbo>()` judges all kernels, which takes a while to compile; these are the pointwise ones.
  backend::Checker<turbo> judge;
  backend::check_pointwise<float>(judge);
  for (const auto& [kernel, difference] : judge.results)
    if (kernel == "silu") std::printf("silu is reference's: %s\n", difference < 1e-5 ? "yes" : "no");
  std::printf("the own kernel was called: %s\n", turbo::calls > 0 ? "yes" : "no");

  Llama<Tiny, LoRA<4>, turbo> model;
  model.initialize({.key = {1, 0}, .deviation = 0.2F});
  Trainer trainer(model, AdamW{.learning_rate = 1e-2F});
  Batch batch;
  batch.append({1, 2, 3, 4, 5, 6, 7}, {1, 2, 3, 4, 5, 6, 7});
  const double first = trainer.step(batch).loss;
  for (int i = 0; i < 30; ++i) trainer.step(batch);
  std::printf("the loss falls: %s\n", trainer.step(batch).loss < 0.95 * first ? "yes" : "no");
}
