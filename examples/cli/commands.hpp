// The commands, and what they are asked for. They read and print; what they do is the library's (graft/runtime).
#pragma once

#include <graft/runtime/engine.hpp>
#include <graft/runtime/head_choice.hpp>
#include <graft/runtime/train_run.hpp>

namespace cli {

using graft::Engine;
using graft::HeadChoice;
using graft::Index;

struct GenerateOptions {
  HeadChoice head;
  std::filesystem::path model, adapter;
  std::string prompt, context, instruction;
  graft::GenerateOptions how{.max_new_tokens = 128};
  bool plain = false;
};

struct EvalOptions {
  HeadChoice head;
  std::filesystem::path model, adapter, data;
  std::string instruction;
  graft::Turns turns = graft::Turns::all;
  Index prompts = 0, new_tokens = 32, longest = 2048, limit = 0;
};

struct PlanOptions {
  Index tokens = 512, sequences = 1, targets = 0;
  bool json = false;
};

struct EmbedOptions {
  HeadChoice head;
  std::filesystem::path model, adapter, data;
};

struct MergeOptions {
  HeadChoice head;
  std::filesystem::path model, adapter, output;
};

void train(Engine& engine, const graft::TrainRunOptions& options);
void generate(Engine& engine, const GenerateOptions& options);
void eval(Engine& engine, const EvalOptions& options);
void plan(Engine& engine, const PlanOptions& options);
void explain(Engine& engine, const std::string& format);  ///< "text", "json" or "html", on standard output
void embed(Engine& engine, const EmbedOptions& options);
void merge(Engine& engine, const MergeOptions& options);
void gguf(Engine& engine, const MergeOptions& options);  ///< writes the adapter for llama.cpp

}  // namespace cli
