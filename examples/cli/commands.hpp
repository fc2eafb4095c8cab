// The commands of the command line for one type of model. Those that a translation unit does not call cost it nothing.
#pragma once

#include "session.hpp"

#include <graft/graft.hpp>

#include <chrono>
#include <cstdio>
#include <fstream>

#include <sys/resource.h>

namespace cli {

inline std::size_t peak_resident_bytes() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<std::size_t>(usage.ru_maxrss) * 1024;
}

inline std::string machine_name() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);)
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2) + ", " + std::to_string(graft::thread_count()) + " threads";
  return std::to_string(graft::thread_count()) + " threads";
}

inline std::uintmax_t size_on_disk(const std::filesystem::path& path) {
  if (!std::filesystem::is_directory(path)) return std::filesystem::file_size(path);
  std::uintmax_t bytes = 0;
  for (const auto& entry : std::filesystem::directory_iterator(path))
    if (entry.is_regular_file()) bytes += entry.file_size();
  return bytes;
}

class Stopwatch {
 public:
  [[nodiscard]] double seconds() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - began_).count(); }

 private:
  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
};

template <class Model>
class Commands {
  using B = typename Model::backend;
  static constexpr bool trains = Model::trainable_parameters > 0;
  static constexpr graft::ExampleKind kind = graft::example_kind<Model>();
  static constexpr bool classifies = kind == graft::ExampleKind::text_class, pairs = kind == graft::ExampleKind::pair, writes = pairs || kind == graft::ExampleKind::next_token;

 public:
  explicit Commands(const char* method) : method_(method) {}

  /// What training measures of held-out examples; `answers` gets the texts that the model wrote. Commands::measures, which may have been compiled elsewhere.
  struct Measures {
    double (*loss)(const Model& model, const std::vector<graft::Batch>& batches);
    graft::HeldOutFigures (*figures)(Model& model, const graft::Formatter& formatter, const std::vector<graft::Example>& examples, const std::vector<graft::Json>& rows, std::size_t most, std::size_t new_tokens,
                                     double loss, std::vector<std::string>& answers);
  };
  static Measures measures() { return {held_loss, measured}; }

