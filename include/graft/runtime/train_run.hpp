/// \file
/// A whole run from files to files: a model and rows in, an adapter and a record of the run out. What `graft train`
/// does.
#pragma once

#include <graft/checkpoints/base/tokenizer_files.hpp>
#include <graft/checkpoints/description/method_json.hpp>
#include <graft/eval/test_set.hpp>
#include <graft/io/jsonl.hpp>
#include <graft/runtime/head_choice.hpp>
#include <graft/runtime/machine.hpp>
#include <graft/runtime/rate_search.hpp>
#include <graft/runtime/run_record.hpp>

#include <cstdio>

namespace graft {

/// What a run is of, and how it is done.
struct TrainRunOptions {
  HeadChoice head{};  ///< the task and its classes
  /// the model; rows; held-out rows; where the run is written to
  std::filesystem::path model{}, data{}, held_out{}, output = "graft-run";
  /// what every prompt begins with; a text whose tokens a prompt starts from; the report's title
  std::string instruction{}, prompt_text{}, title = "graft run";
  RunOptions run{};                                  ///< epochs, batches, schedule
  Turns turns = Turns::all;                          ///< which turns of a conversation are supervised
  Index longest = 2048, limit = 0;                   ///< tokens of an example; examples, 0: all
  Index prompts = 40, samples = 3, new_tokens = 32;  ///< answered for ROUGE; shown; of an answer
  bool find_rate = false;                            ///< looks for the learning rate first (runtime/rate_search.hpp)
  /// hears what the run is doing
  std::function<void(const std::string&)> say = [](const std::string& line) {
    std::fprintf(stderr, "%s\n", line.c_str());
  };
};

/// A run under way on an engine.
class TrainRun {
 public:
  /// Reads the model's files and rows.
  /// \throws Error that says which of them cannot be used
  TrainRun(Engine& engine, const TrainRunOptions& options)
      : engine_(engine),
        o_(options),
        run_(options.run),
        adapter_(o_.output / "adapter"),
        files_(admit()),
        tokenizer_(load_tokenizer(files_)),
        formatter_(load_formatter(files_, tokenizer_, engine.kind(), o_.instruction, o_.longest)) {
    formatter_.seed = run_.fit.seed;
    formatter_.turns = o_.turns;
    formatter_.classes = o_.head.classes;
    auto rows = read_jsonl(o_.data);
    if (o_.limit != 0 && rows.size() > o_.limit) rows.resize(o_.limit);
    examples_ = formatter_.examples(rows, o_.data.string());
    if (!o_.held_out.empty()) held_rows_ = read_jsonl(o_.held_out);
    held_ = formatter_.examples(held_rows_, o_.held_out.string());
    run_.fit.anew = formatter_.anew();
    run_.fit.checkpoint = o_.output / "checkpoint.safetensors";
    run_.trainer.schedule = run_.trainer.schedule.over(run_.fit.steps(examples_.size()));
    if (run_.fit.checkpoint_every != 0 || run_.fit.resume)
      run_.fit.settings = {{"base", "of fingerprint " + model_fingerprint(o_.model)},
                           {"text of the prompt", o_.prompt_text},
                           {"evaluation", in_few_words(held_)}};
  }

  TrainRun(const TrainRun&) = delete;
  TrainRun& operator=(const TrainRun&) = delete;

  /// Trains, and writes the adapter. \throws Error where nothing is trained, or nothing was changed
  RunRecord operator()() {
    begin();
    engine_.check_saving();
    describe();
    if (o_.find_rate) find_rate();
    const auto training = engine_.train(run_);
    record_.learning_rate = training->learning_rate();
    o_.say("learning rate " + noted(*record_.learning_rate) +
           (run_.optimizer.learning_rate
                ? ""
                : ", which suits the method (--learning-rate is another, --find-rate looks for one)"));
    std::vector<std::string> before, after;
    if (!held_.empty()) record_.before = measured(held_loss(), before);
    std::filesystem::create_directories(o_.output);
    const Stopwatch watch;
    auto made = training->fit(examples_, held_.empty() ? std::function<double()>{} : [this] { return held_loss(); });
    record_.train_seconds = watch.seconds();
    record_.peak_resident_bytes = peak_resident_bytes();
    record_.history = std::move(made.history);
    record_.plan = made.plan;
    record_.measured_bytes = made.measured_bytes;
    record_.profile = std::move(made.profile);
    if (!record_.history.changed) refuse_unchanged();
    save();
    if (!held_.empty()) record_.after = measured(*record_.history.kept_loss(), after);
    show_samples(before, after);
    record_.sites = engine_.sites();
    record_.total_seconds = whole_.seconds();
    return std::move(record_);
  }

