// Checks what the benchmarks time: every kernel against `reference`, and the loss of each storage against float32
// weights. usage: bench_check MODEL.gguf
#include "step.hpp"

using namespace graft;

double loss_of(const auto& model, const Batch& batch) {
  Workspace<Cpu> workspace;
  return held_out_loss(model, std::span<const Batch>(&batch, 1), workspace).mean();
}

int main(int argc, char** argv) try {
  if (argc != 2) fail("usage: bench_check MODEL.gguf");
  for (const auto& [kernel, difference] : check_backend<Cpu>())
    if (!(difference < (kernel.find("Int8") != std::string::npos   ? 3e-2
                        : kernel.find("Bf16") != std::string::npos ? 1.6e-2
                                                                   : 1e-5)))
      fail("the kernel ", kernel, " differs from the reference by ", difference);
  const ModelFiles files(argv[1]);
  const auto ids = load_tokenizer(files).encode(
      "The capital of France is Paris, and the capital of Italy is Rome. Water boils at a hundred degrees.");
  Batch batch;
  batch.append(ids, ids);
  const double want = loss_of(load<Llama<SmolLM2_135M, FrozenBase, Cpu>>(argv[1]), batch);
  const auto close = [&](const char* storage, double have, double most) {
    std::fprintf(stderr, "loss %.4f in %s, %.4f in float32\n", have, storage, want);
    if (!(std::abs(have / want - 1) < most)) fail("the loss is ", have, " in ", storage, ", in float32 ", want);
  };
  close("Bf16", loss_of(load<Llama<SmolLM2_135M, FrozenBase, Cpu, Bf16>>(argv[1]), batch), 0.01);
  close("Int8", loss_of(load<Llama<SmolLM2_135M, FrozenBase, Cpu, Int8>>(argv[1]), batch), 0.04);
  close("Q4_1", loss_of(load<Llama<SmolLM2_135M, FrozenBase, Cpu, Q4_1>>(argv[1]), batch), 0.02);
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "bench_check: %s\n", error.what());
  return 1;
}