  void train(const TrainOptions& o, const Measures& measure) const {
    const Stopwatch whole;
    Stopwatch loading;
    const graft::ModelFiles files(o.model);
    const auto tokenizer = graft::load_tokenizer(files);
    auto formatter = graft::load_formatter<Model>(files, tokenizer, o.instruction, o.longest);
    formatter.seed = o.seed;
    auto rows = graft::read_jsonl(o.data);
    if constexpr (classifies) formatter.classes = class_names(rows);
    if (o.limit != 0 && rows.size() > o.limit) rows.resize(o.limit);
    const auto examples = formatter.examples(rows, o.data.string());
    const auto held_rows = o.held_out.empty() ? std::vector<graft::Json>{} : graft::read_jsonl(o.held_out);
    const auto held = formatter.examples(held_rows, o.held_out.string());
    Model model = graft::load<Model>(o.model, o.seed);
    if (!o.prompt_text.empty()) {
      if constexpr (requires { model.token_embedding.start_from({}); }) model.token_embedding.start_from(tokenizer.encode(o.prompt_text));
      else graft::fail("--prompt-text: ", method_, " has no rows that could start from a text; SoftPrompt<N> has");
    }
    graft::RunReport report;
    report.title = o.title;
    report.model = o.model.filename().string();
    report.method = method_;
    report.machine = machine_name();
    report.parameters = Model::parameters;
    report.trainable = Model::trainable_parameters;
    report.base_bytes = size_on_disk(o.model);
    report.load_seconds = loading.seconds();
    std::fprintf(stderr, "%s: %zu of %zu parameters are trained (%.3f %%); %zu examples, %zu held out\n", method_, Model::trainable_parameters, Model::parameters,
                 100.0 * static_cast<double>(Model::trainable_parameters) / static_cast<double>(Model::parameters), examples.size(), held.size());

    const auto loss_of_held = [&] { return measure.loss(model, batches(held, o.micro_tokens)); };
    std::vector<std::string> before, after;
    if (!held.empty()) report.before = measure.figures(model, formatter, held, held_rows, o.rouge, o.new_tokens, loss_of_held(), before);

    const graft::FitOptions fit{.epochs = o.epochs, .batch = o.batch, .micro_tokens = o.micro_tokens, .seed = o.seed, .evaluate_every = o.evaluate_every,
                                .checkpoint = o.output / "checkpoint.safetensors", .checkpoint_every = o.checkpoint_every, .resume = o.resume};
    std::filesystem::create_directories(o.output);
    graft::Trainer trainer(model, graft::AdamW{.learning_rate = o.learning_rate, .weight_decay = o.weight_decay, .groups = {{.part = "lora_B", .rate_factor = o.lora_plus}}},
                           {.schedule = {graft::schedule_kind(o.schedule), o.warmup, fit.steps(examples.size())}, .clip_norm = o.clip, .seed = o.seed,
                            .trunk_cache_bytes = o.epochs > 1 || !o.trunk_cache.empty() ? o.trunk_cache_megabytes << 20 : 0});
    auto& trunk = trainer.trunk_cache();
    if (!o.trunk_cache.empty() && !trunk) graft::fail("--trunk-cache: ", method_, " trains in the first block already (or --trunk-cache-memory is 0): there is nothing to keep");
    if (!o.trunk_cache.empty() && std::filesystem::exists(o.trunk_cache)) trunk->load(o.trunk_cache);
    graft::Profile profile;
    trainer.workspace().profile = &profile;
    const Stopwatch training;
    report.history = graft::fit(trainer, std::span<const graft::Example>(examples), fit, held.empty() ? std::function<double()>{} : loss_of_held);
    report.train_seconds = training.seconds();
    trainer.workspace().profile = nullptr;
    report.profile = profile.entries();
    if (trunk) std::fprintf(stderr, "%zu of %zu passes took what the frozen blocks yield from %.1f MB kept\n", trunk->hits(), trunk->hits() + trunk->misses(), static_cast<double>(trunk->bytes()) / 1e6);
    if (!o.trunk_cache.empty()) trunk->save(o.trunk_cache);
    report.peak_resident_bytes = peak_resident_bytes();
    report.plan = graft::plan<Model>(shape_of(report.history.most_pass_tokens, 1, report.history.most_pass_tokens / 6));
    report.measured_bytes = report.plan.frozen + report.plan.trainable + report.plan.gradients + report.plan.optimizer +
                            trainer.workspace().value_peak() + trainer.workspace().adjoint_peak();

    if constexpr (trains) {
      graft::save_adapter(model, o.output / "adapter", files.path().stem().string());
      graft::write_json(o.output / "adapter" / "graft.json", {{"method", method_}, {"classes", formatter.classes}});  // what PEFT's config does not say
    }
    report.adapter_bytes = size_on_disk(o.output / "adapter");
    if (!held.empty()) report.after = measure.figures(model, formatter, held, held_rows, o.rouge, o.new_tokens, report.history.kept_loss, after);
    for (std::size_t i = 0; i < std::min({o.samples, before.size(), after.size()}); ++i)
      report.samples.push_back({held_rows[i].value("prompt", ""), held_rows[i].value("completion", ""), before[i], after[i]});
    report.sites = graft::site_map(model);
    report.total_seconds = whole.seconds();
    graft::write_json(o.output / "result.json", report.json());
    graft::write_file(o.output / "report.html", report.html());
    summarize(report, o.output);
  }

  void generate(const GenerateOptions& o) const {
    const graft::ModelFiles files(o.model);
    const auto tokenizer = graft::load_tokenizer(files);
    auto model = loaded(o.model, o.adapter);
    auto formatter = graft::load_formatter<Model>(files, tokenizer, o.instruction);
    if (o.plain) formatter.chat.reset();
    if constexpr (writes) {
      if constexpr (graft::generates_merged<Model>()) graft::merge(model);
      graft::TokenStream stream(tokenizer);
      const auto show = [](const std::string& text) {
        std::fwrite(text.data(), 1, text.size(), stdout);
        std::fflush(stdout);
      };
      const auto prompt = formatter.prompt_ids(o.prompt);
      auto generator = generator_of(model, prompt.size() + o.new_tokens, 1);
      generator(prompt, {.max_new_tokens = o.new_tokens, .temperature = o.temperature, .top_k = o.top_k, .top_p = o.top_p, .seed = o.seed, .stop = stops(files, formatter)},
                [&](graft::Id id) { show(stream(id)); });
      std::puts(stream.rest().c_str());
    } else if constexpr (classifies) {
      const auto classes = saved_classes(o.adapter);
      const auto scores = logits_of(model, {{.ids = tokenizer.encode_whole(o.instruction + o.prompt).ids, .labels = {0}, .kind = kind}})[0];
      const auto best = static_cast<std::size_t>(std::max_element(scores.begin(), scores.end()) - scores.begin());
      std::puts(best < classes.size() ? classes[best].c_str() : std::to_string(best).c_str());
    } else {
      graft::fail("generate: ", method_, " is on a model that fills in masked tokens; it writes no text");
    }
  }

