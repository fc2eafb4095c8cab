// A user's whole training program, whose compile time is a budget.
#include <graft/backend/xsimd/xsimd_cpu.hpp>
#include <graft/checkpoints.hpp>
#include <graft/checkpoints/base/tokenizer_files.hpp>
#include <graft/text.hpp>
#include <graft/train.hpp>

#include <cstdio>

using namespace graft;
using Model = Llama<SmolLM2_135M, LoRA<8, On<Query, Value>>, Cpu, Bf16>;
static_assert(Model::trainable_parameters == 460'800);

int main(int argc, char** argv) {
  if (argc < 3) return 1;
  auto model = load<Model>(argv[1]);
  const ModelFiles files(argv[1]);
  const auto tokenizer = load_tokenizer(files);
  const Formatter formatter{tokenizer, load_chat_template(files), ""};
  const auto examples = formatter.examples(read_jsonl(argv[2]), argv[2]);
  Trainer trainer(model, AdamW{.learning_rate = 2e-4F});
  const auto history = fit(trainer, std::span<const Example>(examples), {.epochs = 1});
  save_adapter(model, "adapter");
  std::printf("last loss %.4f\n", history.losses.back());
}
