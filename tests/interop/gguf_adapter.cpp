// Trains a LoRA for a few steps, writes it as GGUF and says which tokens it generates: greedy_tokens.py asks llama.cpp
// for the same. usage: gguf_adapter BASE.gguf OUTPUT_FOLDER
#include <graft/graft.hpp>

#include <cstdio>

using namespace graft;

int main(int argc, char** argv) try {
  if (argc != 3) fail("usage: gguf_adapter BASE.gguf OUTPUT_FOLDER");
  const std::filesystem::path folder = argv[2];
  using Model = Llama<SmolLM2_135M, LoRA<8, Alpha<16>, RankStabilized>, Cpu, F32>;
  auto model = load<Model>(argv[1]);
  const ModelFiles files(argv[1]);
  const auto tokenizer = load_tokenizer(files);
  const auto ids_of = [&tokenizer](const std::string& text) { return tokenizer.encode(text); };
  Trainer trainer(model, AdamW{.learning_rate = 2e-3F});
  Batch batch;
  for (const char* text :
       {"The weather report for Tuesday: rain in the north, sun in the south, and a cold wind from the sea.",
        "The weather report for Friday: fog in the valleys, snow on the hills, and no wind at all.",
        "The weather report for Sunday: clear skies everywhere, warm in the afternoon, and a mild night."}) {
    const auto ids = ids_of(text);
    batch.append(ids, ids);
  }
  const double first = trainer.step(batch).loss;
  double last = first;
  for (int i = 0; i < 12; ++i) last = trainer.step(batch).loss;
  std::printf("loss %.3f, after 13 steps %.3f\n", first, last);
  save_gguf_adapter(model, folder / "adapter.gguf", files.config().family);
  Json cases = Json::array();
  Generator generator(model, 512);
  for (const char* prompt : {"The weather report for Monday:", "Once upon a time", "The capital of France is",
                             "To sort a list in Python,", "Rain in the north means"}) {
    const auto ids = ids_of(prompt);
    cases.push_back({{"prompt", ids}, {"tokens", generator(ids, {.max_new_tokens = 64})}});
  }
  write_json(folder / "generated.json", cases);
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "gguf_adapter: %s\n", error.what());
  return 1;
}