  void eval(const EvalOptions& o) const {
    const graft::ModelFiles files(o.model);
    const auto tokenizer = graft::load_tokenizer(files);
    auto model = loaded(o.model, o.adapter);
    auto formatter = graft::load_formatter<Model>(files, tokenizer, o.instruction, o.longest);
    auto rows = graft::read_jsonl(o.data);
    if constexpr (classifies) formatter.classes = o.adapter.empty() ? class_names(rows) : saved_classes(o.adapter);
    if (o.limit != 0 && rows.size() > o.limit) rows.resize(o.limit);
    const auto examples = formatter.examples(rows, o.data.string());
    graft::Workspace<B> workspace;
    const auto loss = graft::held_out_loss(model, std::span<const graft::Batch>(batches(examples, o.micro_tokens)), workspace);
    graft::Json result = {{"examples", examples.size()}, {"supervised_tokens", loss.targets}, {"loss", loss.mean()}, {"perplexity", loss.perplexity()}};
    std::vector<std::string> answers;
    if (classifies || (writes && o.rouge != 0)) {
      const auto figures = measured(model, formatter, examples, rows, o.rouge, o.new_tokens, loss.mean(), answers);
      if (classifies) result["accuracy"] = figures.accuracy;
      else result.update({{"rouge1", figures.rouge1}, {"rouge2", figures.rouge2}, {"rougeL", figures.rouge_l}});
    }
    std::puts(result.dump(2).c_str());
  }

  void plan(const PlanOptions& o) const {
    const auto p = graft::plan<Model>(shape_of(o.tokens, o.sequences, o.targets == 0 ? o.tokens : o.targets));
    if (o.json) {
      std::puts(graft::Json{{"frozen", p.frozen}, {"trainable", p.trainable}, {"gradients", p.gradients}, {"optimizer", p.optimizer}, {"values", p.values}, {"adjoints", p.adjoints},
                            {"total", p.total()}, {"memory_policy", Model::memory_policy}, {"forward_flops", p.flops.forward}, {"backward_flops", p.flops.backward}}.dump(2).c_str());
      return;
    }
    std::printf("%s, %zu tokens in %zu sequences in one pass; %s\n", method_, o.tokens, o.sequences, Model::memory_policy);
    const auto row = [](const char* name, std::size_t bytes) { std::printf("  %-42s %10.1f MB\n", name, static_cast<double>(bytes) / 1e6); };
    row("frozen weights", p.frozen);
    row("trained weights", p.trainable);
    row("gradients", p.gradients);
    row("optimizer state (AdamW)", p.optimizer);
    row("activations and what ops keep", p.values);
    row("adjoints", p.adjoints);
    row("total", p.total());
    std::printf("  %-42s %10.1f GFLOP\n  %-42s %10.1f GFLOP\n", "forward", static_cast<double>(p.flops.forward) / 1e9, "backward", static_cast<double>(p.flops.backward) / 1e9);
    std::printf("  %-42s %10zu of %zu\n", "trained parameters", Model::trainable_parameters, Model::parameters);
  }

  void explain(const std::string& format) const {
    const auto e = graft::explain<Model>();
    std::puts(format == "json" ? e.json().dump(2).c_str() : format == "html" ? e.html().c_str() : e.text().c_str());
  }

  void embed(const EmbedOptions& o) const {
    if constexpr (classifies) {
      const graft::ModelFiles files(o.model);
      const auto tokenizer = graft::load_tokenizer(files);
      const auto model = loaded(o.model, o.adapter);
      std::vector<std::vector<graft::Id>> texts;
      const auto rows = graft::read_jsonl(o.data);
      for (const auto& row : rows) texts.push_back(tokenizer.encode_whole(graft::required<std::string>(row, "text", o.data.string())).ids);
      const auto embedded = graft::embed(model, texts);
      for (std::size_t i = 0; i < rows.size(); ++i) std::puts(graft::Json{{"text", rows[i].at("text")}, {"embedding", embedded[i]}}.dump().c_str());
    } else {
      graft::fail("embed: the model is no encoder of texts; BERT and RoBERTa are");
    }
  }

