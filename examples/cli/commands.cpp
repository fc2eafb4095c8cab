#include "commands.hpp"

#include <graft/checkpoints/method_json.hpp>
#include <graft/checkpoints/tokenizer_files.hpp>
#include <graft/eval/answer_match.hpp>
#include <graft/eval/rouge.hpp>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <numeric>
#include <span>
#include <sstream>

#include <sys/resource.h>

namespace cli {

namespace {

using graft::ExampleKind;

std::size_t peak_resident_bytes() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<std::size_t>(usage.ru_maxrss) * 1024;
}

std::string machine_name() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);)
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2) + ", " + std::to_string(graft::thread_count()) + " threads";
  return std::to_string(graft::thread_count()) + " threads";
}

std::uintmax_t size_on_disk(const std::filesystem::path& path) {
  if (!std::filesystem::is_directory(path)) return std::filesystem::exists(path) ? std::filesystem::file_size(path) : 0;
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

bool writes(const Engine& engine) { return engine.kind() == ExampleKind::next_token || engine.kind() == ExampleKind::pair; }
graft::Turns turns_of(const std::string& name) { return name == "last" ? graft::Turns::last : graft::Turns::all; }
bool classifies(const Engine& engine) { return engine.kind() == ExampleKind::text_class || engine.kind() == ExampleKind::token_class; }

void load(Engine& engine, const std::filesystem::path& model, const std::filesystem::path& adapter, const Head& head = {}) {
  engine.load(model, 0, {.resized_vocabulary = !adapter.empty(), .new_head = head.is_new});
  if (!adapter.empty()) engine.load_adapter(adapter);
}

std::size_t likeliest(std::span<const float> scores) { return static_cast<std::size_t>(std::max_element(scores.begin(), scores.end()) - scores.begin()); }
std::string name_of(const std::vector<std::string>& classes, std::size_t number) { return number < classes.size() ? classes[number] : std::to_string(number); }

/// Pearson's, of numbers said and wanted; 0 where one of them does not vary.
double correlation(const std::vector<double>& x, const std::vector<double>& y) {
  const auto n = static_cast<double>(x.size());
  const double mean_x = std::accumulate(x.begin(), x.end(), 0.0) / n, mean_y = std::accumulate(y.begin(), y.end(), 0.0) / n;
  double xy = 0, xx = 0, yy = 0;
  for (std::size_t i = 0; i < x.size(); ++i) xy += (x[i] - mean_x) * (y[i] - mean_y), xx += (x[i] - mean_x) * (x[i] - mean_x), yy += (y[i] - mean_y) * (y[i] - mean_y);
  return xx == 0 || yy == 0 ? 0 : xy / std::sqrt(xx * yy);
}

/// What the kind of model is judged by: of classes the accuracy, of numbers how far they are off, of answers how they match, of a model that writes ROUGE of
/// greedy answers to the first rows that have prompt and completion, if there are any. `answers` gets the texts.
graft::HeldOutFigures measured(Engine& engine, const graft::Formatter& formatter, const std::vector<graft::Example>& examples, const std::vector<graft::Row>& rows, std::size_t most, std::size_t new_tokens,
                               double loss, std::vector<std::string>& answers) {
  graft::HeldOutFigures figures{.loss = loss};
  if (writes(engine)) {
    std::vector<Engine::Ids> prompts;
    while (prompts.size() < std::min(most, rows.size()) && rows[prompts.size()].has("completion")) prompts.push_back(formatter.prompt_ids(rows[prompts.size()]));
    if (prompts.empty()) return figures;
    const auto made = engine.write(prompts, {.max_new_tokens = new_tokens, .stop = formatter.ends()}, nullptr);
    double one = 0, two = 0, l = 0;
    for (std::size_t i = 0; i < prompts.size(); ++i) {
      answers.push_back(graft::repaired(formatter.tokenizer.decode(made[i])));
      const auto score = graft::rouge(answers.back(), rows[i].get("completion"));
      one += score.one.f;
      two += score.two.f;
      l += score.l.f;
    }
    const auto count = static_cast<double>(prompts.size());
    figures.others = {{"rouge1", "ROUGE-1", one / count}, {"rouge2", "ROUGE-2", two / count}, {"rougeL", "ROUGE-L", l / count}};
  }
  if (engine.kind() == ExampleKind::next_token || engine.kind() == ExampleKind::pair || engine.kind() == ExampleKind::fill_in) return figures;
  figures.loss_name = "loss";
  const auto all = engine.logits(examples);
  if (classifies(engine)) {
    std::size_t right = 0, labels = 0;
    for (std::size_t i = 0; i < all.size(); ++i)
      for (std::size_t t = 0; t < examples[i].labels.size(); ++t) {
        if (examples[i].labels[t] < 0) continue;
        ++labels;
        right += likeliest(std::span(all[i]).subspan(t * engine.classes(), engine.classes())) == static_cast<std::size_t>(examples[i].labels[t]) ? 1 : 0;
      }
    figures.others = {{"accuracy", "accuracy", static_cast<double>(right) / static_cast<double>(labels)}};
  } else if (engine.kind() == ExampleKind::text_number) {
    std::vector<double> said, wanted;
    double squares = 0;
    for (std::size_t i = 0; i < all.size(); ++i) {
      said.push_back(static_cast<double>(all[i][0]));
      wanted.push_back(static_cast<double>(examples[i].number));
      squares += (said[i] - wanted[i]) * (said[i] - wanted[i]);
    }
    figures.others = {{"mean_squared_error", "mean squared error", squares / static_cast<double>(all.size())}, {"pearson", "Pearson's correlation", correlation(said, wanted)}};
  } else {
    graft::AnswerMatch sum;
    for (std::size_t i = 0; i < all.size(); ++i) {
      answers.push_back(formatter.answer(rows[i], all[i]));
      const auto match = graft::answer_match(answers.back(), graft::Formatter::answers_of(rows[i]));
      sum.exact += match.exact;
      sum.f1 += match.f1;
    }
    const auto count = static_cast<double>(all.size());
    figures.others = {{"exact_match", "exact match", sum.exact / count}, {"f1", "F1", sum.f1 / count}};
  }
  return figures;
}

void summarize(const graft::RunReport& r, const std::filesystem::path& output) {
  if (r.before && r.after) {
    std::printf("%-28s %9s %9s\n", "held out", "before", "after");
    r.each_change([](const char* name, double b, double a) { std::printf("%-28s %9.4f %9.4f\n", name, b, a); });
  }
  for (const auto& s : r.samples)
    std::printf("\n  prompt  %.100s…\n  wanted  %s\n  before  %s\n  after   %s\n", s.prompt.c_str(), s.wanted.c_str(), s.before.c_str(), s.after.c_str());
  using graft::report::megabytes;
  std::printf("\ntrained %zu of %zu parameters; adapter %s beside a base of %s\n", r.trainable, r.parameters, megabytes(*r.adapter_bytes).c_str(), megabytes(*r.base_bytes).c_str());
  if (r.history.kept_ranks) std::printf("singular values kept: %zu\n", *r.history.kept_ranks);
  std::printf("memory: planned %s, %sresident %s\n", megabytes(r.plan->total()).c_str(), r.measured_bytes ? ("measured " + megabytes(*r.measured_bytes) + ", ").c_str() : "", megabytes(*r.peak_resident_bytes).c_str());
  if (const auto speed = r.tokens_per_second()) std::printf("speed: %.0f tokens/s, %.1f s of training, %.1f s in all\n", *speed, *r.train_seconds, *r.total_seconds);
  std::printf("wrote %s: adapter, report.html, result.json, cost.json\n", output.c_str());
}

std::string joined(const std::vector<std::string>& texts) {
  std::string all;
  for (const auto& text : texts) all += (all.empty() ? "" : " / ") + text;
  return all;
}

/// What a model with a head says of one text: the name of its class, its number, a label for every word, or the answer that a context has.
void said(Engine& engine, const graft::Formatter& formatter, const GenerateOptions& o) {
  const auto kind = engine.kind();
  if (kind == ExampleKind::fill_in) graft::fail("generate: this model fills in masked tokens and writes no text; graft eval measures it");
  if (kind == ExampleKind::answer && o.context.empty()) graft::fail("generate: this model finds answers in a text: give it with --context");
  graft::Row row{graft::OrderedJson::object(), "the prompt"};
  std::vector<std::string> words;
  if (kind == ExampleKind::answer) {
    row.json = {{"question", o.prompt}, {"context", o.context}, {"answers", graft::OrderedJson::array()}};
  } else if (kind == ExampleKind::token_class) {
    std::istringstream in(o.prompt);
    for (std::string word; in >> word;) words.push_back(word);
    row.json = {{"tokens", words}, {"tags", std::vector<int>(words.size(), 0)}};
  } else {
    row.json = {{"text", o.prompt}, {"label", 0}};
  }
  graft::Formatter named = formatter;
  named.classes = o.head.classes.empty() ? std::vector<std::string>{"0"} : o.head.classes;
  const auto example = named.example(row);
  const auto scores = engine.logits({example})[0];
  if (kind == ExampleKind::answer) {
    std::puts(named.answer(row, scores).c_str());
  } else if (kind == ExampleKind::text_number) {
    std::printf("%.6g\n", static_cast<double>(scores[0]));
  } else if (kind == ExampleKind::text_class) {
    std::puts(name_of(o.head.classes, likeliest(scores)).c_str());
  } else {
    std::size_t word = 0;
    for (std::size_t t = 0; t < example.labels.size(); ++t)
      if (example.labels[t] >= 0) std::printf("%s\t%s\n", words[word++].c_str(), name_of(o.head.classes, likeliest(std::span(scores).subspan(t * engine.classes(), engine.classes()))).c_str());
  }
}

/// Of what a model's files hold.
std::string fingerprint_of(const std::filesystem::path& model) {
  std::vector<std::filesystem::path> files;
  if (!std::filesystem::is_directory(model)) files.push_back(model);
  else
    for (const auto& entry : std::filesystem::directory_iterator(model))
      if (entry.path().extension() == ".safetensors" || entry.path().filename() == "config.json") files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  graft::Fingerprint all;
  std::vector<char> piece(1 << 20);
  for (const auto& file : files)
    for (std::ifstream in(file, std::ios::binary); in;) {
      in.read(piece.data(), static_cast<std::streamsize>(piece.size()));
      all.add(piece.data(), static_cast<std::size_t>(in.gcount()));
    }
  return all.text();
}

}  // namespace

