/// \file
/// How an engine is made of a type of model. Included where one is compiled, and nowhere else.
#pragma once

#include <graft/backend/xsimd/xsimd_cpu.hpp>
#include <graft/checkpoints/base/merge.hpp>
#include <graft/checkpoints/gguf_adapter.hpp>
#include <graft/runtime/training_of.hpp>
#include <graft/serve/embed.hpp>
#include <graft/serve/encoder_decoder.hpp>

namespace graft {

template <class Model>
class EngineOf final : public Engine {
  using B = typename Model::backend;
  using Path = std::filesystem::path;
  static constexpr ExampleKind of_kind = example_kind<Model>();
  static constexpr bool trains = Model::trainable_parameters > 0, has_head = Model::new_heads,
                        of_texts = of_kind == ExampleKind::text_class || of_kind == ExampleKind::text_number,
                        pairs = of_kind == ExampleKind::pair;

 public:
  EngineOf(const char* method, StartTraining<Model>* training) : method_(method), start_(training) {}

  /// Whether it is of the architecture that files state.
  static bool fits(const StatedConfig& stated) {
    Complaints complaints;
    check_config(stated, stated_config_of<Model>(stated), complaints);
    return !complaints.any();
  }

  [[nodiscard]] const char* method() const override { return method_; }
  [[nodiscard]] ExampleKind kind() const override { return of_kind; }
  [[nodiscard]] Index parameters() const override { return Model::parameters; }
  [[nodiscard]] Index trainable_parameters() const override { return Model::trainable_parameters; }
  [[nodiscard]] Index classes() const override {
    if constexpr (has_head && of_kind != ExampleKind::answer) return Model::config::classes;
    else return 0;
  }
  [[nodiscard]] const char* memory_policy() const override { return Model::memory_policy; }

  void load(const Path& model, std::uint64_t seed, const LoadOptions& options) override {
    model_.reset();
    model_.emplace(graft::load<Model>(model, seed, options));
  }
  void load_adapter(const Path& adapter) override {
    if constexpr (trains) graft::load_adapter(loaded(), adapter);
    else
      fail(adapter.string(), ": ", method_,
           " trains nothing, so there is nothing that the adapter could be read into; without --method the adapter "
           "says its own");
  }
  void start_prompt_from(const Ids& tokens) override {
    if constexpr (offers_of<decltype(Model::token_embedding)>.starts_from_text)
      loaded().token_embedding.start_from(tokens);
    else fail("--prompt-text: ", method_, " has no rows that could start from a text; SoftPrompt<N> has");
  }

  std::unique_ptr<Training> train(const RunOptions& options) override { return start_(loaded(), options); }
  HeldOutLoss loss(std::span<const Example> examples, Index pass_tokens) override {
    Workspace<B> workspace;
    const auto passes = passes_of(examples, pass_tokens);
    return held_out_loss(loaded(), std::span<const Batch>(passes), workspace);
  }

  std::vector<std::vector<float>> logits(const std::vector<Example>& examples) override {
    std::vector<std::vector<float>> all;
    if constexpr (has_head) {
      Workspace<B> workspace;
      for (const auto& given : passes_of(examples, 512)) {
        const Batch& batch = admitted<Model>(given);
        workspace.reset();
        Inference<B> tape(workspace);
        const auto placed = place(tape, batch);
        const auto give = [&](const auto& found, auto begin, auto end) {  // rows of a text
          const auto values = download<B>(found.data, found.size());
          const auto at = [&](Index row) { return values.begin() + static_cast<std::ptrdiff_t>(row * found.columns); };
          for (Index s = 0; s < given.sequences(); ++s) all.emplace_back(at(begin(s)), at(end(s)));
        };
        if constexpr (of_texts) {
          give(loaded().logits(tape, placed), [](Index s) { return s; }, [](Index s) { return s + 1; });
        } else {  // of tokens: what stands before texts is left out
          const Index before = batch.sequences() - given.sequences();
          const auto end = [&](Index s) { return static_cast<Index>(batch.starts[s + before + 1]); };
          const auto begin = [&](Index s) {
            return end(s) - static_cast<Index>(given.starts[s + 1] - given.starts[s]);
          };
          give(loaded().logits(tape, loaded().hidden(tape, placed)), begin, end);
        }
      }
    }
    return all;
  }

  using Engine::write;
  std::vector<Ids> write(const std::vector<Ids>& prompts, const GenerateOptions& options, const Each& each) override {
    if constexpr (!writes(of_kind)) {
      fail("this model writes no text");
    } else {
      constexpr Index at_once = 8;
      Index longest = 0;
      for (const auto& prompt : prompts) longest = std::max(longest, prompt.size());
      const Index sequences = std::min(at_once, std::max<Index>(prompts.size(), 1));
      const Index tokens = Model::ahead.rows() + longest + options.max_new_tokens;
      const auto made = [&](auto generator) -> std::vector<Ids> {
        if (each && prompts.size() == 1) return {generator(prompts[0], options, each)};
        return generator(prompts, options);
      };
      constexpr bool merged = generates_merged<Model>();
      if constexpr (merged) merge(loaded());
      auto answers = [&] {
        if constexpr (pairs) return made(EncoderDecoderGenerator<Model>(loaded(), options.max_new_tokens, sequences));
        else return made(Generator<Model>(loaded(), tokens, sequences));
      }();
      if constexpr (merged) unmerge(loaded());
      return answers;
    }
  }
  std::vector<std::vector<float>> embed(const std::vector<Ids>& texts) override {
    if constexpr (!Model::causal) return graft::embed(loaded(), texts);
    else fail("embed: the model is no encoder of texts; BERT and RoBERTa are");
  }

  [[nodiscard]] std::string kernels() const override {
    return chosen_kernels(typename Model::storage{}, typename Model::backend{});
  }
  Plan plan(Index tokens, Index sequences, Index targets) override {
    return graft::plan<Model>(pass_shape<Model>(tokens, sequences, targets));
  }
  Explanation explain() override { return graft::explain<Model>(); }
  std::vector<SiteEntry> sites() override { return site_map(loaded()); }

  void check_saving() const override {
    if constexpr (trains) graft::check_saving(loaded());
  }
  void save_adapter(const Path& folder, const std::string& base_name) const override {
    if constexpr (trains) graft::save_adapter(loaded(), folder, base_name);
  }
  void save_merged(const Path& base, const Path& folder, const std::vector<std::string>& classes) override {
    graft::save_merged(loaded(), ModelFiles(base), folder, classes);
  }
  void save_gguf(const Path& base, const Path& file) override {
    if constexpr (fits_gguf<Model>()) save_gguf_adapter(loaded(), file, ModelFiles(base).config().family);
    else
      fail(method_, " does not fit into a GGUF adapter, which holds LoRA on layers of the blocks and nothing else; ",
           "`graft merge` writes a whole model");
  }

 private:
  Model& loaded() {
    if (!model_) fail("the engine has no model yet: Engine::load reads one");
    return *model_;
  }
  [[nodiscard]] const Model& loaded() const { return const_cast<EngineOf*>(this)->loaded(); }

  const char* method_;
  StartTraining<Model>* start_;
  std::optional<Model> model_;
};

}  // namespace graft