  void merge(const MergeOptions& o) const {
    const auto model = loaded(o.model, o.adapter);
    const graft::ModelFiles files(o.model);
    graft::save_merged(model, files, o.output);
    graft::save_tokenizer(files, o.output);
    std::fprintf(stderr, "wrote %s\n", o.output.c_str());
  }

  void gguf(const MergeOptions& o) const {
    if constexpr (graft::fits_gguf<Model>()) {
      const graft::ModelFiles files(o.model);
      graft::save_gguf_adapter(loaded(o.model, o.adapter), o.output, files.config().family);
      std::fprintf(stderr, "wrote %s\n", o.output.c_str());
    } else {
      graft::fail(method_, " does not fit into a GGUF adapter, which holds LoRA on layers of the blocks and nothing else; `graft merge` writes a whole model");
    }
  }

  static Model loaded(const std::filesystem::path& path, const std::filesystem::path& adapter) {
    Model model = graft::load<Model>(path);
    if constexpr (trains) {
      if (!adapter.empty()) graft::load_adapter(model, adapter);
    }
    return model;
  }

  static std::vector<graft::Batch> batches(const std::vector<graft::Example>& examples, std::size_t tokens) {
    std::vector<const graft::Example*> all;
    for (const auto& example : examples) all.push_back(&example);
    return graft::pack(all, tokens);
  }

  static graft::BatchShape shape_of(std::size_t tokens, std::size_t sequences, std::size_t targets) {
    return {.tokens = tokens, .sequences = sequences, .targets = classifies ? sequences : targets, .keys_ahead = 0, .source = pairs ? tokens : 0};
  }
  /// The labels of a data set, in the order of their names.
  static std::vector<std::string> class_names(const std::vector<graft::Json>& rows) {
    const auto names = distinct_labels(rows);
    if (names.size() > Model::config::classes) graft::fail("the data have ", names.size(), " labels, and the model's head has ", Model::config::classes);
    return names;
  }
  static std::vector<std::string> saved_classes(const std::filesystem::path& adapter) {
    const auto path = adapter / "graft.json";
    return !adapter.empty() && std::filesystem::exists(path) ? graft::read_json(path).value("classes", std::vector<std::string>()) : std::vector<std::string>();
  }
  static auto generator_of(const Model& model, std::size_t capacity, std::size_t sequences) {
    if constexpr (pairs) return graft::EncoderDecoderGenerator<Model>(model, capacity, sequences);
    else return graft::Generator<Model>(model, Model::virtual_tokens + Model::prefix_tokens + capacity, sequences);
  }
  static std::vector<graft::Id> stops(const graft::ModelFiles& files, const graft::Formatter& formatter) {
    auto ids = graft::end_tokens(files, formatter.tokenizer);
    for (const auto id : formatter.ends()) ids.push_back(id);
    return ids;
  }
  /// The logits of every text.
  static std::vector<std::vector<float>> logits_of(const Model& model, const std::vector<graft::Example>& examples) {
    std::vector<std::vector<float>> all;
    graft::Workspace<B> workspace;
    for (const auto& given : batches(examples, 512)) {
      const auto batch = Model::prepared(given);
      workspace.reset();
      graft::Inference<B> tape(workspace);
      const auto logits = model.logits(tape, graft::place(tape, batch));
      const auto values = graft::download<B>(logits.data, logits.size());
      for (std::size_t i = 0; i < logits.rows; ++i) all.emplace_back(values.begin() + static_cast<std::ptrdiff_t>(i * logits.columns), values.begin() + static_cast<std::ptrdiff_t>((i + 1) * logits.columns));
    }
    return all;
  }

