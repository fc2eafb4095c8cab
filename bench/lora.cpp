// One optimizer step of LoRA r=8 on all linears of SmolLM2-135M, Bf16 frozen: 4 sequences of 256 tokens, and batches of
// instructions (8 examples, prompts of 80–400 tokens, completions of 10–60, loss on completions).
// usage: bench_lora MODEL.gguf step|instruction [STEPS] [MICRO_TOKENS]
//
// Checks its answer before it times: every kernel against `reference`, and the model's loss against float32 weights.
#include <graft/graft.hpp>

#include <chrono>
#include <cstdio>
#include <cstdlib>

#include <sys/resource.h>

using namespace graft;
using Model = Llama<SmolLM2_135M, LoRA<8, Alpha<16>>, Cpu, Bf16>;

Id random_token(std::uint64_t stream, Index i) { return static_cast<Id>(3 + philox({17, stream}, i)[0] % (SmolLM2_135M::vocabulary - 3)); }
Index between(std::uint64_t stream, Index low, Index high) { return low + philox({23, stream}, 0)[0] % (high - low + 1); }

Example example(std::uint64_t stream, Index prompt, Index completion) {
  Example e;
  std::vector<Id> ids;
  for (Index i = 0; i < prompt + completion; ++i) ids.push_back(random_token(stream, i));
  e.append({ids.begin(), ids.begin() + static_cast<std::ptrdiff_t>(prompt)}, false);
  e.append({ids.begin() + static_cast<std::ptrdiff_t>(prompt), ids.end()}, true);
  return e;
}

double loss_of(const auto& model, const Batch& batch) {
  Workspace<Cpu> workspace;
  return held_out_loss(model, std::span<const Batch>(&batch, 1), workspace).mean();
}

void check(const char* path, const Model& model) {
  for (const auto& [kernel, difference] : check_backend<Cpu>())
    if (!(difference < (kernel.find("Int8") != std::string::npos ? 3e-2 : kernel.find("Bf16") != std::string::npos ? 1.6e-2 : 1e-5))) fail("the kernel ", kernel, " differs from the reference by ", difference);
  const ModelFiles files(path);
  const auto ids = load_tokenizer(files).encode("The capital of France is Paris, and the capital of Italy is Rome. Water boils at a hundred degrees.");
  Batch batch;
  batch.append(ids, ids);
  const auto exact = load<Llama<SmolLM2_135M, FrozenBase, Cpu>>(path);
  const double have = loss_of(model, batch), want = loss_of(exact, batch);
  if (!(std::abs(have / want - 1) < 0.01)) fail("the loss is ", have, ", in float32 ", want);
}

int main(int argc, char** argv) try {
  if (argc < 3) fail("usage: bench_lora MODEL.gguf step|instruction [STEPS] [MICRO_TOKENS]");
  const bool instruction = std::string(argv[2]) == "instruction";
  const Index steps = argc > 3 ? static_cast<Index>(std::atol(argv[3])) : 4, micro = argc > 4 ? static_cast<Index>(std::atol(argv[4])) : 320;
  auto model = load<Model>(argv[1]);
  if (std::getenv("GRAFT_BENCH_UNCHECKED") == nullptr) {
    check(argv[1], model);  // in a process of its own when memory is measured: the float32 model is large
    std::puts("checked");
    return 0;
  }
  Trainer trainer(model, AdamW{.learning_rate = 1e-4F});
  std::vector<double> seconds;
  Index tokens = 0, supervised = 0;
  for (Index s = 0; s <= steps; ++s) {
    std::vector<Example> examples;
    for (Index i = 0; i < (instruction ? 8U : 4U); ++i) {
      const std::uint64_t stream = 100 * s + i;
      if (instruction) examples.push_back(example(stream, between(2 * stream, 80, 400), between(2 * stream + 1, 10, 60)));
      else examples.push_back(example(i, 0, 256));
    }
    std::vector<const Example*> all;
    for (const auto& e : examples) all.push_back(&e);
    const auto passes = pack(all, micro);
    const auto began = std::chrono::steady_clock::now();
    const auto report = trainer.step(passes);
    if (s == 0) continue;  // the first step learns sizes
    seconds.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count() / static_cast<double>(report.tokens));
    tokens += report.tokens;
    supervised += report.targets;
  }
  double total = 0;
  for (const double s : seconds) total += s / static_cast<double>(seconds.size());
  std::sort(seconds.begin(), seconds.end());
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  std::printf("%s: best %.1f median %.1f mean %.1f tokens/s, %.2f of tokens supervised, peak %.2f GB\n", argv[2], 1 / seconds.front(), 1 / seconds[seconds.size() / 2], 1 / total,
              static_cast<double>(supervised) / static_cast<double>(tokens), static_cast<double>(usage.ru_maxrss) / 1e6);
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "bench_lora: %s\n", error.what());
  return 1;
}
