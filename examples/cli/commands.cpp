#include "commands.hpp"

#include <graft/report/run_report.hpp>

#include <cstdio>
#include <sstream>

namespace cli {

namespace {

using graft::ExampleKind;

void load(Engine& engine, const std::filesystem::path& model, const std::filesystem::path& adapter,
          const HeadChoice& head) {
  engine.load(model, 0, {.resized_vocabulary = !adapter.empty(), .new_head = head.is_new});
  if (!adapter.empty()) engine.load_adapter(adapter);
}

void summarize(const graft::RunReport& r, const std::filesystem::path& output) {
  if (r.before && r.after) {
    std::printf("%-28s %9s %9s\n", "held out", "before", "after");
    r.each_change([](const char* name, double b, double a) { std::printf("%-28s %9.4f %9.4f\n", name, b, a); });
  }
  for (const auto& s : r.samples)
    std::printf("\n  prompt  %.100s…\n  wanted  %s\n  before  %s\n  after   %s\n", s.prompt.c_str(), s.wanted.c_str(),
                s.before.c_str(), s.after.c_str());
  using graft::report::megabytes;
  std::printf("\ntrained %zu of %zu parameters at a learning rate of %g; adapter %s beside a base of %s\n", r.trainable,
              r.parameters, static_cast<double>(*r.learning_rate), megabytes(*r.adapter_bytes).c_str(),
              megabytes(*r.base_bytes).c_str());
  if (r.history.kept_ranks) std::printf("singular values kept: %zu\n", *r.history.kept_ranks);
  std::printf("memory: planned %s, %sresident %s\n", megabytes(r.plan->total()).c_str(),
              r.measured_bytes ? ("measured " + megabytes(*r.measured_bytes) + ", ").c_str() : "",
              megabytes(*r.peak_resident_bytes).c_str());
  if (const auto speed = r.tokens_per_second())
    std::printf("speed: %.0f tokens/s, %.1f s of training, %.1f s in all\n", *speed, *r.train_seconds,
                *r.total_seconds);
  std::printf("wrote %s: adapter, report.html, result.json, cost.json\n", output.c_str());
}

/// What a model with a head says of one text: the name of its class, its number, a label for every word, or the answer
/// that a context has.
void said(Engine& engine, const graft::Formatter& formatter, const GenerateOptions& o) {
  const auto kind = engine.kind();
  if (kind == ExampleKind::fill_in)
    graft::fail("generate: this model fills in masked tokens and writes no text; graft eval measures it");
  if (kind == ExampleKind::answer && o.context.empty())
    graft::fail("generate: this model finds answers in a text: give it with --context");
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
  const auto class_of = [&](Index at) {
    return graft::class_name(o.head.classes,
                             graft::likeliest(std::span(scores).subspan(at * engine.classes(), engine.classes())));
  };
  if (kind == ExampleKind::answer) {
    std::puts(named.answer(row, scores).c_str());
  } else if (kind == ExampleKind::text_number) {
    std::printf("%.6g\n", static_cast<double>(scores[0]));
  } else if (kind == ExampleKind::text_class) {
    std::puts(class_of(0).c_str());
  } else {
    Index word = 0;
    for (Index t = 0; t < example.labels.size(); ++t)
      if (example.labels[t] >= 0) std::printf("%s\t%s\n", words[word++].c_str(), class_of(t).c_str());
  }
}

}  // namespace

void train(Engine& engine, const graft::TrainRunOptions& o) {
  const graft::RunReport report{graft::TrainRun(engine, o)()};
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
  if (!graft::writes(engine.kind())) return said(engine, formatter, o);
  auto how = o.how;
  how.stop = graft::end_tokens(files, tokenizer);
  for (const auto id : formatter.ends()) how.stop.push_back(id);
  graft::TokenStream stream(tokenizer);
  const auto show = [&stream](graft::Id id) {
    const std::string text = stream(id);
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fflush(stdout);
  };
  engine.write({formatter.prompt_ids(o.prompt)}, how, show);
  std::puts(stream.rest().c_str());
}

void eval(Engine& engine, const EvalOptions& o) {
  const graft::ModelFiles files(o.model);
  const auto tokenizer = graft::load_tokenizer(files);
  load(engine, o.model, o.adapter, o.head);
  auto formatter = graft::load_formatter(files, tokenizer, engine.kind(), o.instruction, o.longest);
  formatter.turns = o.turns;
  auto rows = graft::read_jsonl(o.data);
  formatter.classes = o.head.classes;
  if (o.limit != 0 && rows.size() > o.limit) rows.resize(o.limit);
  const auto examples = formatter.examples(rows, o.data.string());
  const auto loss = engine.loss(examples, graft::FitOptions{}.micro_tokens);
  graft::Json result = {{"examples", examples.size()}, {"loss", loss.mean()}};
  if (graft::writes(engine.kind()) || engine.kind() == ExampleKind::fill_in)
    result.update({{"supervised_tokens", loss.targets}, {"perplexity", loss.perplexity()}});
  const auto measured = graft::measure(engine, {formatter, examples, rows, o.prompts, o.new_tokens}, loss.mean());
  for (const auto& figure : measured.figures.others) result[figure.key] = figure.value;
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
  for (Index i = 0; i < rows.size(); ++i)
    std::puts(graft::Json{{"text", rows[i].get("text")}, {"embedding", embedded[i]}}.dump().c_str());
}

void plan(Engine& engine, const PlanOptions& o) {
  const auto p = engine.plan(o.tokens, o.sequences, o.targets == 0 ? o.tokens : o.targets);
  if (o.json) {
    const graft::Json json{{"frozen", p.frozen},
                           {"trainable", p.trainable},
                           {"gradients", p.gradients},
                           {"optimizer", p.optimizer},
                           {"values", p.values},
                           {"adjoints", p.adjoints},
                           {"total", p.total()},
                           {"memory_policy", engine.memory_policy()},
                           {"kernels", engine.kernels()},
                           {"forward_flops", p.flops.forward},
                           {"backward_flops", p.flops.backward}};
    std::puts(json.dump(2).c_str());
    return;
  }
  std::printf("%s, %zu tokens in %zu sequences in one pass; %s\n", engine.method(), o.tokens, o.sequences,
              engine.memory_policy());
  const auto row = [](const char* name, Index bytes) {
    std::printf("  %-42s %10.1f MB\n", name, static_cast<double>(bytes) / 1e6);
  };
  row("frozen weights", p.frozen);
  row("trained weights", p.trainable);
  row("gradients", p.gradients);
  row("optimizer state (AdamW)", p.optimizer);
  row("activations and what ops keep", p.values);
  row("adjoints", p.adjoints);
  row("total", p.total());
  const auto work = [](const char* name, Index flops) {
    std::printf("  %-42s %10.1f GFLOP\n", name, static_cast<double>(flops) / 1e9);
  };
  work("forward", p.flops.forward);
  work("backward", p.flops.backward);
  std::printf("  products of %s\n", engine.kernels().c_str());
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
