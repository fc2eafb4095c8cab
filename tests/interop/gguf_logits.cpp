// The logits of SmolLM2 read from a GGUF file: gguf_blocks.py asks Transformers for the same of files in every block
// format. usage: gguf_logits MODEL.gguf OUTPUT.safetensors
#include <graft/graft.hpp>

#include <cstdio>

using namespace graft;

int main(int argc, char** argv) try {
  if (argc != 3) fail("usage: gguf_logits MODEL.gguf OUTPUT.safetensors");
  using Model = Llama<SmolLM2_135M, FrozenBase, Cpu, F32, Activations<F32>>;
  const auto model = load<Model>(argv[1]);
  const auto ids = load_tokenizer(ModelFiles(argv[1])).encode("def fibonacci(n):\n    return n if n < 2 else");
  Batch batch;
  batch.append(ids, ids);
  Workspace<Cpu> workspace;
  Inference<Cpu> tape(workspace);
  const auto logits = model.logits(tape, model.hidden(tape, place(tape, batch)));
  write_safetensors(
      argv[2], std::vector<NamedTensor>{
                   {"ids", {ids.size()}, {ids.begin(), ids.end()}},
                   {"logits", {logits.rows, Model::config::vocabulary}, download<Cpu>(logits.data, logits.size())}});
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "gguf_logits: %s\n", error.what());
  return 1;
}
