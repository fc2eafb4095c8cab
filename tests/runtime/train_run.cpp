#include <graft/runtime/train_run.hpp>

#include "error.hpp"
#include "runtime/model_folder.hpp"
#include "runtime/pretended.hpp"

#include <boost/test/unit_test.hpp>

using namespace graft;
using made::error_of;

BOOST_AUTO_TEST_SUITE(runtime_train_run)

/// A run of it ends with the loss that it is told to end with.
struct Runs : made::Pretended {
  struct Run : Training {
    Run(Runs& of, const RunOptions& how) : engine(of), options(how) {}
    [[nodiscard]] float learning_rate() const override { return options.optimizer.learning_rate.value_or(0.5F); }
    double step(std::span<const Example>) override { return 0; }
    FitRecord fit(std::span<const Example> examples, const std::function<double()>& held_loss) override {
      FitRecord made;
      const auto steps = options.fit.steps(examples.size());
      engine.options = options;
      engine.examples = examples.size();
      engine.trained = true;
      made.history.losses.assign(steps, 2.0);
      made.history.changed = engine.changes;
      made.history.kept_step = steps;
      if (held_loss) made.history.evaluations.push_back({steps, held_loss()});
      return made;
    }
    Runs& engine;
    RunOptions options;
  };
  Runs() {
    loss_at = [this](float) { return trained ? 1.0 : 3.0; };
  }
  [[nodiscard]] const char* method() const override { return "LoRA<8>"; }
  [[nodiscard]] Index parameters() const override { return 1000; }
  [[nodiscard]] Index trainable_parameters() const override { return trainable; }
  std::unique_ptr<Training> train(const RunOptions& how) override { return std::make_unique<Run>(*this, how); }
  std::vector<Ids> write(const std::vector<Ids>& prompts, const GenerateOptions&, const Each&) override {
    return std::vector<Ids>(prompts.size());
  }
  void start_prompt_from(const Ids& tokens) override { start = tokens; }
  void save_adapter(const std::filesystem::path& folder, const std::string& base_name) const override {
    write_file(folder / "weights", base_name);
  }

  Index trainable = 10, examples = 0;
  bool changes = true, trained = false;
  RunOptions options;
  Ids start;
};

struct Setup {
  Setup() : folder("graft-train-run") {
    o.model = folder.path;
    o.data = folder.path / "data.jsonl";
    o.held_out = folder.path / "held.jsonl";
    o.output = folder.path / "run";
    o.run.fit.batch = 2;
    o.say = [this](const std::string& line) { said += line + "\n"; };
    write_file(o.data, row("the", " man") + row("a", " b") + row("b", " c"));
    write_file(o.held_out, row("the man", " a"));
  }
  static std::string row(const std::string& prompt, const std::string& completion) {
    return OrderedJson{{"prompt", prompt}, {"completion", completion}}.dump() + "\n";
  }
  RunRecord run() { return TrainRun(engine, o)(); }

  made::ModelFolder folder;
  TrainRunOptions o;
  Runs engine;
  std::string said;
};

BOOST_AUTO_TEST_CASE(from_files_to_files) {
  Setup s;
  s.o.prompt_text = "the";
  const auto record = s.run();
  BOOST_TEST(s.engine.examples == 3U);
  BOOST_TEST(record.history.losses.size() == 2U);
  BOOST_TEST(record.trainable == 10U);
  BOOST_TEST(record.learning_rate.value() == 0.5F);
  BOOST_TEST(record.before->loss == 3.0);
  BOOST_TEST(record.after->loss == 1.0);
  BOOST_TEST(record.samples.size() == 1U);
  BOOST_TEST(record.samples[0].wanted == " a");
  BOOST_TEST(!s.engine.start.empty());
  // What the run leaves: an adapter that says its method.
  const auto adapter = s.o.output / "adapter";
  BOOST_TEST(read_file(adapter / "weights") == s.folder.path.stem().string());
  BOOST_TEST(read_json(adapter / "graft.json").at("classes").empty());
  BOOST_TEST(record.adapter_bytes.value() == size_on_disk(adapter));
  BOOST_TEST(s.said.find("LoRA<8>: 10 of 1000 parameters are trained (1.000 %); 3 examples, 1 held out") == 0U, s.said);
  BOOST_TEST(s.said.find("learning rate 0.5, which suits the method") != std::string::npos, s.said);
  // Another run takes its place.
  BOOST_TEST(s.run().adapter_bytes.has_value());
}

BOOST_AUTO_TEST_CASE(options_reach_the_run) {
  Setup s;
  s.o.limit = 2;
  s.o.held_out.clear();
  s.o.run.optimizer.learning_rate = 0.125F;
  s.o.run.fit.checkpoint_every = 1;
  s.o.prompt_text = "the";
  const auto record = s.run();
  BOOST_TEST(s.engine.examples == 2U);
  BOOST_TEST(!record.before.has_value());
  BOOST_TEST(record.samples.empty());
  BOOST_TEST(s.engine.options.fit.checkpoint == s.o.output / "checkpoint.safetensors");
  BOOST_TEST(s.engine.options.trainer.schedule.total == 1U);
  BOOST_TEST((s.engine.options.fit.settings.size() == 3));  // base, prompt, evaluation: what fit does not see
  BOOST_TEST(s.said.find("learning rate 0.125\n") != std::string::npos, s.said);
}

BOOST_AUTO_TEST_CASE(runs_that_could_not_end_well) {
  Setup s;
  s.engine.trainable = 0;
  BOOST_TEST(error_of([&] { s.run(); }).find("train: LoRA<8> trains nothing of this model") == 0U);
  s.engine.trainable = 10;

  s.engine.changes = false;
  auto error = error_of([&] { s.run(); });
  BOOST_TEST(error.find("training changed nothing: after 2 steps") == 0U, error);
  BOOST_TEST(error.find("is the learning rate (0.5) too small") != std::string::npos, error);
  BOOST_TEST(!std::filesystem::exists(s.o.output / "adapter"));
  s.o.run.optimizer.learning_rate = 0.0F;
  error = error_of([&] { s.run(); });
  BOOST_TEST(error.ends_with("the learning rate is 0"), error);
  s.engine.changes = true;

  // A folder that is somebody else's stays.
  std::filesystem::create_directories(s.o.output / "adapter");
  write_file(s.o.output / "adapter/thesis.txt", "mine");
  error = error_of([&] { s.run(); });
  BOOST_TEST(error.find("no adapter of graft train's, which would take its place") != std::string::npos, error);
  BOOST_TEST(read_file(s.o.output / "adapter/thesis.txt") == "mine");
}

BOOST_AUTO_TEST_SUITE_END()
