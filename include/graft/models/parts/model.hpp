/// \file
/// What the types of all models say, whatever they are made of.
#pragma once

#include <graft/backend/meta.hpp>
#include <graft/data/ahead.hpp>
#include <graft/layers/attention_context.hpp>
#include <graft/models/parts/policies.hpp>
#include <graft/peft/contract/method.hpp>

#include <array>

namespace graft {

/// Parameters of a model, or only the trained ones. Model is a type on `meta`, so that nothing is allocated.
template <class Model>
constexpr Index count_parameters(bool trainable_only) {
  const Model model;
  Index count = 0;
  Model::visit(model, [&]<class P>(const Path&, const P&) {
    count += P::trainable || !(trainable_only || P::shared || P::derived) ? P::size : 0;
  });
  return count;
}

/// First values of all layers: of everything, or (`initializer.base` false) only of what a method adds to a base from a
/// file.
template <class Model>
void initialize_layers(Model& model, Initializer& initializer);

/// What the arguments of a model's type mean. Policies, in any order: see models/parts/policies.hpp.
template <class Family, class C, Method M, class B, class... Policies>
struct ModelArguments {
  using family = Family;
  using config = C;
  using method = M;
  using backend = B;
  using storage = typename StorageOf<Policies...>::type;
  using element = element_of<Policies...>;
  static_assert(!B::executes || (ModelPolicy<Policies> && ...),
                "graft: unknown policy of a model; it takes a storage for frozen weights (F32, Bf16, Int8, Nf4, "
                "Nf4DoubleQuant, Q8_0, Q4_1), Activations<F32 or Bf16>, Recompute, CheckpointBlocks and SharedBase");
  /// Adapters trained together (peft/low_rank/bank.hpp).
  static constexpr Index members = method_offers<M>.members;
  static constexpr bool checkpointed = has_policy<CheckpointBlocks, Policies...>,
                        recomputed = has_policy<Recompute, Policies...>;
  static constexpr bool shares_base = has_policy<SharedBase, Policies...>;
  /// Whether a token sees only what stands before it.
  static constexpr bool causal = Family::causal;
  // What models of some tasks have, which say so. Their batches follow from it (text/example.hpp).
  static constexpr bool fills_in = false;       ///< labels of masked tokens (Batch::append_labelled)
  static constexpr bool finds_answers = false;  ///< places of answers (Batch::append_answer)
  static constexpr bool labels_tokens = false;  ///< labels where tokens stand (Batch::append_labelled)
  static constexpr bool says_numbers = false;   ///< numbers of texts (Batch::append_number)
  static constexpr bool new_heads = false;      ///< a head that most bases lack: a file need not have it
  static constexpr bool headless = false;       ///< no head at all
  static constexpr bool pools = false;          ///< a layer between the blocks and the head
  static constexpr bool unties_head = false;    ///< its method untied a head from the embedding
  /// What names begin with of layers that a file may have for other models.
  static constexpr std::array<const char*, 0> heads_elsewhere{};
  static constexpr const char* memory_policy = checkpointed ? "CheckpointBlocks: blocks run again backwards"
                                               : recomputed ? "Recompute: norms and SwiGLU are made again backwards"
                                                            : "everything that is needed backwards is kept";

  /// Whether its weights have values: `initialize` has run, as it does while files are read into a model.
  [[nodiscard]] constexpr bool initialized() const { return initialized_; }