 private:
  /// The model's path, where a run on it can end well.
  [[nodiscard]] const std::filesystem::path& admit() const {
    if (engine_.trainable_parameters() == 0)
      fail("train: ", engine_.method(),
           " trains nothing of this model; do the sites of On<...> and the blocks of Blocks<...> exist in it?");
    if (std::filesystem::exists(adapter_) && !std::filesystem::exists(adapter_ / "graft.json") &&
        !std::filesystem::is_empty(adapter_))
      fail(adapter_.string(),
           " is there and no adapter of graft train's, which would take its place: name another folder with --output");
    return o_.model;
  }
  void begin() {
    engine_.load(o_.model, run_.fit.seed, {.new_head = o_.head.is_new});
    if (!o_.prompt_text.empty()) engine_.start_prompt_from(tokenizer_.encode(o_.prompt_text));
  }
  void describe() {
    record_.title = o_.title;
    record_.model = o_.model.filename().string();
    record_.method = engine_.method();
    record_.machine = machine_name();
    record_.kernels = engine_.kernels();
    record_.parameters = engine_.parameters();
    record_.trainable = engine_.trainable_parameters();
    record_.base_bytes = size_on_disk(o_.model);
    record_.load_seconds = whole_.seconds();
    char share[40];
    std::snprintf(share, sizeof share, "%.3f %%",
                  100.0 * static_cast<double>(record_.trainable) / static_cast<double>(record_.parameters));
    o_.say(record_.method + ": " + noted(record_.trainable) + " of " + noted(record_.parameters) +
           " parameters are trained (" + share + "); " + noted(examples_.size()) + " examples, " + noted(held_.size()) +
           " held out");
  }
  void find_rate() {
    const auto found = find_learning_rate(engine_, [this] { begin(); }, examples_, held_, run_);
    o_.say("--find-rate: " + noted(found.trials.size()) + " runs of " + noted(found.steps) + " steps, judged by " +
           noted(found.examples) + " examples");
    for (const auto& trial : found.trials)
      o_.say("  learning rate " + noted(trial.learning_rate) + ": loss " +
             (std::isfinite(trial.loss) ? noted(trial.loss) : "no number"));
    run_.optimizer.learning_rate = found.taken();
    o_.say("--find-rate takes " + noted(found.taken()));
    begin();
  }
  [[nodiscard]] double held_loss() { return engine_.loss(held_, run_.fit.micro_tokens).mean(); }
  [[nodiscard]] HeldOutFigures measured(double loss, std::vector<std::string>& answers) {
    auto made = measure(engine_, {formatter_, held_, held_rows_, o_.prompts, o_.new_tokens}, loss);
    answers = std::move(made.answers);
    return std::move(made.figures);
  }
  [[noreturn]] void refuse_unchanged() const {
    const float rate = *record_.learning_rate;
    fail("training changed nothing: after ", record_.history.losses.size(),
         " steps every trained parameter is what it was before the first, so no adapter is written; ",
         rate == 0 ? "the learning rate is 0"
                   : "is the learning rate (" + noted(rate) +
                         ") too small, or is there no way for what is supervised to reach what is trained?");
  }
  void save() {
    AtomicFolder made(adapter_);
    engine_.save_adapter(made.path(), files_.path().stem().string());
    const auto method = read_method(engine_.method(), OwnMethods::allowed);
    write_json(made.path() / "graft.json",
               {{"method", method_json(method)}, {"classes", o_.head.classes}});  // what PEFT's config does not say
    made.commit();
    record_.adapter_bytes = size_on_disk(adapter_);
  }
  void show_samples(const std::vector<std::string>& before, const std::vector<std::string>& after) {
    for (Index i = 0; i < std::min({o_.samples, before.size(), after.size()}); ++i) {
      const Row& row = held_rows_[i];
      if (engine_.kind() != ExampleKind::answer) {
        record_.samples.push_back({row.get("prompt"), row.get("completion"), before[i], after[i]});
        continue;
      }
      std::string wanted;
      for (const auto& text : Formatter::answers_of(row)) wanted += (wanted.empty() ? "" : " / ") + text;
      record_.samples.push_back({row.get("question"), wanted, before[i], after[i]});
    }
  }

  Stopwatch whole_;
  Engine& engine_;
  const TrainRunOptions& o_;
  RunOptions run_;
  std::filesystem::path adapter_;
  ModelFiles files_;
  Tokenizer tokenizer_;
  Formatter formatter_;
  std::vector<Row> held_rows_;
  std::vector<Example> examples_, held_;
  RunRecord record_;
};

}  // namespace graft