std::vector<std::string> distinct_labels(const std::vector<graft::Row>& rows, ExampleKind kind) {
  std::vector<std::string> names;
  for (const auto& row : rows)
    for (const auto& name : kind == ExampleKind::token_class ? graft::tags_of(row) : std::vector{graft::label_of(row)})
      if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  const auto is_number = [](const std::string& text) { return text.find_first_not_of("0123456789") == text.npos; };
  std::sort(names.begin(), names.end(), [&](const std::string& a, const std::string& b) { return is_number(a) && is_number(b) && a.size() != b.size() ? a.size() < b.size() : a < b; });
  return names;
}

void train(Engine& engine, const TrainOptions& o) {
  const Stopwatch whole, loading;
  const auto adapter = o.output / "adapter";
  if (engine.trainable_parameters() == 0) graft::fail("train: ", engine.method(), " trains nothing of this model; do the sites of On<...> and the blocks of Blocks<...> exist in it?");
  if (std::filesystem::exists(adapter) && !std::filesystem::exists(adapter / "graft.json") && !std::filesystem::is_empty(adapter))
    graft::fail(adapter.string(), " is there and no adapter of graft train's, which would take its place: name another folder with --output");
  const graft::ModelFiles files(o.model);
  const auto tokenizer = graft::load_tokenizer(files);
  auto formatter = graft::load_formatter(files, tokenizer, engine.kind(), o.instruction, o.longest);
  formatter.seed = o.seed;
  formatter.turns = turns_of(o.turns);
  auto rows = graft::read_jsonl(o.data);
  formatter.classes = o.head.classes;
  if (o.limit != 0 && rows.size() > o.limit) rows.resize(o.limit);
  const auto examples = formatter.examples(rows, o.data.string());
  const auto held_rows = o.held_out.empty() ? std::vector<graft::Row>{} : graft::read_jsonl(o.held_out);
  const auto held = formatter.examples(held_rows, o.held_out.string());
  FitRequest request{.fit = {.epochs = o.epochs, .batch = o.batch, .micro_tokens = o.micro_tokens, .seed = o.seed, .evaluate_every = o.evaluate_every,
                             .checkpoint = o.output / "checkpoint.safetensors", .checkpoint_every = o.checkpoint_every, .resume = o.resume, .anew = formatter.anew(), .rank_budget = o.ranks},
                     .schedule = {.kind = graft::schedule_kind(o.schedule), .warmup = o.warmup}, .trunk_cache_bytes = o.epochs > 1 || !o.trunk_cache.empty() ? o.trunk_cache_megabytes << 20 : 0,
                     .learning_rate = o.learning_rate, .weight_decay = o.weight_decay, .clip = o.clip, .lora_plus = o.lora_plus, .trunk_cache = o.trunk_cache};
  request.schedule = request.schedule.over(request.fit.steps(examples.size()));
  if (o.checkpoint_every != 0 || o.resume) request.fit.settings = {{"base", "of fingerprint " + fingerprint_of(o.model)}, {"text of the prompt", o.prompt_text}, {"evaluation", graft::in_few_words(held)}};
  engine.load(o.model, o.seed, {.new_head = o.head.is_new});
  engine.check_saving();
  if (!o.prompt_text.empty()) engine.start_prompt_from(tokenizer.encode(o.prompt_text));
  graft::RunReport report;
  report.title = o.title;
  report.model = o.model.filename().string();
  report.method = engine.method();
  report.machine = machine_name();
  report.parameters = engine.parameters();
  report.trainable = engine.trainable_parameters();
  report.base_bytes = size_on_disk(o.model);
  report.load_seconds = loading.seconds();
  std::fprintf(stderr, "%s: %zu of %zu parameters are trained (%.3f %%); %zu examples, %zu held out\n", engine.method(), report.trainable, report.parameters,
               100.0 * static_cast<double>(report.trainable) / static_cast<double>(report.parameters), examples.size(), held.size());

  const auto held_loss = [&] { return engine.loss(held, o.micro_tokens).mean(); };
  std::vector<std::string> before, after;
  if (!held.empty()) report.before = measured(engine, formatter, held, held_rows, o.rouge, o.new_tokens, held_loss(), before);

  std::filesystem::create_directories(o.output);
  const Stopwatch training;
  engine.fit(examples, request, held.empty() ? std::function<double()>{} : held_loss, report);
  report.train_seconds = training.seconds();
  report.peak_resident_bytes = peak_resident_bytes();

  if (!report.history.changed)
    graft::fail("training changed nothing: after ", report.history.losses.size(), " steps every trained parameter is what it was before the first, so no adapter is written; ",
                o.learning_rate == 0 ? "the learning rate is 0" : "is the learning rate (" + graft::noted(o.learning_rate) + ") too small, or is there no way for what is supervised to reach what is trained?");
  graft::AtomicFolder made(adapter);
  engine.save_adapter(made.path(), files.path().stem().string());
  graft::write_json(made.path() / "graft.json", {{"method", graft::method_json(graft::read_method(engine.method(), graft::OwnMethods::allowed))}, {"classes", o.head.classes}});  // what PEFT's config does not say
  made.commit();
  report.adapter_bytes = size_on_disk(adapter);
  if (!held.empty()) report.after = measured(engine, formatter, held, held_rows, o.rouge, o.new_tokens, *report.history.kept_loss(), after);
  for (std::size_t i = 0; i < std::min({o.samples, before.size(), after.size()}); ++i)
    report.samples.push_back(engine.kind() == ExampleKind::answer ? graft::SampleOutput{held_rows[i].get("question"), joined(graft::Formatter::answers_of(held_rows[i])), before[i], after[i]}
                                                                  : graft::SampleOutput{held_rows[i].get("prompt"), held_rows[i].get("completion"), before[i], after[i]});
  report.sites = engine.sites();
  report.total_seconds = whole.seconds();
  graft::write_json(o.output / "cost.json", report.cost());
  graft::write_file(o.output / "report.html", report.html());
  graft::write_json(o.output / "result.json", report.result());  // the last: where it is, the run has ended
  summarize(report, o.output);
}

