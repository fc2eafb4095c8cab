// Reading a prompt of 500 tokens, and writing one text and eight at a time.
//     usage: bench_generation MODEL.gguf Bf16|Int8|Q4_1
// Checks first that eight texts at a time are the texts one at a time. Prints one JSON object.
#include "step.hpp"

using namespace graft;

template <class S>
void time_generation(const char* file) {
  using Model = Llama<SmolLM2_135M, FrozenBase, Cpu, S>;
  const auto model = load<Model>(file);
  const auto text = [](std::uint64_t stream, Index tokens) {
    std::vector<Id> ids;
    for (Index i = 0; i < tokens; ++i) ids.push_back(bench::token(stream, i));
    return ids;
  };
  constexpr Index written = 64, rounds = 4;
  std::vector<std::vector<Id>> prompts;
  for (Index b = 0; b < 8; ++b) prompts.push_back(text(b, 32));
  Generator one(model, 1024), eight(model, 256, 8);
  const auto alone = one(prompts[3], {.max_new_tokens = 4}), together = eight(prompts, {.max_new_tokens = 4})[3];
  if (std::is_same_v<S, Bf16> && alone != together)
    fail("a text written with seven others differs from the same text written alone");

  double prefill = 1e9, times[2][2] = {{1e9, 1e9}, {1e9, 1e9}};
  for (Index r = 0; r < rounds; ++r) {
    prefill = std::min(prefill, bench::seconds_of([&] { one(text(9, 500), {.max_new_tokens = 1}); }));
    for (const Index n : {Index{0}, written}) {
      times[0][n != 0] =
          std::min(times[0][n != 0], bench::seconds_of([&] { one(prompts[0], {.max_new_tokens = n + 1}); }));
      times[1][n != 0] =
          std::min(times[1][n != 0], bench::seconds_of([&] { eight(prompts, {.max_new_tokens = n + 1}); }));
    }
  }
  std::printf(
      "{\"prefill\": %.1f, \"decode\": %.1f, \"decode8\": %.1f, \"weights_megabytes\": %.1f, \"gigabytes\": %.3f}\n",
      500 / prefill, written / (times[0][1] - times[0][0]), 8 * written / (times[1][1] - times[1][0]),
      static_cast<double>(plan<Model>(Tokens{1}).frozen) / 1e6, bench::peak_gigabytes());
}

int main(int argc, char** argv) try {
  const std::string storage = argc == 3 ? argv[2] : "";
  if (storage == "Bf16") time_generation<Bf16>(argv[1]);
  else if (storage == "Int8") time_generation<Int8>(argv[1]);
  else if (storage == "Q4_1") time_generation<Q4_1>(argv[1]);
  else fail("usage: bench_generation MODEL.gguf Bf16|Int8|Q4_1");
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "bench_generation: %s\n", error.what());
  return 1;
}
