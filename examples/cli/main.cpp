// graft: fine-tune, run and measure a language model from the command line.
//
// A model's architecture and method are types. The program for a pair of them is compiled when it is first asked for (program.hpp).
#include "build_settings.hpp"
#include "commands.hpp"
#include "program.hpp"

#include <graft/checkpoints/adapter_folder.hpp>
#include <graft/checkpoints/files.hpp>
#include <graft/checkpoints/model_header.hpp>
#include <graft/models/llama_config.hpp>

#include <CLI/CLI.hpp>

#include <charconv>
#include <cmath>
#include <cstdio>
#include <exception>
#include <fstream>

namespace {

/// What all commands on a model ask for.
struct ModelChoice {
  std::filesystem::path model;
  std::string method, storage = cli::build_settings::storage;
  std::vector<std::filesystem::path> headers{};  ///< of methods of the user's own
  std::string task{};                            ///< a name of `tasks`; empty: what the model's files and the data say

  [[nodiscard]] graft::OwnMethods own() const { return headers.empty() ? graft::OwnMethods::refused : graft::OwnMethods::allowed; }
};

std::string method_list() {
  std::string text;
  for (const auto& [name, type] : cli::named_methods()) text += "\n    " + name + "  =  " + type;
  return text;
}

/// Of a name that stands for a type, or of a type's text.
graft::MethodDescription method_of(const ModelChoice& choice) {
  std::string text = choice.method.empty() ? cli::named_methods().front().first : choice.method;
  for (const auto& [name, type] : cli::named_methods())
    if (name == text) return graft::read_method(type);
  try {
    return graft::read_method(text, choice.own());
  } catch (const graft::Error& error) {
    graft::fail("--method: ", error.what());
  }
}
/// A classifier's head is new, so it is trained, whatever the method says of the rest.
graft::MethodDescription with_head(graft::MethodDescription method, const graft::StatedConfig& config) {
  const auto trains = [](std::string_view site) {
    return [site](const graft::MethodDescription& m) {
      const auto* const on = m.option("On");
      return m.kind == "FullFineTuning" || (m.kind == "Unfreeze" && std::find(on->sites.begin(), on->sites.end(), site) != on->sites.end());
    };
  };
  if (method.any(trains("Head"))) return method;
  std::vector<std::string> sites{"Head"};
  if (config.family == "roberta" && graft::task_of(config) == graft::Task::text_class) sites.insert(sites.begin(), "Pooler");
  return graft::united({std::move(method), {.kind = "Unfreeze", .options = {{.name = "On", .sites = std::move(sites)}}}});
}

/// Of a model's files, or of SmolLM2-135M where none are named. What people should know of the files is said.
graft::StatedConfig stated_config(const std::filesystem::path& model) {
  if (!model.empty()) {
    auto c = graft::stated_config(model);
    for (const auto& note : c.notes) std::fprintf(stderr, "%s: %s\n", model.c_str(), note.c_str());
    return c;
  }
  using C = graft::SmolLM2_135M;
  return {.family = "llama", .architecture = {}, .vocabulary = C::vocabulary, .width = C::width, .blocks = C::blocks, .heads = C::heads, .groups = C::groups, .head_width = C::head_width, .feed_forward = C::feed_forward,
          .rope_base = C::rope_base, .norm_epsilon = static_cast<double>(C::norm_epsilon), .tied_head = C::tied_head};
}

/// What a program is for: its method is trained, or opened with what it has trained.
enum class Purpose { train, open };

/// A program, and what its head tells apart.
struct Chosen {
  cli::ProgramRequest program;
  cli::Head head{};
};

/// Names of --task, with the class that Transformers has for each.
const std::vector<std::pair<std::string, std::string>> tasks{{"text", "ForCausalLM"}, {"masked", "ForMaskedLM"}, {"class", "ForSequenceClassification"}, {"number", "ForSequenceClassification"}, {"tokens", "ForTokenClassification"}, {"answers", "ForQuestionAnswering"}, {"rows", "Encoder"}};

/// Whether a file has the head of the task that its config names.
bool has_head(const graft::StatedConfig& config, const std::filesystem::path& model) {
  if (model.empty() || model.extension() == ".gguf" || !std::filesystem::is_directory(model)) return false;
  const graft::ModelFiles files(model);
  for (const auto& m : graft::modules_of(config))
    if (m.site == "Head")
      if (const auto* const head = files.find(m.path + ".weight")) return head->shape.size() == 2 && head->shape[0] == m.out;
  return false;
}

/// What rows ask for: the task, by the keys that they have, and the classes.
void choose_head(Chosen& chosen, const ModelChoice& choice, const std::vector<graft::Row>& rows) {
  auto& c = chosen.program.config;
  if (c.family == "t5") return;
  const auto stated = c;
  const bool bidirectional = c.family == "bert" || c.family == "roberta";
  const auto& first = rows.front();
  if (choice.task.empty()) {
    if (first.has("tokens") && first.has("tags")) c.architecture = "ForTokenClassification";
    else if (first.has("question") && first.has("context")) c.architecture = "ForQuestionAnswering";
    else if (first.has("text") && first.json.contains("label")) c.architecture = "ForSequenceClassification";
    else if (bidirectional) c.architecture = "ForMaskedLM";
    else c.architecture = "ForCausalLM";
  }
  const auto task = graft::task_of(c);
  if (task != graft::Task::text_class && task != graft::Task::token_class) return;
  const bool base_has_it = graft::task_of(stated) == task && has_head(c, choice.model);
  const auto is_number = [](const graft::Row& row) { return row.json.contains("label") && row.json.at("label").is_number_float() && row.json.at("label").get<double>() != std::round(row.json.at("label").get<double>()); };
  if (task == graft::Task::text_class && (choice.task == "number" || (choice.task.empty() && ((base_has_it && c.classes == 1) || std::any_of(rows.begin(), rows.end(), is_number))))) {
    chosen.head.is_new = !(base_has_it && c.classes == 1);
    c.classes = 1;
    return;
  }
  const auto names = cli::distinct_labels(rows, task == graft::Task::token_class ? graft::ExampleKind::token_class : graft::ExampleKind::text_class);
  const auto known = [&](const std::string& name) {
    std::size_t number = 0;
    const auto read = std::from_chars(name.data(), name.data() + name.size(), number);
    return std::find(c.labels.begin(), c.labels.end(), name) != c.labels.end() || (read.ec == std::errc() && read.ptr == name.data() + name.size() && number < c.classes);
  };
  if (base_has_it && c.classes > 1 && std::all_of(names.begin(), names.end(), known)) {
    chosen.head.classes = c.labels;
    for (std::size_t i = c.labels.size(); i < c.classes; ++i) chosen.head.classes.push_back(std::to_string(i));
    return;
  }
  if (names.size() < 2) graft::fail(first.where, " and the rows behind it have one label, \"", names.front(), "\"; a classifier tells apart two at least (--task number learns numbers)");
  chosen.head = {names, true};
  c.classes = names.size();
}

/// The program for a model, an adapter that stands for the method where none is named, and data that say what the model is for.
Chosen chosen(const ModelChoice& choice, Purpose purpose, const std::filesystem::path& adapter = {}, const std::filesystem::path& data = {}) {
  Chosen made{.program = {.config = stated_config(choice.model), .method = {}, .storage = choice.storage, .headers = choice.headers}};
  auto& r = made.program;
  for (const auto& [name, ending] : tasks)
    if (name == choice.task) r.config.architecture = ending;
  if (choice.task == "number") r.config.classes = 1;
  if (!adapter.empty()) {
    const graft::AdapterFolder folder(adapter, choice.own());
    static_cast<void>(folder.tensors());  // without any nothing is compiled
    r.config = folder.model(r.config);
    auto reading = choice.method.empty() ? folder.reading(r.config) : graft::AdapterReading{.method = method_of(choice)};
    for (const auto& note : reading.notes) std::fprintf(stderr, "%s: %s\n", adapter.c_str(), note.c_str());
    r.method = graft::as_opened(std::move(reading.method));
    made.head.classes = !folder.classes().empty() ? folder.classes() : r.config.labels.size() == r.config.classes ? r.config.labels : std::vector<std::string>{};
    for (std::size_t i = made.head.classes.size(); i < r.config.classes; ++i) made.head.classes.push_back(std::to_string(i));
    return made;
  }
  r.method = method_of(choice);
  if (!data.empty()) choose_head(made, choice, graft::read_jsonl(data));
  else made.head.classes = r.config.labels;
  const auto task = graft::task_of(r.config);
  const bool has_classes = task == graft::Task::text_class || task == graft::Task::token_class || task == graft::Task::answer;
  if (purpose == Purpose::train && has_classes) r.method = with_head(std::move(r.method), r.config);
  if (purpose == Purpose::open && made.head.is_new) graft::fail(choice.model.string(), ": the base has no head that tells apart the labels of ", data.string(), "; train one, and name the adapter with --adapter");
  return made;
}
/// The program, opened; what its head tells apart goes into the command's options.
template <class Options>
std::unique_ptr<cli::Engine> program(const ModelChoice& choice, Purpose purpose, Options& options, const std::filesystem::path& adapter = {}, const std::filesystem::path& data = {}) {
  auto made = chosen(choice, purpose, adapter, data);
  options.head = std::move(made.head);
  return cli::open_program(made.program);
}
std::unique_ptr<cli::Engine> program(const ModelChoice& choice) { return cli::open_program(chosen(choice, Purpose::train).program); }

int run(int argc, char** argv) {
  CLI::App app{"graft: parameter-efficient fine-tuning of language models, without Python.\n"
               "--method takes a C++ type, like 'LoRA<16, On<Query, Value>>' (docs/methods.md has all), or one of these names:" + method_list()};
  app.require_subcommand(1);
  app.set_help_all_flag("--help-all", "help of all commands");
  ModelChoice choice;
  const auto typed = [&choice](CLI::App* command, const std::string& otherwise = cli::named_methods().front().first) {
    command->add_option("--method", choice.method, "the method: a C++ type or a name; default: the adapter's, or " + otherwise);
    command->add_option("--include", choice.headers, "a header with methods of your own, which --method or an adapter names; it is compiled, so let it be yours")->check(CLI::ExistingFile)->allow_extra_args(false);
    std::vector<std::string> names;
    for (const auto& [name, ending] : tasks) names.push_back(name);
    command->add_option("--task", choice.task, "what the model is for: text (to write), masked (to fill in), class or number (of a text), tokens (their classes), answers (where they stand in a text); default: what its config, the adapter and the data say")->check(CLI::IsMember(names));
    command->add_option("--storage", choice.storage, "how frozen weights are kept: F32, Bf16, Int8, Nf4, Nf4DoubleQuant, Q8_0 or Q4_1")->capture_default_str()->check(CLI::IsMember({"F32", "Bf16", "Int8", "Nf4", "Nf4DoubleQuant", "Q8_0", "Q4_1"}));
  };
  const auto common = [&typed](CLI::App* command, std::filesystem::path& model, const std::string& otherwise = cli::named_methods().front().first) {
    command->add_option("-m,--model", model, "a .gguf file or a Hugging Face folder")->required();
    typed(command, otherwise);
  };
  const std::string none = "FrozenBase";  // the model as it is
  const auto turns_option = [](CLI::App* command, std::string& turns) {
    command->add_option("--turns", turns, "which answers of a conversation are learned: all, or the last, as where a chat template shows thinking in the last answer only")->capture_default_str()->check(CLI::IsMember({"all", "last"}));
  };

  cli::TrainOptions t;
  auto* train = app.add_subcommand("train", "fine-tune on a JSON-lines file and write an adapter, a report, result.json (what was learned) and cost.json (what it took)");
  common(train, t.model);
  train->add_option("-d,--data", t.data, "examples, one JSON object a line: prompt and completion, or messages, or text; text and label; tokens and tags; question, context and answers")->required()->check(CLI::ExistingFile);
  train->add_option("--held-out", t.held_out, "examples to measure before and after")->check(CLI::ExistingFile);
  train->add_option("-o,--output", t.output, "folder for adapter/, report.html, result.json, cost.json")->capture_default_str();
  train->add_option("--instruction", t.instruction, "text put before every prompt");
  turns_option(train, t.turns);
  train->add_option("--epochs", t.epochs, "passes over the examples")->capture_default_str()->check(CLI::PositiveNumber);
  train->add_option("--batch", t.batch, "examples of one optimizer step")->capture_default_str()->check(CLI::PositiveNumber);
  train->add_option("--micro-tokens", t.micro_tokens, "tokens of one forward and backward pass: less takes less memory")->capture_default_str()->check(CLI::PositiveNumber);
  train->add_option("--learning-rate", t.learning_rate, "AdamW's learning rate")->capture_default_str();
  train->add_option("--lora-plus", t.lora_plus, "LoRA+: how many times as fast B of every LoRA learns as A")->capture_default_str();
  train->add_option("--prompt-text", t.prompt_text, "the text that a soft prompt starts from");
  train->add_option("--schedule", t.schedule, "constant, linear or cosine")->capture_default_str()->check(CLI::IsMember({"constant", "linear", "cosine"}));
  train->add_option("--warmup", t.warmup, "steps in which the learning rate rises, fewer than the run has; default: 3 % of the run, none in fewer than 34 steps")->check(CLI::NonNegativeNumber);
  train->add_option("--target-rank", t.ranks.target_rank, "of AdaLoRA: the rank that layers end with on average, unless they start with less")->capture_default_str()->check(CLI::PositiveNumber);
  train->add_option("--tinit", t.ranks.warm_up, "of AdaLoRA: steps before ranks fall")->capture_default_str();
  train->add_option("--tfinal", t.ranks.final_steps, "of AdaLoRA: steps at the end in which they no longer do")->capture_default_str();
  train->add_option("--delta-t", t.ranks.interval, "of AdaLoRA: the least important are dropped every so many steps")->capture_default_str()->check(CLI::PositiveNumber);
  train->add_option("--weight-decay", t.weight_decay, "AdamW's decoupled decay")->capture_default_str();
  train->add_option("--clip", t.clip, "largest norm of the gradient; 0 leaves it as it is")->capture_default_str();
  train->add_option("--seed", t.seed, "of initial values, order and dropout")->capture_default_str();
  train->add_option("--limit", t.limit, "use only the first N examples; 0: all")->capture_default_str();
  train->add_option("--evaluate-every", t.evaluate_every, "steps between evaluations; the best parameters are kept")->capture_default_str();
  train->add_option("--checkpoint-every", t.checkpoint_every, "steps between checkpoints; 0: none")->capture_default_str();
  train->add_flag("--resume", t.resume, "go on from the checkpoint in the output folder, or start where there is none yet");
  train->add_option("--rouge", t.rouge, "held-out prompts to answer for ROUGE, before and after")->capture_default_str();
  train->add_option("--samples", t.samples, "answers to show side by side")->capture_default_str();
  train->add_option("--new-tokens", t.new_tokens, "longest answer")->capture_default_str();
  train->add_option("--max-length", t.longest, "longest example in tokens")->capture_default_str();
  train->add_option("--trunk-cache", t.trunk_cache, "file of what frozen blocks below everything trained yield: read if it is there, written at the end");
  train->add_option("--trunk-cache-memory", t.trunk_cache_megabytes, "megabytes to keep the same in between epochs; 0: computed at every epoch")->capture_default_str();
  train->add_option("--title", t.title, "of the report")->capture_default_str();

  cli::GenerateOptions g;
  auto* generate = app.add_subcommand("generate", "answer a prompt");
  common(generate, g.model, none);
  generate->add_option("-a,--adapter", g.adapter, "adapter folder")->check(CLI::ExistingDirectory);
  generate->add_option("-p,--prompt", g.prompt, "what the model is asked")->required();
  generate->add_option("--context", g.context, "the text in which a model of answers looks for one");
  generate->add_option("--instruction", g.instruction, "text put before the prompt");
  generate->add_option("-n,--new-tokens", g.new_tokens, "longest answer")->capture_default_str();
  generate->add_option("--temperature", g.temperature, "0 takes the likeliest token, more draws more freely")->capture_default_str();
  generate->add_option("--top-k", g.top_k, "draw among the k likeliest tokens; 0: all")->capture_default_str();
  generate->add_option("--top-p", g.top_p, "draw among the likeliest tokens of this total probability")->capture_default_str();
  generate->add_option("--seed", g.seed, "of the draws")->capture_default_str();
  generate->add_flag("--plain", g.plain, "continue the prompt as it is, without the chat template");

  cli::EvalOptions e;
  auto* eval = app.add_subcommand("eval", "the loss on a JSON-lines file and what else a model of its kind is judged by (perplexity and ROUGE, accuracy, errors of numbers, F1 of answers), as JSON");
  common(eval, e.model, none);
  eval->add_option("-d,--data", e.data, "examples")->required()->check(CLI::ExistingFile);
  eval->add_option("-a,--adapter", e.adapter, "adapter folder")->check(CLI::ExistingDirectory);
  eval->add_option("--instruction", e.instruction, "text put before every prompt");
  turns_option(eval, e.turns);
  eval->add_option("--rouge", e.rouge, "prompts to answer for ROUGE; 0: none")->capture_default_str();
  eval->add_option("--new-tokens", e.new_tokens, "longest answer")->capture_default_str();
  eval->add_option("--max-length", e.longest, "longest example in tokens")->capture_default_str();
  eval->add_option("--limit", e.limit, "use only the first N examples; 0: all")->capture_default_str();

  cli::PlanOptions p;
  const char* const optional_model = "a .gguf file, a Hugging Face folder or a config.json; default: SmolLM2-135M";
  auto* plan = app.add_subcommand("plan", "memory and arithmetic of a training pass, without loading anything");
  plan->add_option("-m,--model", choice.model, optional_model);
  typed(plan);
  plan->add_option("-t,--tokens", p.tokens, "tokens of one pass")->capture_default_str()->check(CLI::PositiveNumber);
  plan->add_option("--sequences", p.sequences, "sequences they are in")->capture_default_str()->check(CLI::PositiveNumber);
  plan->add_option("--supervised", p.targets, "tokens with a label; 0: all")->capture_default_str();
  plan->add_flag("--json", p.json, "as JSON");

  std::string format = "text";
  auto* explain = app.add_subcommand("explain", "what stands at each site of the model, what it trains and saves, where gradient flows");
  explain->add_option("-m,--model", choice.model, optional_model);
  typed(explain);
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

  cli::EmbedOptions b;
  auto* embed = app.add_subcommand("embed", "a row of numbers for every text, as JSON lines: the mean of what BERT or RoBERTa makes of its tokens, of length 1");
  common(embed, b.model, none);
  embed->add_option("-d,--data", b.data, "texts, one JSON object a line: text")->required()->check(CLI::ExistingFile);
  embed->add_option("-a,--adapter", b.adapter, "adapter folder")->check(CLI::ExistingDirectory);

  cli::MergeOptions m;
  auto* merge = app.add_subcommand("merge", "fold an adapter into its base: a Hugging Face folder that needs no adapter");
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
  auto* inspect = app.add_subcommand("inspect", "what a model or an adapter is: its type, where it stands, which keys of its config are used, and what would be refused (exit status 1); nothing is compiled");
  inspect->add_option("path", i.path, "a folder of a model or an adapter, or a file of one: .gguf, .safetensors, config.json, adapter_config.json");
  inspect->add_option("-m,--model", i.model, "the base of an adapter: a .gguf file, a Hugging Face folder or a config.json; default: guessed from the adapter's files");
  inspect->add_flag("--tensors", i.tensors, "list all tensors");
  inspect->add_flag("--json", i.json, "as JSON");
  inspect->add_flag("--keys", keys, "all keys that configs of adapters can have, and what graft does with each; without a path");

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
  if (*describe) std::fputs(graft::config_struct(stated_config(choice.model)).c_str(), stdout);
  if (*build && !programs.empty()) cli::build_program(chosen(choice, Purpose::train).program, programs);
  if (*build && programs.empty()) program(choice);
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
