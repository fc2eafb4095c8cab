/// \file
/// An engine that is spoken to in texts: with the model's tokenizer and chat template, and an optimizer of what is
/// trained. What graft.h is for C, and what a server holds.
#pragma once

#include <graft/checkpoints/base/tokenizer_files.hpp>
#include <graft/runtime/engine.hpp>

namespace graft {

/// An engine that is spoken to in texts.
class TextModel {
 public:
  /// How it is trained, and how long texts are.
  struct Options {
    RunOptions run{};      ///< how steps are taken
    Index longest = 2048;  ///< tokens of a text, generated ones included
  };
  /// A prompt, and what the model is to write behind it.
  struct Pair {
    std::string prompt, completion;  ///< both in UTF-8
  };

  /// Reads a model's files into an engine. \throws Error where the model writes no texts
  TextModel(std::unique_ptr<Engine> engine, const ModelFiles& files, Options options)
      : options_(std::move(options)),
        engine_(std::move(engine)),
        tokenizer_(load_tokenizer(files)),
        formatter_(load_formatter(files, tokenizer_, engine_->kind(), "", options_.longest)),
        stops_(end_tokens(files, tokenizer_)),
        base_(files.path().stem().string()) {
    if (!writes(engine_->kind())) fail(base_, ": this model writes no texts");
    engine_->load(files.path(), options_.run.fit.seed, {});
    for (const Id id : formatter_.ends()) stops_.push_back(id);
  }
  TextModel(const TextModel&) = delete;
  TextModel& operator=(const TextModel&) = delete;

  /// One optimizer step. \return the mean loss before it over supervised tokens \throws Error where an example is too
  /// long or empty
  double train_step(std::span<const Pair> pairs) {
    std::vector<Example> examples;
    for (Index i = 0; i < pairs.size(); ++i) {
      OrderedJson row{{"prompt", pairs[i].prompt}, {"completion", pairs[i].completion}};
      examples.push_back(formatter_.example({std::move(row), "example " + std::to_string(i)}));
    }
    return training().step(examples);
  }
  /// The learning rate of these steps: what was asked for, or what suits the method.
  [[nodiscard]] float learning_rate() { return training().learning_rate(); }

  /// Answers a prompt, by the model's chat template where it has one. `each`: called with the text that became certain.
  std::string generate(const std::string& prompt, GenerateOptions options, FunctionRef<void(const std::string&)> each) {
    TokenStream stream(tokenizer_);
    std::string text;
    const auto give = [&](const std::string& more) {
      text += more;
      if (!more.empty()) each(more);
    };
    const auto ids = formatter_.prompt_ids(prompt);
    if (ids.size() + options.max_new_tokens > options_.longest)
      fail("generate: ", ids.size(), " tokens of prompt and ", options.max_new_tokens, " new ones are more than ",
           options_.longest);
    options.stop.insert(options.stop.end(), stops_.begin(), stops_.end());
    engine_->write({ids}, options, [&](Id id) { give(stream(id)); });
    give(stream.rest());
    return text;
  }

  /// Writes what was trained, as a folder that HF PEFT opens; reads one, in place of what was trained.
  void save_adapter(const std::filesystem::path& folder) const { engine_->save_adapter(folder, base_); }
  void load_adapter(const std::filesystem::path& folder) { engine_->load_adapter(folder); }
  /// The engine behind it.
  [[nodiscard]] Engine& engine() { return *engine_; }
  /// The engine behind it.
  [[nodiscard]] const Engine& engine() const { return *engine_; }

 private:
  Training& training() {
    if (!training_) training_ = engine_->train(options_.run);
    return *training_;
  }

  Options options_;
  std::unique_ptr<Engine> engine_;
  Tokenizer tokenizer_;
  Formatter formatter_;
  std::vector<Id> stops_;
  std::string base_;
  std::unique_ptr<Training> training_;
};

}  // namespace graft
