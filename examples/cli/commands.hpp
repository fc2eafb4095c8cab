// The commands, and what they are asked for. They read texts, tokenizers and templates, and write reports; a program for one type of
// model (engine.hpp) does what needs the type.
#pragma once

#include "engine.hpp"

#include <graft/io/jsonl.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace cli {

/// What a head tells apart.
struct Head {
  std::vector<std::string> classes{};  ///< names by number; a number stands for one that has none
  bool is_new = false;                 ///< and not the base's
};

struct TrainOptions {
  Head head;
  std::filesystem::path model, data, held_out, output = "graft-run", trunk_cache;
  std::string instruction, schedule = "cosine", prompt_text, title = "graft run", turns = "all";
  std::size_t epochs = 1, batch = 8, micro_tokens = 512, evaluate_every = 0, checkpoint_every = 0, longest = 2048;
  std::optional<std::size_t> warmup;
  graft::RankBudgetOptions ranks;
  std::size_t rouge = 40, samples = 3, new_tokens = 32, limit = 0, trunk_cache_megabytes = 1024;
  float learning_rate = 5e-4F, weight_decay = 0, clip = 1.0F, lora_plus = 1;
  std::uint64_t seed = 1;
  bool resume = false;
};

struct GenerateOptions {
  Head head;
  std::filesystem::path model, adapter;
  std::string prompt, context, instruction;
  std::size_t new_tokens = 128, top_k = 0;
  float temperature = 0, top_p = 1;
  std::uint64_t seed = 0;
  bool plain = false;
};

struct EvalOptions {
  Head head;
  std::filesystem::path model, adapter, data;
  std::string instruction, turns = "all";
  std::size_t rouge = 0, new_tokens = 32, longest = 2048, micro_tokens = 512, limit = 0;
};

struct PlanOptions {
  std::size_t tokens = 512, sequences = 1, targets = 0;
  bool json = false;
};

struct EmbedOptions {
  Head head;
  std::filesystem::path model, adapter, data;
};

struct MergeOptions {
  Head head;
  std::filesystem::path model, adapter, output;
};

struct CombineOptions {
  std::vector<std::filesystem::path> adapters;
  std::vector<float> weights;
  std::string how = "cat";
  std::size_t rank = 0, seed = 0;
  double density = 0.5;
  std::filesystem::path output;
};
/// Several LoRA adapters as one; of no model in particular.
void combine(const CombineOptions& options);

struct InspectOptions {
  std::filesystem::path path, model;
  bool tensors = false, json = false;
};
/// Prints what a file or folder is; yields the exit status: 1 where anything of it would be refused.
int inspect(const InspectOptions& options);
/// The table of keys of adapters' configs, for docs/files.md.
void print_key_table(bool json);

/// The labels of a data set, of texts or of tokens, in the order of their names (numbers by size).
std::vector<std::string> distinct_labels(const std::vector<graft::Row>& rows, graft::ExampleKind kind);

void train(Engine& engine, const TrainOptions& options);
void generate(Engine& engine, const GenerateOptions& options);
void eval(Engine& engine, const EvalOptions& options);
void plan(Engine& engine, const PlanOptions& options);
void explain(Engine& engine, const std::string& format);  ///< "text", "json" or "html", on standard output
void embed(Engine& engine, const EmbedOptions& options);
void merge(Engine& engine, const MergeOptions& options);
void gguf(Engine& engine, const MergeOptions& options);  ///< writes the adapter for llama.cpp

}  // namespace cli
