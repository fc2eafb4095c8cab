// graft: fine-tune, run and measure a language model from the command line.
//
// A model's architecture and method are types. The program for a pair of them is compiled when it is first asked for
// (graft/runtime/program.hpp).
#include "combine.hpp"
#include "commands.hpp"
#include "inspect.hpp"

#include <graft/runtime/model_choice.hpp>
#include <graft/runtime/program.hpp>

#include <CLI/CLI.hpp>

#include <cstdio>
#include <exception>

namespace {

using graft::ModelChoice;
using graft::Purpose;
using graft::Toolchain;

std::string method_list() {
  std::string text;
  for (const auto& [name, type] : Toolchain::here().methods) text += "\n    " + name + "  =  " + type;
  return text;
}

/// The type that is meant; what people should know of it is said.
graft::ChosenModel chosen(const ModelChoice& choice, Purpose purpose, const std::filesystem::path& adapter = {},
                          const std::filesystem::path& data = {}) {
  auto made = graft::choose_model(choice, purpose, adapter, data);
  for (const auto& note : made.notes) std::fprintf(stderr, "%s\n", note.c_str());
  return made;
}
/// Its program, opened; what its head tells apart goes into the command's options.
template <class Options>
std::unique_ptr<cli::Engine> program(const ModelChoice& choice, Purpose purpose, Options& options,
                                     const std::filesystem::path& adapter = {},
                                     const std::filesystem::path& data = {}) {
  auto made = chosen(choice, purpose, adapter, data);
  options.head = std::move(made.head);
  return graft::open_program(made.program);
}
std::unique_ptr<cli::Engine> program(const ModelChoice& choice) {
  return graft::open_program(chosen(choice, Purpose::train).program);
}

int run(int argc, char** argv) {
  CLI::App app{
      "graft: parameter-efficient fine-tuning of language models, without Python.\n"
      "--method takes a C++ type, like 'LoRA<16, On<Query, Value>>' (docs/methods.md has all), or one of these names:" +
      method_list()};
  app.require_subcommand(1);
  app.set_help_all_flag("--help-all", "help of all commands");
  ModelChoice choice{.storage = Toolchain::here().storage};
  const auto typed = [&choice](CLI::App* command,
                               const std::string& otherwise = Toolchain::here().methods.front().first) {
    command->add_option("--method", choice.method,
                        "the method: a C++ type or a name; default: the adapter's, or " + otherwise);
    command
        ->add_option(
            "--include", choice.headers,
            "a header with methods of your own, which --method or an adapter names; it is compiled, so let it be yours")
        ->check(CLI::ExistingFile)
        ->allow_extra_args(false);
    std::vector<std::string> names;
    for (const auto& [name, ending] : graft::task_names) names.emplace_back(name);
    command
        ->add_option(
            "--task", choice.task,
            "what the model is for: text (to write), masked (to fill in), class or number (of a text), tokens (their "
            "classes), answers (where they stand in a text); default: what its config, the adapter and the data say")
        ->check(CLI::IsMember(names));
    command
        ->add_option("--storage", choice.storage,
                     "how frozen weights are kept: F32, Bf16, Int8, Nf4, Nf4DoubleQuant, Q8_0 or Q4_1")
        ->capture_default_str()
        ->check(CLI::IsMember({"F32", "Bf16", "Int8", "Nf4", "Nf4DoubleQuant", "Q8_0", "Q4_1"}));
  };
  const auto common = [&typed](CLI::App* command, std::filesystem::path& model,
                               const std::string& otherwise = Toolchain::here().methods.front().first) {
    command->add_option("-m,--model", model, "a .gguf file or a Hugging Face folder")->required();
    typed(command, otherwise);
  };
  const std::string none = "FrozenBase";  // the model as it is
  const std::map<std::string, graft::Turns> turn_names{{"all", graft::Turns::all}, {"last", graft::Turns::last}};
  const auto turns_option = [&turn_names](CLI::App* command, graft::Turns& turns) {
    command
        ->add_option("--turns", turns,
                     "which answers of a conversation are learned: all, or the last, as where a chat template shows "
                     "thinking in the last answer only; default: all")
        ->transform(CLI::CheckedTransformer(turn_names));
  };

  graft::TrainRunOptions t;
  auto& fit = t.run.fit;
  auto& trainer = t.run.trainer;
  auto& optimizer = t.run.optimizer;
  optimizer.groups = {{.part = "lora_B"}};
  auto* train = app.add_subcommand("train",
                                   "fine-tune on a JSON-lines file and write an adapter, a report, result.json (what "
                                   "was learned) and cost.json (what it took)");
  common(train, t.model);
  train
      ->add_option("-d,--data", t.data,
                   "examples, one JSON object a line: prompt and completion, or messages, or text; text and label; "
                   "tokens and tags; question, context and answers")
      ->required()
      ->check(CLI::ExistingFile);
  train->add_option("--held-out", t.held_out, "examples to measure before and after")->check(CLI::ExistingFile);
  train->add_option("-o,--output", t.output, "folder for adapter/, report.html, result.json, cost.json")
      ->capture_default_str();
  train->add_option("--instruction", t.instruction, "text put before every prompt");
  turns_option(train, t.turns);
  train->add_option("--epochs", fit.epochs, "passes over the examples")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  train->add_option("--batch", fit.batch, "examples of one optimizer step")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  train
      ->add_option("--micro-tokens", fit.micro_tokens,
                   "tokens of one forward and backward pass: less takes less memory")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  train->add_option("--learning-rate", optimizer.learning_rate,
                    "AdamW's learning rate; default: what suits the method, 5e-4 of LoRA and its like, a tenth of it "
                    "of the base's own weights, ten times it of prompts, scales and norms");
  train->add_flag("--find-rate", t.find_rate,
                  "first try rates about --learning-rate in short runs, two hundred steps in all, and take the best");
  train
      ->add_option("--lora-plus", optimizer.groups[0].rate_factor,
                   "LoRA+: how many times as fast B of every LoRA learns as A")
      ->capture_default_str();
  train->add_option("--prompt-text", t.prompt_text, "the text that a soft prompt starts from");
  const std::map<std::string, graft::Schedule::Kind> schedules{{"constant", graft::Schedule::Kind::constant},
                                                               {"linear", graft::Schedule::Kind::linear},
                                                               {"cosine", graft::Schedule::Kind::cosine}};
  train->add_option("--schedule", trainer.schedule.kind, "constant, linear or cosine; default: cosine")
      ->transform(CLI::CheckedTransformer(schedules));
  train
      ->add_option("--warmup", trainer.schedule.warmup,
                   "steps in which the learning rate rises, fewer than the run has; default: 3 % of the run, none in "
                   "fewer than 34 steps")
      ->check(CLI::NonNegativeNumber);
  auto& ranks = *fit.rank_budget;
  train
      ->add_option("--target-rank", ranks.target_rank,
                   "of AdaLoRA: the rank that layers end with on average, unless they start with less")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  train->add_option("--tinit", ranks.warm_up, "of AdaLoRA: steps before ranks fall")->capture_default_str();
  train->add_option("--tfinal", ranks.final_steps, "of AdaLoRA: steps at the end in which they no longer do")
      ->capture_default_str();
  train->add_option("--delta-t", ranks.interval, "of AdaLoRA: the least important are dropped every so many steps")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  train->add_option("--weight-decay", optimizer.weight_decay, "AdamW's decoupled decay")->capture_default_str();
  train->add_option("--clip", trainer.clip_norm, "largest norm of the gradient; 0 leaves it as it is")
      ->capture_default_str();
  std::uint64_t seed = 1;  // what runs of the command line have always begun with
  train->add_option("--seed", seed, "of initial values, order and dropout")->capture_default_str();
  train->add_option("--limit", t.limit, "use only the first N examples; 0: all")->capture_default_str();
  train->add_option("--evaluate-every", fit.evaluate_every, "steps between evaluations; the best parameters are kept")
      ->capture_default_str();
  train->add_option("--checkpoint-every", fit.checkpoint_every, "steps between checkpoints; 0: none")
      ->capture_default_str();
  train->add_flag("--resume", fit.resume,
                  "go on from the checkpoint in the output folder, or start where there is none yet");
  train->add_option("--rouge", t.prompts, "held-out prompts to answer for ROUGE, before and after")
      ->capture_default_str();
  train->add_option("--samples", t.samples, "answers to show side by side")->capture_default_str();
  train->add_option("--new-tokens", t.new_tokens, "longest answer")->capture_default_str();
  train->add_option("--max-length", t.longest, "longest example in tokens")->capture_default_str();
  train->add_option(
      "--trunk-cache", t.run.trunk_cache,
      "file of what frozen blocks below everything trained yield: read if it is there, written at the end");
  std::size_t trunk_megabytes = 1024;
  train
      ->add_option("--trunk-cache-memory", trunk_megabytes,
                   "megabytes to keep the same in between epochs; 0: computed at every epoch")
      ->capture_default_str();
  train->add_option("--title", t.title, "of the report")->capture_default_str();

  cli::GenerateOptions g;
  auto* generate = app.add_subcommand("generate", "answer a prompt");
  common(generate, g.model, none);
  generate->add_option("-a,--adapter", g.adapter, "adapter folder")->check(CLI::ExistingDirectory);
  generate->add_option("-p,--prompt", g.prompt, "what the model is asked")->required();
  generate->add_option("--context", g.context, "the text in which a model of answers looks for one");
  generate->add_option("--instruction", g.instruction, "text put before the prompt");
  generate->add_option("-n,--new-tokens", g.how.max_new_tokens, "longest answer")->capture_default_str();
  generate->add_option("--temperature", g.how.temperature, "0 takes the likeliest token, more draws more freely")
      ->capture_default_str();
  generate->add_option("--top-k", g.how.top_k, "draw among the k likeliest tokens; 0: all")->capture_default_str();
  generate->add_option("--top-p", g.how.top_p, "draw among the likeliest tokens of this total probability")
      ->capture_default_str();
  generate->add_option("--seed", g.how.seed, "of the draws")->capture_default_str();
  generate->add_flag("--plain", g.plain, "continue the prompt as it is, without the chat template");

  cli::EvalOptions e;
  auto* eval = app.add_subcommand("eval",
                                  "the loss on a JSON-lines file and what else a model of its kind is judged by "
                                  "(perplexity and ROUGE, accuracy, errors of numbers, F1 of answers), as JSON");
  common(eval, e.model, none);
  eval->add_option("-d,--data", e.data, "examples")->required()->check(CLI::ExistingFile);
  eval->add_option("-a,--adapter", e.adapter, "adapter folder")->check(CLI::ExistingDirectory);
  eval->add_option("--instruction", e.instruction, "text put before every prompt");
  turns_option(eval, e.turns);
  eval->add_option("--rouge", e.prompts, "prompts to answer for ROUGE; 0: none")->capture_default_str();
  eval->add_option("--new-tokens", e.new_tokens, "longest answer")->capture_default_str();
  eval->add_option("--max-length", e.longest, "longest example in tokens")->capture_default_str();
  eval->add_option("--limit", e.limit, "use only the first N examples; 0: all")->capture_default_str();

  cli::PlanOptions p;
  const char* const optional_model = "a .gguf file, a Hugging Face folder or a config.json; default: SmolLM2-135M";
  auto* plan = app.add_subcommand("plan", "memory and arithmetic of a training pass, without loading anything");
  plan->add_option("-m,--model", choice.model, optional_model);
  typed(plan);
  plan->add_option("-t,--tokens", p.tokens, "tokens of one pass")->capture_default_str()->check(CLI::PositiveNumber);
  plan->add_option("--sequences", p.sequences, "sequences they are in")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  plan->add_option("--supervised", p.targets, "tokens with a label; 0: all")->capture_default_str();
  plan->add_flag("--json", p.json, "as JSON");

  std::string format = "text";
  auto* explain = app.add_subcommand(
      "explain", "what stands at each site of the model, what it trains and saves, where gradient flows");
  explain->add_option("-m,--model", choice.model, optional_model);
  typed(explain);
  explain->add_option("--format", format, "text, json or html")
      ->capture_default_str()
      ->check(CLI::IsMember({"text", "json", "html"}));

  cli::CombineOptions c;
  auto* combine = app.add_subcommand("combine", "several LoRA adapters as one");
  combine->add_option("-a,--adapter", c.adapters, "adapter folder; give it once for each")
      ->required()
      ->check(CLI::ExistingDirectory);
  combine->add_option("-w,--weight", c.weights, "weight of each, in the same order; default: 1");
  combine->add_option("--how", c.how, "cat (exact), svd, linear, ties, dare or magnitude")
      ->capture_default_str()
      ->check(CLI::IsMember({"cat", "linear", "svd", "ties", "dare", "magnitude"}));
  combine->add_option("--rank", c.rank, "of the result; 0: the sum for cat, else the largest")->capture_default_str();
  combine->add_option("--density", c.density, "share of entries that ties, dare and magnitude keep")
      ->capture_default_str();
  combine->add_option("--seed", c.seed, "of what dare drops")->capture_default_str();
  combine->add_option("-o,--output", c.output, "folder to write")->required();

  cli::EmbedOptions b;
  auto* embed = app.add_subcommand("embed",
                                   "a row of numbers for every text, as JSON lines: the mean of what BERT or RoBERTa "
                                   "makes of its tokens, of length 1");
  common(embed, b.model, none);
  embed->add_option("-d,--data", b.data, "texts, one JSON object a line: text")->required()->check(CLI::ExistingFile);
  embed->add_option("-a,--adapter", b.adapter, "adapter folder")->check(CLI::ExistingDirectory);

  cli::MergeOptions m;
  auto* merge =
      app.add_subcommand("merge", "fold an adapter into its base: a Hugging Face folder that needs no adapter");
  common(merge, m.model);
  merge->add_option("-a,--adapter", m.adapter, "adapter folder")->required()->check(CLI::ExistingDirectory);
  merge->add_option("-o,--output", m.output, "folder to write")->required();

  auto* gguf = app.add_subcommand("gguf", "write an adapter as a GGUF file, for llama.cpp");
  common(gguf, m.model);
  gguf->add_option("-a,--adapter", m.adapter, "adapter folder")->required()->check(CLI::ExistingDirectory);
  gguf->add_option("-o,--output", m.output, "file to write")->required();

  auto* describe = app.add_subcommand("describe", "the config struct of a model, as C++");
  describe->add_option("model", choice.model, "a .gguf file, a Hugging Face folder or a config.json")->required();

  cli::InspectOptions i;
  bool keys = false;
  auto* inspect = app.add_subcommand("inspect",
                                     "what a model or an adapter is: its type, where it stands, which keys of its "
                                     "config are used, and what would be refused (exit status 1); nothing is compiled");
  inspect->add_option(
      "path", i.path,
      "a folder of a model or an adapter, or a file of one: .gguf, .safetensors, config.json, adapter_config.json");
  inspect->add_option("-m,--model", i.model,
                      "the base of an adapter: a .gguf file, a Hugging Face folder or a config.json; default: guessed "
                      "from the adapter's files");
  inspect->add_flag("--tensors", i.tensors, "list all tensors");
  inspect->add_flag("--json", i.json, "as JSON");
  inspect->add_flag("--keys", keys,
                    "all keys that configs of adapters can have, and what graft does with each; without a path");

  std::filesystem::path programs;
  auto* build = app.add_subcommand("build", "compile the program for a model and a method ahead");
  build->add_option("-m,--model", choice.model, optional_model);
  typed(build);
  build->add_option("-o,--output", programs, "folder; default: the user's cache")->capture_default_str();

  CLI11_PARSE(app, argc, argv);
  const auto on = [&choice](const std::filesystem::path& model) {
    choice.model = model;
    return choice;
  };
  const auto as_it_is = [&](const std::filesystem::path& model, const std::filesystem::path& adapter) {
    if (choice.method.empty() && adapter.empty()) choice.method = none;
    return on(model);
  };
  if (*combine) cli::combine(c);
  if (*inspect && keys) return cli::print_key_table(i.json), 0;
  if (*inspect && i.path.empty()) graft::fail("inspect: name a file or a folder, or say --keys");
  if (*inspect) return cli::inspect(i);
  if (*describe) {
    const auto config = graft::stated_config(choice.model);
    for (const auto& note : config.notes) std::fprintf(stderr, "%s: %s\n", choice.model.c_str(), note.c_str());
    std::fputs(graft::config_struct(config).c_str(), stdout);
  }
  if (*build && !programs.empty()) graft::build_program(chosen(choice, Purpose::train).program, programs);
  if (*build && programs.empty()) program(choice);
  t.run.seed(seed);
  trainer.trunk_cache_bytes = fit.epochs > 1 || !t.run.trunk_cache.empty() ? trunk_megabytes << 20U : 0;
  if (*train) cli::train(*program(on(t.model), Purpose::train, t, {}, t.data), t);
  if (*generate) cli::generate(*program(as_it_is(g.model, g.adapter), Purpose::open, g, g.adapter), g);
  if (*eval) cli::eval(*program(as_it_is(e.model, e.adapter), Purpose::open, e, e.adapter, e.data), e);
  if (*plan) cli::plan(*program(choice), p);
  if (*explain) cli::explain(*program(choice), format);
  if (*embed && choice.task.empty() && b.adapter.empty()) choice.task = "rows";
  if (*embed) cli::embed(*program(as_it_is(b.model, b.adapter), Purpose::open, b, b.adapter), b);
  if (*merge) cli::merge(*program(on(m.model), Purpose::open, m, m.adapter), m);
  if (*gguf) cli::gguf(*program(on(m.model), Purpose::open, m, m.adapter), m);
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
