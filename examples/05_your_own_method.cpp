// 05. A method of your own, whole: LoRA-XS (Bałazy et al. 2024), which graft does not have.
// You will learn: that a method which adds a computed weight is parameters and one equation; merging, files, quantised
// bases, the command line and complaints about misuse come with it.
// Read first: 03.   Run: 05_your_own_method
//     It trains the method written here on a base of eight bits, saves it and merges it.
#include <graft/graft.hpp>

#include <cstdio>
#include <unistd.h>

using namespace graft;

struct LoraXsUnknownOption {
  template <class Model>
  struct error {
    static_assert(!Model::backend::executes,
                  "graft: unknown option of LoraXs; it takes On<sites...>, Blocks<First, Last> and Alpha<N>");
  };
};

/// ΔW(Out,In) = s B R A,   A(Rank,In), B(Out,Rank) drawn once and frozen, R(Rank,Rank) trained
template <Index Rank, class... Options>
struct LoraXs {
  static constexpr LoraSettings settings = lora_settings<Rank, Options...>();
  static constexpr MethodOffers offers{.peft_type = "LORA_XS"};  // its files are PEFT's, under this type
  using places = Places<On<Linears>, Options...>;
  using problem = FirstProblem<Unless<((PlaceOption<Options> || AlphaOption<Options>) && ...), LoraXsUnknownOption>,
                               typename places::problem>;
  template <class Config, class F>
  static void each_option(F&& f) {
    f("r", Rank);
    f("alpha", settings.alpha);
  }

  template <class B, Index Out, Index In>
  struct Weights {
    Saved<Parameter<B, Constant<F32>, Rank, In>> a;  // frozen, and part of an adapter's files
    Saved<Parameter<B, Constant<F32>, Out, Rank>> b;
    TrainedTensor<B, Rank, Rank> r;

    template <class T>
    constexpr auto delta(T& tape) const {
      return scale(tape, product_nn(tape, product_nn(tape, leaf(tape, b), leaf(tape, r)), leaf(tape, a)),
                   settings.scaling());
    }
    template <class Self, class F>
    static constexpr void visit(Self& self, F&& f, const Path& path) {
      f(Path{&path, "lora_r"}, self.r);
      f(Path{&path, "lora_xs_a"}, self.a);
      f(Path{&path, "lora_xs_b"}, self.b);
    }
    void initialize(Initializer& initializer) {
      a.assign(initializer.normal(Rank * In, 1.0F / std::sqrt(static_cast<float>(In))));
      b.assign(initializer.normal(Out * Rank, 1.0F / std::sqrt(static_cast<float>(Rank))));
      r.assign(std::vector<float>(Rank * Rank, 0.0F));
    }
  };

  template <class Where, class L>
  using at = delta_at<LoraXs, Where, L>;
};

// The method, examined as graft's own are: what it offers and has, its gradient, its files, its memory, merging.
static void examine() {
  const auto report = check_method<LoraXs<4, On<Query, Value>>>();
  std::printf("LoraXs: %s\n", report.text().c_str());
}

struct Tiny : LlamaDefaults {
  static constexpr Index vocabulary = 64, width = 32, blocks = 2, heads = 4, groups = 2, head_width = 8,
                         feed_forward = 64;
};

int main() {
  examine();
  using Model = Llama<Tiny, LoraXs<4, On<Query, Value>>, Cpu, Q8_0, Activations<F32>>;
  static_assert(Model::trainable_parameters == 4 * (4 * 4));
  Model model;
  model.initialize({.key = {1, 0}, .deviation = 0.3F});
  Trainer trainer(model, AdamW{.learning_rate = 5e-2F});
  Batch batch;
  batch.append({1, 2, 3, 4, 5, 6, 7}, {1, 2, 3, 4, 5, 6, 7});
  const double first = trainer.step(batch).loss;
  for (int i = 0; i < 60; ++i) trainer.step(batch);
  std::printf("%zu parameters trained, the loss falls: %s\n", Model::trainable_parameters,
              trainer.step(batch).loss < 0.95 * first ? "yes" : "no");

  const auto folder = std::filesystem::temp_directory_path() / ("graft-example-" + std::to_string(::getpid()));
  save_adapter(model, folder);
  load_adapter(model, folder);
  std::printf("saved and read again: %ju bytes\n",
              static_cast<std::uintmax_t>(std::filesystem::file_size(folder / "adapter_model.safetensors")));
  std::filesystem::remove_all(folder);

  Workspace<Cpu> workspace;
  const auto loss = [&] { return held_out_loss(model, std::span<const Batch>(&batch, 1), workspace).mean(); };
  const double apart = loss();
  merge(model);
  std::printf("merged into the base of eight bits, the loss stays: %s\n",
              std::abs(loss() - apart) < 0.05 * apart ? "yes" : "no");
}
