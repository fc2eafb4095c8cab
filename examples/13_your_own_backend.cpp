// 13. A backend of your own: the host's memory, one kernel of your own, all others inherited.
// You will learn: where kernels stand and how the nearest is found, how a backend is judged, how a model runs on it.
// Read first: 11.   Run: 13_your_own_backend
//     It prints how many kernels the judge compared, whether one differs, whether yours was called, and a loss.
#include <graft/graft.hpp>

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
  Index compared = 0, apart = 0;
  for (const auto& [kernel, difference] : check_backend<turbo>()) {
    ++compared;
    if (difference > (kernel.find("Bf16") != kernel.npos || kernel.find("Int8") != kernel.npos ? 3e-2 : 1e-5)) ++apart;
  }
  std::printf("more than 200 comparisons: %s; kernels that differ from reference: %zu\n", compared > 200 ? "yes" : "no",
              apart);
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
