#include <graft/runtime/text_model.hpp>

#include "error.hpp"
#include "runtime/model_folder.hpp"
#include "runtime/pretended.hpp"

#include <boost/test/unit_test.hpp>

using namespace graft;
using made::error_of;

BOOST_AUTO_TEST_SUITE(runtime_text_model)

/// Keeps what it was given, and answers what it was told to.
struct Listening : made::Pretended {
  struct Steps : Training {
    explicit Steps(Listening& of) : engine(of) {}
    [[nodiscard]] float learning_rate() const override { return 0.25F; }
    double step(std::span<const Example> examples) override {
      engine.learned_from.assign(examples.begin(), examples.end());
      return 3.5;
    }
    FitRecord fit(std::span<const Example>, const std::function<double()>&) override { return {}; }
    Listening& engine;
  };
  std::unique_ptr<Training> train(const RunOptions&) override {
    ++trainings;
    return std::make_unique<Steps>(*this);
  }
  [[nodiscard]] ExampleKind kind() const override { return of_kind; }
  std::vector<Ids> write(const std::vector<Ids>& prompts, const GenerateOptions& options, const Each& each) override {
    asked = prompts, stops = options.stop;
    for (const Id id : answer) each(id);
    return {answer};
  }
  void save_adapter(const std::filesystem::path&, const std::string& base_name) const override { base = base_name; }

  ExampleKind of_kind = ExampleKind::next_token;
  int trainings = 0;
  std::vector<Example> learned_from;
  std::vector<Ids> asked;
  Ids answer, stops;
  mutable std::string base;
};

struct Opened {
  explicit Opened(Index longest = 2048)
      : folder("graft-text-model"), files(folder.path), tokenizer(load_tokenizer(files)) {
    auto own = std::make_unique<Listening>();
    engine = own.get();
    model = std::make_unique<TextModel>(std::move(own), files, TextModel::Options{.run = {}, .longest = longest});
  }
  made::ModelFolder folder;
  ModelFiles files;
  Tokenizer tokenizer;
  Listening* engine = nullptr;
  std::unique_ptr<TextModel> model;
};

BOOST_AUTO_TEST_CASE(steps_are_of_completions) {
  const Opened o;
  BOOST_TEST(o.engine->begun == 1U);
  const TextModel::Pair pairs[] = {{"the", " man"}, {"a", " b"}};
  BOOST_TEST(o.model->train_step(pairs) == 3.5);
  BOOST_TEST(o.engine->learned_from.size() == 2U);
  const auto& first = o.engine->learned_from[0];
  const auto prompt = o.tokenizer.encode("the").size();
  auto whole = o.tokenizer.encode("the man");
  whole.push_back(o.tokenizer.id("<|end|>"));
  BOOST_TEST((first.ids == whole));
  for (Index i = 0; i < whole.size(); ++i) BOOST_TEST(first.labels[i] == (i < prompt ? -1 : whole[i]));
  BOOST_TEST(o.model->train_step(pairs) == 3.5);
  BOOST_TEST(o.model->learning_rate() == 0.25F);
  BOOST_TEST(o.engine->trainings == 1);  // one optimizer goes on
  const TextModel::Pair empty[] = {{"the", " man"}, {"", ""}};
  BOOST_TEST(error_of([&] { o.model->train_step(empty); }).find("example 1") == 0U);
}

BOOST_AUTO_TEST_CASE(answers_come_in_whole_characters) {
  const Opened o;
  o.engine->answer = o.tokenizer.encode("\u00e9\u4e2d!");
  BOOST_TEST(o.engine->answer.size() > 3U);  // characters of several tokens
  std::string joined;
  Index pieces = 0;
  const auto text = o.model->generate("the", {.max_new_tokens = 8, .stop = {5}}, [&](const std::string& more) {
    BOOST_TEST(!more.empty());
    BOOST_TEST(unfinished_bytes(more) == 0U);
    joined += more;
    ++pieces;
  });
  BOOST_TEST(text == "\u00e9\u4e2d!");
  BOOST_TEST(joined == text);
  BOOST_TEST(pieces == 3U);
  BOOST_TEST((o.engine->asked == std::vector<Engine::Ids>{o.tokenizer.encode("the")}));
  BOOST_TEST(o.engine->stops.front() == 5);  // what was asked for, and what the files say
  BOOST_TEST(std::count(o.engine->stops.begin(), o.engine->stops.end(), o.tokenizer.id("<|end|>")) >= 1);
  // What ends within a character is given as it is.
  o.engine->answer.pop_back();
  o.engine->answer.pop_back();
  const auto cut = o.model->generate("the", {.max_new_tokens = 8}, [](const std::string&) {});
  BOOST_TEST(cut == std::string("\u00e9\u4e2d").substr(0, cut.size()));
  BOOST_TEST(cut.size() == 4U);
}

BOOST_AUTO_TEST_CASE(what_is_longer_than_texts_may_be) {
  const Opened o(10);
  const auto tokens = o.tokenizer.encode("the").size();
  const auto nothing = [](const std::string&) {};
  BOOST_TEST(o.model->generate("the", {.max_new_tokens = 10 - tokens}, nothing).empty());
  BOOST_TEST(error_of([&] { o.model->generate("the", {.max_new_tokens = 11 - tokens}, nothing); }) ==
             "generate: " + std::to_string(tokens) + " tokens of prompt and " + std::to_string(11 - tokens) +
                 " new ones are more than 10");
}

BOOST_AUTO_TEST_CASE(models_that_write_no_texts) {
  const made::ModelFolder folder("graft-text-model-class");
  auto engine = std::make_unique<Listening>();
  engine->of_kind = ExampleKind::text_class;
  const auto error = error_of([&] { TextModel(std::move(engine), ModelFiles(folder.path), {}); });
  BOOST_TEST(error == folder.path.stem().string() + ": this model writes no texts");
}

BOOST_AUTO_TEST_CASE(adapters_name_their_base) {
  const Opened o;
  o.model->save_adapter("anywhere");
  BOOST_TEST(o.engine->base == o.folder.path.stem().string());
}

BOOST_AUTO_TEST_SUITE_END()