  static double held_loss(const Model& model, const std::vector<graft::Batch>& batches) {
    graft::Workspace<B> workspace;
    return graft::held_out_loss(model, std::span<const graft::Batch>(batches), workspace).mean();
  }
  /// Of a classifier the accuracy; of a model that writes, ROUGE of greedy answers to the first rows that have prompt and completion.
  static graft::HeldOutFigures measured(Model& model, const graft::Formatter& formatter, const std::vector<graft::Example>& examples, const std::vector<graft::Json>& rows, std::size_t most, std::size_t new_tokens,
                                       double loss, std::vector<std::string>& answers) {
    graft::HeldOutFigures figures{.loss = loss};
    if constexpr (classifies) {
      std::size_t right = 0;
      const auto all = logits_of(model, examples);
      for (std::size_t i = 0; i < all.size(); ++i) right += std::max_element(all[i].begin(), all[i].end()) - all[i].begin() == examples[i].labels[0] ? 1 : 0;
      figures.accuracy = static_cast<double>(right) / static_cast<double>(std::max<std::size_t>(all.size(), 1));
    } else if constexpr (writes) {
      std::vector<std::vector<graft::Id>> prompts;
      std::size_t longest = 0;
      while (prompts.size() < std::min(most, rows.size()) && rows[prompts.size()].contains("completion")) {
        prompts.push_back(formatter.prompt_ids(rows[prompts.size()].at("prompt").get<std::string>()));
        longest = std::max(longest, prompts.back().size());
      }
      auto generator = generator_of(model, longest + new_tokens, 8);
      if constexpr (graft::generates_merged<Model>()) graft::merge(model);
      const auto made = generator(prompts, {.max_new_tokens = new_tokens, .stop = formatter.ends()});
      if constexpr (graft::generates_merged<Model>()) graft::unmerge(model);
      const std::size_t count = prompts.size();
      for (std::size_t i = 0; i < count; ++i) {
        answers.push_back(graft::repaired(formatter.tokenizer.decode(made[i])));
        const auto score = graft::rouge(answers.back(), rows[i].at("completion").get<std::string>());
        figures.rouge1 += score.one.f / static_cast<double>(count);
        figures.rouge2 += score.two.f / static_cast<double>(count);
        figures.rouge_l += score.l.f / static_cast<double>(count);
      }
    }
    return figures;
  }

 private:
  static void summarize(const graft::RunReport& r, const std::filesystem::path& output) {
    if (r.before && r.after) {
      std::printf("%-28s %9s %9s\n", "held out", "before", "after");
      const auto row = [](const char* name, double b, double a) { std::printf("%-28s %9.4f %9.4f\n", name, b, a); };
      row(classifies ? "loss" : "loss per supervised token", r.before->loss, r.after->loss);
      if (classifies) row("accuracy", r.before->accuracy, r.after->accuracy);
      else if (writes && !r.samples.empty()) {
      row("ROUGE-1", r.before->rouge1, r.after->rouge1);
      row("ROUGE-2", r.before->rouge2, r.after->rouge2);
      row("ROUGE-L", r.before->rouge_l, r.after->rouge_l);
      }
    }
    for (const auto& s : r.samples)
      std::printf("\n  prompt  %.100s…\n  wanted  %s\n  before  %s\n  after   %s\n", s.prompt.c_str(), s.wanted.c_str(), s.before.c_str(), s.after.c_str());
    std::printf("\ntrained %zu of %zu parameters; adapter %.2f MB beside a base of %.1f MB\n", r.trainable, r.parameters, static_cast<double>(r.adapter_bytes) / 1e6, static_cast<double>(r.base_bytes) / 1e6);
    std::printf("memory: planned %.1f MB, measured %.1f MB, resident %.1f MB\n", static_cast<double>(r.plan.total()) / 1e6, static_cast<double>(r.measured_bytes) / 1e6, static_cast<double>(r.peak_resident_bytes) / 1e6);
    std::printf("speed: %.0f tokens/s, %.1f s of training, %.1f s in all\n", r.tokens_per_second(), r.train_seconds, r.total_seconds);
    std::printf("wrote %s/adapter, %s/report.html, %s/result.json\n", output.c_str(), output.c_str(), output.c_str());
  }

  const char* method_;
};

/// The commands as a session. Training was compiled elsewhere, so that two cores compile the halves side by side.
template <class Model>
class Program final : public Session {
 public:
  using Train = void(const TrainOptions&);
  Program(const char* method, Train& train) : commands_(method), train_(&train) {}

  void train(const TrainOptions& options) override { train_(options); }
  void generate(const GenerateOptions& options) override { commands_.generate(options); }
  void eval(const EvalOptions& options) override { commands_.eval(options); }
  void plan(const PlanOptions& options) override { commands_.plan(options); }
  void explain(const std::string& format) override { commands_.explain(format); }
  void embed(const EmbedOptions& options) override { commands_.embed(options); }
  void merge(const MergeOptions& options) override { commands_.merge(options); }
  void gguf(const MergeOptions& options) override { commands_.gguf(options); }

 private:
  Commands<Model> commands_;
  Train* train_;
};

}  // namespace cli
