// One optimizer step of a model type, timed. Included by the programs that CMake makes of step.cpp.in, one for each
// strategy.
#pragma once

#include <graft/graft.hpp>

#include <chrono>
#include <cstdio>
#include <cstdlib>

#include <sys/resource.h>

namespace graft::bench {

inline Id token(std::uint64_t stream, Index i) {
  return static_cast<Id>(3 + philox({17, stream}, i)[0] % (SmolLM2_135M::vocabulary - 3));
}

inline Example example(std::uint64_t stream, Index shared, Index prompt, Index completion) {
  Example e;
  std::vector<Id> asked, answered;
  for (Index i = 0; i < shared; ++i) asked.push_back(token(0, i));
  for (Index i = 0; i < prompt; ++i) asked.push_back(token(stream + 1, i));
  for (Index i = prompt; i < prompt + completion; ++i) answered.push_back(token(stream + 1, i));
  e.append(asked, false);
  e.append(answered, true);
  return e;
}

/// Batch number `b`: 4×256 tokens, all supervised ("step"); one long sequence ("long"); 8 examples with prompts of
/// 80–400 tokens and completions of 10–60 ("instruction"), perhaps behind an instruction of 200 that all share
/// ("shared"). peer.py has the same.
inline std::vector<Example> examples_of(const std::string& work, Index b, Index tokens) {
  std::vector<Example> all;
  if (work == "long") all.push_back(example(b, 0, 0, tokens));
  else if (work == "step")
    for (Index i = 0; i < 4; ++i) all.push_back(example(4 * b + i, 0, 0, 256));
  else if (work == "instruction" || work == "shared")
    for (Index i = 8 * b; i < 8 * (b + 1); ++i)
      all.push_back(example(i, work == "shared" ? 200 : 0, 80 + i * 97 % 321, 10 + i * 37 % 51));
  else fail("unknown work ", work, "; there are step, long, instruction and shared");
  return all;
}

inline double peak_gigabytes() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1e6;
}

inline double seconds_of(const auto& work) {
  const auto began = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
}

/// Times steps over `batches` batches, `epochs` times over; the first epoch warms up and is reported apart. Prints one
/// JSON object.
template <class Model, class O>
void time_steps(const char* file, const std::string& work, Index micro_tokens, Index batches, Index epochs,
                Index tokens, O optimizer) {
  auto model = load<Model>(file);
  Trainer trainer(model, optimizer, {.trunk_cache_bytes = 1_GiB});
  std::vector<std::vector<Batch>> passes;
  for (Index b = 0; b < batches; ++b) {
    const auto examples = examples_of(work, b, tokens);
    std::vector<std::vector<const Example*>> chosen(Model::members);
    for (Index i = 0; i < examples.size(); ++i) chosen[i % Model::members].push_back(&examples[i]);
    passes.push_back(pack_members(chosen, micro_tokens));
  }
  Index useful = 0;
  double first = 0, loss = 0;
  std::vector<double> rates;
  for (Index e = 0; e < epochs; ++e) {
    double seconds = 0;
    useful = 0;
    for (const auto& batch : passes) {
      StepReport report;
      seconds += seconds_of([&] { report = trainer.step(batch); });
      useful += report.tokens;
      loss = report.loss;
    }
    (e == 0 ? first : rates.emplace_back()) = static_cast<double>(useful) / seconds;
  }
  std::sort(rates.begin(), rates.end());
  std::printf(
      "{\"best\": %.1f, \"median\": %.1f, \"first_epoch\": %.1f, \"unit\": \"tokens/s\", \"gigabytes\": %.3f, "
      "\"loss\": %.4f}\n",
      rates.back(), rates[rates.size() / 2], first, peak_gigabytes(), loss);
}

/// Prints a JSON array: every kernel of a step with its size, seconds and operations per second.
template <class Model>
void profile(const char* file, Index micro_tokens) {
  auto model = load<Model>(file);
  Trainer trainer(model);
  const auto examples = examples_of("step", 0, 0);
  std::vector<const Example*> chosen;
  for (const auto& e : examples) chosen.push_back(&e);
  const auto passes = pack(chosen, micro_tokens);
  trainer.step(passes);
  trainer.step(passes);
  Profile profile;
  trainer.workspace().profile = &profile;
  constexpr Index rounds = 5;
  const double seconds = seconds_of([&] {
                           for (Index i = 0; i < rounds; ++i) trainer.step(passes);
                         }) /
                         rounds;
  std::printf("[{\"op\": \"outside kernels\", \"milliseconds\": %.3f}", (seconds - profile.seconds() / rounds) * 1e3);
  for (const auto& e : profile.entries())
    std::printf(
        ",\n {\"op\": \"%s\", \"backward\": %s, \"m\": %zu, \"n\": %zu, \"k\": %zu, \"calls\": %zu, \"milliseconds\": "
        "%.3f, \"gigaflops\": %.1f}",
        std::string(e.op).c_str(), e.backward ? "true" : "false", e.rows / e.calls, e.n, e.k, e.calls / rounds,
        e.seconds * 1e3 / rounds, static_cast<double>(e.flops) / e.seconds / 1e9);
  std::puts("]");
}

template <class Model, class O = AdamW>
int run(int argc, char** argv, O optimizer = {}) try {
  if (argc < 3)
    fail("usage: ", argv[0],
         " MODEL.gguf step|instruction|shared|long|profile [MICRO_TOKENS] [BATCHES] [EPOCHS] [TOKENS]");
  const auto number = [&](int at, Index otherwise) {
    return argc > at ? static_cast<Index>(std::atol(argv[at])) : otherwise;
  };
  if (std::string(argv[2]) == "profile") profile<Model>(argv[1], number(3, 1024));
  else time_steps<Model>(argv[1], argv[2], number(3, 512), number(4, 1), number(5, 4), number(6, 8192), optimizer);
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s: %s\n", argv[0], error.what());
  return 1;
}

}  // namespace graft::bench