void generate(Engine& engine, const GenerateOptions& o) {
  const graft::ModelFiles files(o.model);
  const auto tokenizer = graft::load_tokenizer(files);
  load(engine, o.model, o.adapter, o.head);
  auto formatter = graft::load_formatter(files, tokenizer, engine.kind(), o.instruction);
  if (o.plain) formatter.chat.reset();
  if (!writes(engine)) return said(engine, formatter, o);
  auto stops = graft::end_tokens(files, tokenizer);
  for (const auto id : formatter.ends()) stops.push_back(id);
  graft::TokenStream stream(tokenizer);
  const auto show = [&stream](graft::Id id) {
    const std::string text = stream(id);
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fflush(stdout);
  };
  engine.write({formatter.prompt_ids(o.prompt)}, {.max_new_tokens = o.new_tokens, .temperature = o.temperature, .top_k = o.top_k, .top_p = o.top_p, .seed = o.seed, .stop = stops}, show);
  std::puts(stream.rest().c_str());
}

void eval(Engine& engine, const EvalOptions& o) {
  const graft::ModelFiles files(o.model);
  const auto tokenizer = graft::load_tokenizer(files);
  load(engine, o.model, o.adapter, o.head);
  auto formatter = graft::load_formatter(files, tokenizer, engine.kind(), o.instruction, o.longest);
  formatter.turns = turns_of(o.turns);
  auto rows = graft::read_jsonl(o.data);
  formatter.classes = o.head.classes;
  if (o.limit != 0 && rows.size() > o.limit) rows.resize(o.limit);
  const auto examples = formatter.examples(rows, o.data.string());
  const auto loss = engine.loss(examples, o.micro_tokens);
  graft::Json result = {{"examples", examples.size()}, {"loss", loss.mean()}};
  if (const auto kind = engine.kind(); kind == ExampleKind::next_token || kind == ExampleKind::pair || kind == ExampleKind::fill_in) result.update({{"supervised_tokens", loss.targets}, {"perplexity", loss.perplexity()}});
  std::vector<std::string> answers;
  const auto figures = measured(engine, formatter, examples, rows, o.rouge, o.new_tokens, loss.mean(), answers);
  for (const auto& figure : figures.others) result[figure.key] = figure.value;
  std::puts(result.dump(2).c_str());
}

