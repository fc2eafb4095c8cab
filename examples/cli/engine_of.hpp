// An Engine for one type of model. Its halves are compiled side by side: `Trains<Model>` in one translation unit, EngineOf<Model> in another.
#pragma once

#include "engine.hpp"

#include <graft/backend/xsimd/xsimd_cpu.hpp>
#include <graft/checkpoints/gguf_adapter.hpp>
#include <graft/checkpoints/load.hpp>
#include <graft/checkpoints/merge.hpp>
#include <graft/peft.hpp>
#include <graft/serve.hpp>
#include <graft/train.hpp>

#include <optional>

namespace cli {

/// A shape whose loss is the model's.
template <class Model>
graft::BatchShape shape_of(std::size_t tokens, std::size_t sequences, std::size_t targets) {
  using enum graft::ExampleKind;
  constexpr auto kind = graft::example_kind<Model>();
  graft::BatchShape shape{.tokens = tokens, .sequences = sequences, .targets = targets, .keys_ahead = 0, .source = kind == pair ? tokens : 0};
  if (kind == text_class || kind == text_number) shape.targets = sequences;
  if (kind == text_number) shape.values = sequences;
  if (kind == answer) shape.targets = shape.spans = 2 * sequences;
  return shape;
}

/// The half that trains.
template <class Model>
struct Trains {
  static void fit(Model& model, const std::vector<graft::Example>& examples, const FitRequest& r, const std::function<double()>& held_loss, graft::RunReport& report) {
    if constexpr (Model::trainable_parameters == 0) {
      graft::fail(report.method, " trains nothing");
    } else {
      graft::Trainer trainer(model, graft::AdamW{.learning_rate = r.learning_rate, .weight_decay = r.weight_decay, .groups = {{.part = "lora_B", .rate_factor = r.lora_plus}}},
                             {.schedule = r.schedule, .clip_norm = r.clip, .seed = r.fit.seed, .trunk_cache_bytes = r.trunk_cache_bytes});
      auto& trunk = trainer.trunk_cache();
      if (!r.trunk_cache.empty() && !trunk) graft::fail("--trunk-cache: ", report.method, " trains in the first block already (or --trunk-cache-memory is 0): there is nothing to keep");
      if (!r.trunk_cache.empty() && std::filesystem::exists(r.trunk_cache)) trunk->load(r.trunk_cache);
      auto options = r.fit;
      if (graft::shares_ranks(trainer)) options.rank_budget = graft::RankBudgetOptions{.target_rank = r.target_rank};
      else if (r.target_rank) graft::fail("--target-rank: ", report.method, " has no ranks to share out; AdaLoRA<N> has");
      graft::Profile profile;
      trainer.workspace().profile = &profile;
      report.history = graft::fit(trainer, std::span<const graft::Example>(examples), options, held_loss);
      trainer.workspace().profile = nullptr;
      report.profile = profile.entries();
      if (trunk) std::fprintf(stderr, "%zu of %zu passes took what the frozen blocks yield from %.1f MB kept\n", trunk->hits(), trunk->hits() + trunk->misses(), static_cast<double>(trunk->bytes()) / 1e6);
      if (!r.trunk_cache.empty()) trunk->save(r.trunk_cache);
      const auto plan = graft::plan<Model>(shape_of<Model>(report.history.most_pass_tokens, 1, report.history.most_pass_tokens / 6));
      report.plan = plan;
      if (report.history.timed_tokens != 0) report.measured_bytes = plan.frozen + plan.trainable + plan.gradients + plan.optimizer + trainer.workspace().value_peak() + trainer.workspace().adjoint_peak();
    }
  }
};

template <class Model>
class EngineOf final : public Engine {
  using B = typename Model::backend;
  static constexpr graft::ExampleKind of_kind = graft::example_kind<Model>();
  static constexpr bool trains = Model::trainable_parameters > 0, has_head = requires { Model::new_heads; }, pairs = of_kind == graft::ExampleKind::pair,
                        writes = pairs || of_kind == graft::ExampleKind::next_token;

 public:
  using Fit = decltype(Trains<Model>::fit);
  EngineOf(const char* method, Fit* trained) : method_(method), fit_(trained) {}

  [[nodiscard]] const char* method() const override { return method_; }
  [[nodiscard]] graft::ExampleKind kind() const override { return of_kind; }
  [[nodiscard]] std::size_t parameters() const override { return Model::parameters; }
  [[nodiscard]] std::size_t trainable_parameters() const override { return Model::trainable_parameters; }
  [[nodiscard]] std::size_t classes() const override {
    if constexpr (has_head && of_kind != graft::ExampleKind::answer) return Model::config::classes;
    else return 0;
  }
  [[nodiscard]] const char* memory_policy() const override { return Model::memory_policy; }

  void load(const std::filesystem::path& model, std::uint64_t seed, const graft::LoadOptions& options) override { model_.emplace(graft::load<Model>(model, seed, options)); }
  void load_adapter(const std::filesystem::path& adapter) override {
    if constexpr (trains) graft::load_adapter(*model_, adapter);
    else graft::fail(adapter.string(), ": ", method_, " trains nothing, so there is nothing that the adapter could be read into; without --method the adapter says its own");
  }
  void start_prompt_from(const Ids& tokens) override {
    if constexpr (requires { model_->token_embedding.start_from(tokens); }) model_->token_embedding.start_from(tokens);
    else graft::fail("--prompt-text: ", method_, " has no rows that could start from a text; SoftPrompt<N> has");
  }
  void fit(const std::vector<graft::Example>& examples, const FitRequest& request, const std::function<double()>& held_loss, graft::RunReport& report) override {
    fit_(*model_, examples, request, held_loss, report);
  }

