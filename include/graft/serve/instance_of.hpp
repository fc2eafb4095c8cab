/// \file
/// How an Instance is made of a type of model. Included where one is compiled, and nowhere else.
#pragma once

#include <graft/checkpoints/adapter.hpp>
#include <graft/checkpoints/load.hpp>
#include <graft/checkpoints/tokenizer_files.hpp>
#include <graft/serve/generate.hpp>
#include <graft/serve/instance.hpp>
#include <graft/text/dataset.hpp>
#include <graft/train/trainer.hpp>

#include <optional>

namespace graft {

template <class Model>
class InstanceOf final : public Instance {
 public:
  InstanceOf(const ModelFiles& files, const Options& options)
      : options_(options), tokenizer_(load_tokenizer(files)), formatter_(load_formatter(files, tokenizer_, example_kind<Model>(), "", options.longest)), stops_(end_tokens(files, tokenizer_)), base_(files.path().stem().string()),
        model_(graft::load<Model>(files.path(), options.seed)), trainer_(model_, AdamW{.learning_rate = options.learning_rate}, {.seed = options.seed}) {
    for (const Id id : formatter_.ends()) stops_.push_back(id);
  }

  /// Null where the files are of another architecture.
  static std::unique_ptr<Instance> open(const ModelFiles& files, const Options& options) {
    Complaints complaints;
    check_config(files.config(), stated_config_of<Model>(files.config()), complaints);
    if (complaints.any() || model_family(files.config().family, "").type != "Llama") return nullptr;
    return std::make_unique<InstanceOf>(files, options);
  }

  double train_step(std::span<const Instance::Example> examples) override {
    std::vector<graft::Example> made;
    for (Index i = 0; i < examples.size(); ++i) made.push_back(formatter_.example({{{"prompt", examples[i].prompt}, {"completion", examples[i].completion}}, "example " + std::to_string(i)}));
    std::vector<const graft::Example*> all;
    for (const auto& example : made) all.push_back(&example);
    return trainer_.step(std::span<const Batch>(pack(all, 512))).loss;
  }
  std::string generate(const std::string& prompt, Index max_new_tokens, float temperature, std::uint64_t seed, FunctionRef<void(const std::string&)> each) override {
    if (!generator_) generator_.emplace(model_, options_.longest);
    TokenStream stream(tokenizer_);
    std::string text;
    const auto give = [&](const std::string& more) {
      text += more;
      if (!more.empty()) each(more);
    };
    (*generator_)(formatter_.prompt_ids(prompt), {.max_new_tokens = max_new_tokens, .temperature = temperature, .seed = seed, .stop = stops_}, [&](Id id) { give(stream(id)); });
    give(stream.rest());
    return text;
  }
  void save_adapter(const std::filesystem::path& folder) const override { graft::save_adapter(model_, folder, base_); }
  void load_adapter(const std::filesystem::path& folder) override { graft::load_adapter(model_, folder); }
  [[nodiscard]] Index parameters() const override { return Model::parameters; }
  [[nodiscard]] Index trainable_parameters() const override { return Model::trainable_parameters; }

 private:
  Options options_;
  Tokenizer tokenizer_;
  Formatter formatter_;
  std::vector<Id> stops_;
  std::string base_;
  Model model_;
  Trainer<Model> trainer_;
  std::optional<Generator<Model>> generator_;
};

}  // namespace graft