void embed(Engine& engine, const EmbedOptions& o) {
  const graft::ModelFiles files(o.model);
  const auto tokenizer = graft::load_tokenizer(files);
  load(engine, o.model, o.adapter, o.head);
  std::vector<Engine::Ids> texts;
  const auto rows = graft::read_jsonl(o.data);
  for (const auto& row : rows) texts.push_back(tokenizer.encode_whole(row.get("text")).ids);
  const auto embedded = engine.embed(texts);
  for (std::size_t i = 0; i < rows.size(); ++i) std::puts(graft::Json{{"text", rows[i].get("text")}, {"embedding", embedded[i]}}.dump().c_str());
}

void plan(Engine& engine, const PlanOptions& o) {
  const auto p = engine.plan(o.tokens, o.sequences, o.targets == 0 ? o.tokens : o.targets);
  if (o.json) {
    std::puts(graft::Json{{"frozen", p.frozen}, {"trainable", p.trainable}, {"gradients", p.gradients}, {"optimizer", p.optimizer}, {"values", p.values}, {"adjoints", p.adjoints},
                          {"total", p.total()}, {"memory_policy", engine.memory_policy()}, {"forward_flops", p.flops.forward}, {"backward_flops", p.flops.backward}}.dump(2).c_str());
    return;
  }
  std::printf("%s, %zu tokens in %zu sequences in one pass; %s\n", engine.method(), o.tokens, o.sequences, engine.memory_policy());
  const auto row = [](const char* name, std::size_t bytes) { std::printf("  %-42s %10.1f MB\n", name, static_cast<double>(bytes) / 1e6); };
  row("frozen weights", p.frozen);
  row("trained weights", p.trainable);
  row("gradients", p.gradients);
  row("optimizer state (AdamW)", p.optimizer);
  row("activations and what ops keep", p.values);
  row("adjoints", p.adjoints);
  row("total", p.total());
  std::printf("  %-42s %10.1f GFLOP\n  %-42s %10.1f GFLOP\n", "forward", static_cast<double>(p.flops.forward) / 1e9, "backward", static_cast<double>(p.flops.backward) / 1e9);
  std::printf("  %-42s %10zu of %zu\n", "trained parameters", engine.trainable_parameters(), engine.parameters());
}

void explain(Engine& engine, const std::string& format) {
  const auto e = engine.explain();
  std::puts(format == "json" ? e.json().dump(2).c_str() : format == "html" ? e.html().c_str() : e.text().c_str());
}

void merge(Engine& engine, const MergeOptions& o) {
  load(engine, o.model, o.adapter, o.head);
  engine.save_merged(o.model, o.output, o.head.classes);
  graft::save_tokenizer(graft::ModelFiles(o.model), o.output);
  std::fprintf(stderr, "wrote %s\n", o.output.c_str());
}

void gguf(Engine& engine, const MergeOptions& o) {
  load(engine, o.model, o.adapter, o.head);
  engine.save_gguf(o.model, o.output);
  std::fprintf(stderr, "wrote %s\n", o.output.c_str());
}

}  // namespace cli
