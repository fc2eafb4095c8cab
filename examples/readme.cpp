// The ten lines of the README, as a program: a model learns from a JSON-lines file.
// usage: readme MODEL.gguf DATA.jsonl OUTPUT_FOLDER
#include <graft/graft.hpp>

#include <cstdio>

using namespace graft;

using Model = Llama<SmolLM2_135M, LoRA<8, On<Query, Value>>, Cpu, Bf16>;  // architecture, strategy, backend, storage
static_assert(Model::trainable_parameters == 460'800);
static_assert(plan<Model>(Tokens{384}).total() < 1_GiB);  // memory, before anything runs

void tune(const char* gguf, const char* data, const char* folder) {
  auto model = load<Model>(gguf);
  const ModelFiles files(gguf);
  const auto tokenizer = load_tokenizer(files);
  const Formatter formatter{tokenizer, load_chat_template(files), ""};
  const auto examples = formatter.examples(read_jsonl(data), data);
  Trainer trainer{model};  // AdamW, at the learning rate that suits the method
  fit(trainer, std::span<const Example>(examples), {.epochs = 1});
  save_adapter(model, folder);  // opens in HF PEFT
}

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: readme MODEL.gguf DATA.jsonl OUTPUT_FOLDER\n");
    return 2;
  }
  try {
    tune(argv[1], argv[2], argv[3]);
  } catch (const Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
