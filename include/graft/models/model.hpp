/// \file
/// What the types of all models say, whatever they are made of.
#pragma once

#include <graft/backend/meta.hpp>
#include <graft/data/ahead.hpp>
#include <graft/layers/attention_context.hpp>
#include <graft/models/policies.hpp>
#include <graft/peft/method.hpp>

namespace graft {

/// Parameters of a model, or only the trained ones. Model is a type on `meta`, so that nothing is allocated.
template <class Model>
constexpr Index count_parameters(bool trainable_only) {
  const Model model;
  Index count = 0;
  Model::visit(model, [&](const Path&, const auto& p) { count += p.trainable || !trainable_only ? p.size : 0; });
  return count;
}

/// First values of all layers: of everything, or (`initializer.base` false) only of what a method adds to a base from a file.
template <class Model>
void initialize_layers(Model& model, Initializer initializer);

/// What the arguments of a model's type mean. Policies, in any order: see models/policies.hpp.
template <class Family, class C, Method M, class B, class... Policies>
struct ModelArguments {
  using family = Family;
  using config = C;
  using method = M;
  using backend = B;
  using storage = typename StorageOf<Policies...>::type;
  using element = element_of<Policies...>;
  static_assert(!B::executes || (ModelPolicy<Policies> && ...),
                "graft: unknown policy of a model; it takes a storage for frozen weights (F32, Bf16, Int8, Nf4, Nf4DoubleQuant, Q8_0, Q4_1), Activations<F32 or Bf16>, Recompute and CheckpointBlocks");
  /// Adapters trained together (peft/bank.hpp).
  static constexpr Index members = members_of<M>;
  static constexpr bool checkpointed = has_policy<CheckpointBlocks, Policies...>, recomputed = has_policy<Recompute, Policies...>;
  static constexpr const char* memory_policy = checkpointed ? "CheckpointBlocks: blocks run again backwards" : recomputed ? "Recompute: norms and SwiGLU are made again backwards" : "everything that is needed backwards is kept";

  /// Whether its weights have values: `initialize` has run, as it does while files are read into a model.
  [[nodiscard]] constexpr bool initialized() const { return initialized_; }

 private:
  template <class Model>
  friend void initialize_layers(Model& model, Initializer initializer);
  bool initialized_ = false;
};

/// \throws Error of a model whose weights have no values yet.
template <class Model>
constexpr void require_initialized(const Model& model) {
  if (Model::backend::executes && !model.initialized()) fail("this model's weights have no values: call initialize(), or read them from files with load()");
}

/// Lets a placed batch into a model, prompts before its texts; labels are held against what a head tells apart. O(1).
/// \throws Error where the batch names rows that the model has not, or the model has no weights.
template <class Model, class B>
constexpr void check_entry(const Model& model, const PlacedBatch<B>& batch) {
  require_initialized(model);
  using C = typename Model::config;
  BatchLimits limits{.tokens = Model::ahead.tokens(C::vocabulary), .targets = batch.needs.targets, .adapters = Model::members + (Model::activates ? 1 : 0), .tasks = batch.needs.tasks};
  if constexpr (requires { C::token_types; }) limits.token_types = C::token_types;
  check(batch.needs, limits);
}

/// The longest sides {Out, In} of a model's layers that share matrices with each other.
template <class Model>
std::array<Index, 2> longest_sides(const Model& model) {
  std::array<Index, 2> longest{};
  Model::each_site(model, [&longest](auto, const Path&, const auto& layer) {
    if constexpr (requires { layer.weights.each_shared(layer.weights, [](const char*, const auto&, Index = 0) {}); }) longest = {std::max(longest[0], layer.out), std::max(longest[1], layer.in)};
  });
  return longest;
}

/// Matrices that layers share and that are drawn one after the other are drawn as large as the largest of them.
template <class Model>
void initialize_layers(Model& model, Initializer initializer) {
  Model::each_site(model, [&initializer](auto, const Path&, auto& layer) { layer.initialize(initializer); });
  const auto longest = longest_sides(model);
  Model::each_site(model, [&longest](auto, const Path&, auto& layer) {
    if constexpr (requires { layer.weights.draw(longest[0], longest[1]); }) layer.weights.draw(longest[0], longest[1]);
  });
  model.initialized_ = true;
}

/// Tokens that a soft prompt, if a token embedding has one, puts before every text.
template <class Embedding>
inline constexpr Index virtual_tokens_of = 0;
template <class Embedding>
  requires requires { Embedding::virtual_tokens; }
inline constexpr Index virtual_tokens_of<Embedding> = Embedding::virtual_tokens;
/// Whether a head that is tied to a token embedding is what a method made of that, and not its weight alone.
template <class Embedding>
inline constexpr bool speaks_for_tied_head = requires(const Embedding& embedding, Inference<typename Embedding::backend>& tape, Var<typename Embedding::backend, Embedding::width> n) { embedding.tied_logits(tape, n); };
/// Keys that a prefix, if a model's shared layer is one, puts before every sequence's.
template <class Shared>
inline constexpr Index prefix_tokens_of = 0;
template <class Shared>
  requires requires { Shared::prefix_tokens; }
inline constexpr Index prefix_tokens_of<Shared> = Shared::prefix_tokens;

/// Those of them that positions do not count.
template <class Shared>
inline constexpr Index unnumbered_keys_of = 0;
template <class Shared>
  requires(prefix_tokens_of<Shared> > 0 && !Shared::takes_positions)
inline constexpr Index unnumbered_keys_of<Shared> = Shared::prefix_tokens;

/// Attention within sequences, and what a model's shared layer lets them see besides.
template <class T, class Shared, class B>
constexpr auto seen_by(T& tape, const Shared& shared, Sequences<B> sequences) {
  const PackedContext<B> plain{sequences};
  if constexpr (requires { shared.seen(tape, plain); }) return shared.seen(tape, plain);
  else return plain;
}

}  // namespace graft
