// 04. The plan.
// You will learn: what fine-tuning costs and what PEFT saves, as numbers that the compiler knows.
// Read first: 02.   Run: 04_plan   It prints the memory of one pass over 512 tokens of SmolLM2-135M, by method.
#include <graft/backend/xsimd/xsimd_cpu.hpp>
#include <graft/models/families/llama/llama.hpp>
#include <graft/peft.hpp>
#include <graft/plan/plan.hpp>

#include <cstdio>

using namespace graft;

template <class M, class... Policies>
void show(const char* name) {
  using Model = Llama<SmolLM2_135M, M, reference, Policies...>;
  constexpr Plan p = plan<Model>(Tokens{512});
  const auto mb = [](Index bytes) { return static_cast<double>(bytes) / 1e6; };
  std::printf("%-28s %7.1f MB = weights %5.1f + gradients %5.1f + optimizer %6.1f + activations %6.1f; %5.1f GFLOP\n",
              name, mb(p.total()), mb(p.frozen + p.trainable), mb(p.gradients), mb(p.optimizer),
              mb(p.values + p.adjoints), static_cast<double>(p.flops.forward + p.flops.backward) / 1e9);
}

int main() {
  show<FullFineTuning>("full fine-tuning");
  show<LoRA<8>, Bf16>("LoRA, all linears, Bf16");
  show<LoRA<8>, Bf16, CheckpointBlocks>("the same, checkpointed");
  show<LoRA<8, On<Query, Value>>, Bf16>("LoRA, query and value, Bf16");
  show<LastBlocks<2>, Bf16>("last two blocks, Bf16");
}
