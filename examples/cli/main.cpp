// graft: fine-tune, run and measure a language model from the command line.
//
// A model's architecture and method are types, so the methods on offer are those that were compiled in
// (CMake: GRAFT_CLI_METHODS, GRAFT_CLI_CONFIG).
#include "session.hpp"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <exception>

namespace {

std::string method_list() {
  std::string text;
  for (const auto& method : cli::compiled_methods()) text += std::string("\n    ") + method.name + "  =  " + method.type;
  return text;
}

std::unique_ptr<cli::Session> session(const std::string& name) {
  for (const auto& method : cli::compiled_methods())
    if (name == method.name) return method.make();
  throw std::runtime_error("no method \"" + name + "\" was compiled in; there are:" + method_list() + "\n  Add yours with cmake -DGRAFT_CLI_METHODS=\"name=LoRA<4, On<Query>>\"");
}

int run(int argc, char** argv) {
  CLI::App app{"graft: parameter-efficient fine-tuning of language models, without Python.\n"
               "Methods compiled in (choose with --method):" + method_list()};
  app.require_subcommand(1);
  app.set_help_all_flag("--help-all", "help of all commands");
  std::string method = cli::compiled_methods().front().name;
  const auto common = [&method](CLI::App* command, std::filesystem::path& model) {
    command->add_option("-m,--model", model, "a .gguf file or a Hugging Face folder")->required();
    command->add_option("--method", method, "which compiled method the model has")->capture_default_str();
  };

  cli::TrainOptions t;
  auto* train = app.add_subcommand("train", "fine-tune on a JSON-lines file and write an adapter, a report and result.json");
  common(train, t.model);
  train->add_option("-d,--data", t.data, "examples, one JSON object a line: prompt and completion, or messages, or text")->required()->check(CLI::ExistingFile);
  train->add_option("--held-out", t.held_out, "examples to measure before and after")->check(CLI::ExistingFile);
  train->add_option("-o,--output", t.output, "folder for adapter/, report.html, result.json")->capture_default_str();
  train->add_option("--instruction", t.instruction, "text put before every prompt");
  train->add_option("--epochs", t.epochs, "passes over the examples")->capture_default_str()->check(CLI::PositiveNumber);
  train->add_option("--batch", t.batch, "examples of one optimizer step")->capture_default_str()->check(CLI::PositiveNumber);
  train->add_option("--micro-tokens", t.micro_tokens, "tokens of one forward and backward pass: less takes less memory")->capture_default_str()->check(CLI::PositiveNumber);
  train->add_option("--learning-rate", t.learning_rate, "AdamW's learning rate")->capture_default_str();
  train->add_option("--lora-plus", t.lora_plus, "LoRA+: how many times as fast B of every LoRA learns as A")->capture_default_str();
  train->add_option("--prompt-text", t.prompt_text, "the text that a soft prompt starts from");
  train->add_option("--schedule", t.schedule, "constant, linear or cosine")->capture_default_str()->check(CLI::IsMember({"constant", "linear", "cosine"}));
  train->add_option("--warmup", t.warmup, "steps in which the learning rate rises from 0")->capture_default_str();
  train->add_option("--weight-decay", t.weight_decay, "AdamW's decoupled decay")->capture_default_str();
  train->add_option("--clip", t.clip, "largest norm of the gradient; 0 leaves it as it is")->capture_default_str();
  train->add_option("--seed", t.seed, "of initial values, order and dropout")->capture_default_str();
  train->add_option("--limit", t.limit, "use only the first N examples; 0: all")->capture_default_str();
  train->add_option("--evaluate-every", t.evaluate_every, "steps between evaluations; the best parameters are kept")->capture_default_str();
  train->add_option("--checkpoint-every", t.checkpoint_every, "steps between checkpoints; 0: none")->capture_default_str();
  train->add_flag("--resume", t.resume, "go on from the checkpoint in the output folder");
  train->add_option("--rouge", t.rouge, "held-out prompts to answer for ROUGE, before and after")->capture_default_str();
  train->add_option("--samples", t.samples, "answers to show side by side")->capture_default_str();
  train->add_option("--new-tokens", t.new_tokens, "longest answer")->capture_default_str();
  train->add_option("--max-length", t.longest, "longest example in tokens")->capture_default_str();
  train->add_option("--trunk-cache", t.trunk_cache, "file of what frozen blocks below everything trained yield: read if it is there, written at the end");
  train->add_option("--trunk-cache-memory", t.trunk_cache_megabytes, "megabytes to keep the same in between epochs; 0: computed at every epoch")->capture_default_str();
  train->add_option("--title", t.title, "of the report")->capture_default_str();

  cli::GenerateOptions g;
  auto* generate = app.add_subcommand("generate", "answer a prompt");
  common(generate, g.model);
  generate->add_option("-a,--adapter", g.adapter, "adapter folder")->check(CLI::ExistingDirectory);
  generate->add_option("-p,--prompt", g.prompt, "what the model is asked")->required();
  generate->add_option("--instruction", g.instruction, "text put before the prompt");
  generate->add_option("-n,--new-tokens", g.new_tokens, "longest answer")->capture_default_str();
  generate->add_option("--temperature", g.temperature, "0 takes the likeliest token, more draws more freely")->capture_default_str();
  generate->add_option("--top-k", g.top_k, "draw among the k likeliest tokens; 0: all")->capture_default_str();
  generate->add_option("--top-p", g.top_p, "draw among the likeliest tokens of this total probability")->capture_default_str();
  generate->add_option("--seed", g.seed, "of the draws")->capture_default_str();
  generate->add_flag("--plain", g.plain, "continue the prompt as it is, without the chat template");

  cli::EvalOptions e;
  auto* eval = app.add_subcommand("eval", "loss, perplexity and ROUGE on a JSON-lines file, as JSON");
  common(eval, e.model);
  eval->add_option("-d,--data", e.data, "examples")->required()->check(CLI::ExistingFile);
  eval->add_option("-a,--adapter", e.adapter, "adapter folder")->check(CLI::ExistingDirectory);
  eval->add_option("--instruction", e.instruction, "text put before every prompt");
  eval->add_option("--rouge", e.rouge, "prompts to answer for ROUGE; 0: none")->capture_default_str();
  eval->add_option("--new-tokens", e.new_tokens, "longest answer")->capture_default_str();
  eval->add_option("--limit", e.limit, "use only the first N examples; 0: all")->capture_default_str();

  cli::PlanOptions p;
  auto* plan = app.add_subcommand("plan", "memory and arithmetic of a training pass, without loading anything");
  plan->add_option("--method", method, "which compiled method the model has")->capture_default_str();
  plan->add_option("-t,--tokens", p.tokens, "tokens of one pass")->capture_default_str()->check(CLI::PositiveNumber);
  plan->add_option("--sequences", p.sequences, "sequences they are in")->capture_default_str()->check(CLI::PositiveNumber);
  plan->add_option("--supervised", p.targets, "tokens with a label; 0: all")->capture_default_str();
  plan->add_flag("--json", p.json, "as JSON");

  std::string format = "text";
  auto* explain = app.add_subcommand("explain", "what stands at each site of the model, what it trains and saves, where gradient flows");
  explain->add_option("--method", method, "which compiled method the model has")->capture_default_str();
  explain->add_option("--format", format, "text, json or html")->capture_default_str()->check(CLI::IsMember({"text", "json", "html"}));

  cli::CombineOptions c;
  auto* combine = app.add_subcommand("combine", "several LoRA adapters as one");
  combine->add_option("-a,--adapter", c.adapters, "adapter folder; give it once for each")->required()->check(CLI::ExistingDirectory);
  combine->add_option("-w,--weight", c.weights, "weight of each, in the same order; default: 1");
  combine->add_option("--how", c.how, "cat (exact), svd, linear, ties, dare or magnitude")->capture_default_str()->check(CLI::IsMember({"cat", "linear", "svd", "ties", "dare", "magnitude"}));
  combine->add_option("--rank", c.rank, "of the result; 0: the sum for cat, else the largest")->capture_default_str();
  combine->add_option("--density", c.density, "share of entries that ties, dare and magnitude keep")->capture_default_str();
  combine->add_option("--seed", c.seed, "of what dare drops")->capture_default_str();
  combine->add_option("-o,--output", c.output, "folder to write")->required();

  cli::MergeOptions m;
  auto* merge = app.add_subcommand("merge", "fold an adapter into its base: a Hugging Face folder that needs no adapter");
  common(merge, m.model);
  merge->add_option("-a,--adapter", m.adapter, "adapter folder")->required()->check(CLI::ExistingDirectory);
  merge->add_option("-o,--output", m.output, "folder to write")->required();

  auto* gguf = app.add_subcommand("gguf", "write an adapter as a GGUF file, for llama.cpp");
  common(gguf, m.model);
  gguf->add_option("-a,--adapter", m.adapter, "adapter folder")->required()->check(CLI::ExistingDirectory);
  gguf->add_option("-o,--output", m.output, "file to write")->required();

  CLI11_PARSE(app, argc, argv);
  if (*combine) {
    cli::combine(c);
    return 0;
  }
  const auto chosen = session(method);
  if (*train) chosen->train(t);
  if (*generate) chosen->generate(g);
  if (*eval) chosen->eval(e);
  if (*plan) chosen->plan(p);
  if (*explain) chosen->explain(format);
  if (*merge) chosen->merge(m);
  if (*gguf) chosen->gguf(m);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "graft: %s\n", error.what());
    return 1;
  }
}