 private:
  template <class Model>
  friend void initialize_layers(Model& model, Initializer& initializer);
  bool initialized_ = false;
};

/// \throws Error of a model whose weights have no values yet.
template <class Model>
constexpr void require_initialized(const Model& model) {
  if (Model::backend::executes && !model.initialized())
    fail("this model has no values: `load` or `initialize` it, or make it over a base");
}

/// \throws Error where a batch has not the keys ahead that a model's prefix puts there.
constexpr void require_keys(Index there, Index wanted) {
  if (there != wanted)
    fail("a batch has ", there, " keys ahead of its texts, and the model's prefix is of ", wanted,
         "; read it as Model::prepared makes it");
}

/// Lets a placed batch into a model, prompts before its texts; labels are held against what a head tells apart. O(1).
/// \throws Error where the batch names rows that the model has not, or the model has no weights.
template <class Model, class B>
constexpr void check_entry(const Model& model, const PlacedBatch<B>& batch) {
  require_initialized(model);
  using C = typename Model::config;
  BatchLimits limits{.tokens = Model::ahead.tokens(C::vocabulary),
                     .targets = batch.needs.targets,
                     .adapters = Model::members + (Model::activates ? 1 : 0),
                     .tasks = batch.needs.tasks};
  if constexpr (C::token_types > 0) limits.token_types = C::token_types;
  check(batch.needs, limits);
  if (batch.keys_ahead > 0) require_keys(batch.keys_ahead, Model::ahead.keys);
}
/// \throws Error of a batch without labels, or with one that a head does not tell apart.
template <class B>
constexpr void require_labels(const PlacedBatch<B>& batch, Index kinds) {
  require_at_most(batch.needs.targets, kinds, "label");
  if (B::executes && batch.target_count == 0) fail("a batch without labels has no loss");
}

/// The longest sides {Out, In} of a model's layers that share matrices with each other.
template <class Model>
std::array<Index, 2> longest_sides(const Model& model) {
  std::array<Index, 2> longest{};
  Model::each_site(model, [&longest]<class L>(auto, const Path& path, const L& layer) {
    L::visit(
        layer,
        [&longest]<class P, class Of = L>(const Path&, const P&) {
          if constexpr (P::shared) longest = {std::max(longest[0], Of::out), std::max(longest[1], Of::in)};
        },
        path);
  });
  return longest;
}

/// Calls f(path, parameter) for the parameters that the base model brought, not for those a method added.
template <class L, class F>
constexpr void visit_base(L& layer, F&& f, const Path& path) {
  if constexpr (BaseLayer<std::remove_const_t<L>>) std::remove_const_t<L>::visit(layer, f, path);
  else if constexpr (AroundBase<L>) visit_base(layer.base, f, path);
  else std::remove_const_t<L>::adapted::visit(layer, f, path);  // a layer that is its base, and more
}

/// Whether p(site, layer) holds for a layer of the type, which is asked about on `meta`, so that nothing is allocated.
template <class Model, class P>
constexpr bool any_layer(const P& p) {
  bool any = false;
  const typename Model::template on<planned_on<typename Model::backend>> model;
  std::remove_cvref_t<decltype(model)>::each_site(
      model, [&](auto site, const Path&, const auto& layer) { any = any || p(site, layer); });
  return any;
}

/// A head that a method untied begins as the embedding that it was.
template <class Model>
void untie_head(Model& model) {
  if constexpr (Model::unties_head)
    visit_base(
        model.token_embedding,
        [&model](const Path&, const auto& embedding) {
          visit_base(model.head, [&embedding](const Path&, auto& p) { p.assign(embedding.read()); }, Path{});
        },
        Path{});
}

/// Matrices that layers share and that are drawn one after the other are drawn as large as the largest of them.
template <class Model>
void initialize_layers(Model& model, Initializer& initializer) {
  Model::each_site(model, [&initializer](auto, const Path&, auto& layer) { layer.initialize(initializer); });
  if (initializer.base) untie_head(model);
  const auto longest = longest_sides(model);
  Model::each_site(model, [&]<class L>(auto, const Path&, L& layer) {
    if constexpr (offers_of<L>.drawn) layer.weights.draw(initializer.parts, longest[0], longest[1]);
  });
  model.initialized_ = true;
}

/// Tokens that a soft prompt, if a token embedding has one, puts before every text.
template <class Embedding>
inline constexpr Index virtual_tokens_of = offers_of<Embedding>.tokens_ahead;
/// Whether a head that is tied to a token embedding is what a method made of that, and not its weight alone.
template <class Embedding>
inline constexpr bool speaks_for_tied_head = offers_of<Embedding>.tied_logits;
/// Keys that a prefix, if a model's shared layer is one, puts before every sequence's.
template <class Shared>
inline constexpr Index prefix_tokens_of = offers_of<Shared>.keys_ahead;

/// Those of them that positions do not count.
template <class Shared>
inline constexpr Index unnumbered_keys_of = offers_of<Shared>.counted ? 0 : offers_of<Shared>.keys_ahead;

/// Attention within sequences, and what a model's shared layer lets them see besides.
template <class T, class Shared, class B>
constexpr auto seen_by(T& tape, const Shared& shared, Sequences<B> sequences) {
  const PackedContext<B> plain{sequences};
  if constexpr (prefix_tokens_of < Shared >> 0) return shared.seen(tape, plain);
  else return plain;
}

}  // namespace graft
