// What the command line asks of a model. A program for one type of model (program.hpp) answers, by commands.hpp.
#pragma once

#include <graft/io/json.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace cli {

struct TrainOptions {
  std::filesystem::path model, data, held_out, output = "graft-run", trunk_cache;
  std::string instruction, schedule = "cosine", prompt_text, title = "graft run";
  std::size_t epochs = 1, batch = 8, micro_tokens = 512, warmup = 5, evaluate_every = 0, checkpoint_every = 0, longest = 2048;
  std::size_t rouge = 40, samples = 3, new_tokens = 32, limit = 0, trunk_cache_megabytes = 1024;
  float learning_rate = 5e-4F, weight_decay = 0, clip = 1.0F, lora_plus = 1;
  std::uint64_t seed = 1;
  bool resume = false;
};

struct GenerateOptions {
  std::filesystem::path model, adapter;
  std::string prompt, instruction;
  std::size_t new_tokens = 128, top_k = 0;
  float temperature = 0, top_p = 1;
  std::uint64_t seed = 0;
  bool plain = false;
};

struct EvalOptions {
  std::filesystem::path model, adapter, data;
  std::string instruction;
  std::size_t rouge = 0, new_tokens = 32, longest = 2048, micro_tokens = 512, limit = 0;
};

struct PlanOptions {
  std::size_t tokens = 512, sequences = 1, targets = 0;
  bool json = false;
};

struct EmbedOptions {
  std::filesystem::path model, adapter, data;
};

struct MergeOptions {
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

/// The labels of a classifier's data set, in the order of their names (numbers by size).
inline std::vector<std::string> distinct_labels(const std::vector<graft::Json>& rows) {
  std::vector<std::string> names;
  for (const auto& row : rows) {
    if (!row.contains("label")) graft::fail("the data are no classifier's: an example has no \"label\"");
    const auto& label = row.at("label");
    const std::string name = label.is_string() ? label.get<std::string>() : label.dump();
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }
  const auto by_size = [](const std::string& a, const std::string& b) { return a.find_first_not_of("0123456789") == a.npos && b.find_first_not_of("0123456789") == b.npos && a.size() != b.size() ? a.size() < b.size() : a < b; };
  std::sort(names.begin(), names.end(), by_size);
  return names;
}

class Session {
 public:
  Session() = default;
  virtual ~Session() = default;
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  virtual void train(const TrainOptions& options) = 0;
  virtual void generate(const GenerateOptions& options) = 0;
  virtual void eval(const EvalOptions& options) = 0;
  virtual void plan(const PlanOptions& options) = 0;
  virtual void explain(const std::string& format) = 0;  ///< "text", "json" or "html", on standard output
  virtual void embed(const EmbedOptions& options) = 0;
  virtual void merge(const MergeOptions& options) = 0;
  virtual void gguf(const MergeOptions& options) = 0;  ///< writes the adapter for llama.cpp
};

}  // namespace cli