  graft::HeldOutLoss loss(const std::vector<graft::Example>& examples, std::size_t pass_tokens) override {
    graft::Workspace<B> workspace;
    const auto passes = batches(examples, pass_tokens);
    return graft::held_out_loss(*model_, std::span<const graft::Batch>(passes), workspace);
  }
  std::vector<std::vector<float>> logits(const std::vector<graft::Example>& examples) override {
    std::vector<std::vector<float>> all;
    if constexpr (has_head) {
      graft::Workspace<B> workspace;
      for (const auto& given : batches(examples, 512)) {
        const graft::Batch& batch = graft::admitted<Model>(given);
        workspace.reset();
        graft::Inference<B> tape(workspace);
        const auto placed = graft::place(tape, batch);
        const auto give = [&](const auto& found, auto begin, auto end) {  // rows of a text
          const auto values = graft::download<B>(found.data, found.size());
          for (std::size_t s = 0; s < given.sequences(); ++s) all.emplace_back(values.begin() + static_cast<std::ptrdiff_t>(begin(s) * found.columns), values.begin() + static_cast<std::ptrdiff_t>(end(s) * found.columns));
        };
        if constexpr (requires { model_->logits(tape, placed); }) {
          give(model_->logits(tape, placed), [](std::size_t s) { return s; }, [](std::size_t s) { return s + 1; });
        } else {  // of tokens: what stands before texts is left out
          const std::size_t before = batch.sequences() - given.sequences();
          const auto end = [&](std::size_t s) { return static_cast<std::size_t>(batch.starts[s + before + 1]); };
          give(model_->logits(tape, model_->hidden(tape, placed)), [&](std::size_t s) { return end(s) - static_cast<std::size_t>(given.starts[s + 1] - given.starts[s]); }, end);
        }
      }
    }
    return all;
  }
  std::vector<Ids> write(const std::vector<Ids>& prompts, const graft::GenerateOptions& options, const std::function<void(graft::Id)>& each) override {
    if constexpr (!writes) {
      graft::fail("this model writes no text");
    } else {
      constexpr std::size_t at_once = 8;
      std::size_t longest = 0;
      for (const auto& prompt : prompts) longest = std::max(longest, prompt.size());
      const auto made = [&](auto generator) -> std::vector<Ids> {
        if (each && prompts.size() == 1) return {generator(prompts[0], options, each)};
        return generator(prompts, options);
      };
      if constexpr (graft::generates_merged<Model>()) graft::merge(*model_);
      const std::size_t sequences = std::min(at_once, std::max<std::size_t>(prompts.size(), 1));
      auto answers = [&] {
        if constexpr (pairs) return made(graft::EncoderDecoderGenerator<Model>(*model_, options.max_new_tokens, sequences));
        else return made(graft::Generator<Model>(*model_, Model::ahead.rows() + longest + options.max_new_tokens, sequences));
      }();
      if constexpr (graft::generates_merged<Model>()) graft::unmerge(*model_);
      return answers;
    }
  }
  std::vector<std::vector<float>> embed(const std::vector<Ids>& texts) override {
    if constexpr (requires { requires !Model::causal; }) return graft::embed(*model_, texts);
    else graft::fail("embed: the model is no encoder of texts; BERT and RoBERTa are");
  }

  graft::Plan plan(std::size_t tokens, std::size_t sequences, std::size_t targets) override { return graft::plan<Model>(shape_of<Model>(tokens, sequences, targets)); }
  graft::Explanation explain() override { return graft::explain<Model>(); }
  std::vector<graft::SiteEntry> sites() override { return graft::site_map(*model_); }
  void check_saving() const override {
    if constexpr (trains) graft::check_saving(*model_);
  }
  void save_adapter(const std::filesystem::path& folder, const std::string& base_name) override {
    if constexpr (trains) graft::save_adapter(*model_, folder, base_name);
  }
  void save_merged(const std::filesystem::path& base, const std::filesystem::path& folder, const std::vector<std::string>& classes) override { graft::save_merged(*model_, graft::ModelFiles(base), folder, classes); }
  void save_gguf(const std::filesystem::path& base, const std::filesystem::path& file) override {
    if constexpr (graft::fits_gguf<Model>()) graft::save_gguf_adapter(*model_, file, graft::ModelFiles(base).config().family);
    else graft::fail(method_, " does not fit into a GGUF adapter, which holds LoRA on layers of the blocks and nothing else; `graft merge` writes a whole model");
  }

 private:
  static std::vector<graft::Batch> batches(const std::vector<graft::Example>& examples, std::size_t tokens) {
    std::vector<const graft::Example*> all;
    for (const auto& example : examples) all.push_back(&example);
    return graft::pack(all, tokens);
  }

  const char* method_;
  Fit* fit_;
  std::optional<Model> model_;
};

}  // namespace cli
