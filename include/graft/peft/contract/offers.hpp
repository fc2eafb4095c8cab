/// \file
/// The contract between methods and everything that asks them something: models, trainers, generation, files, reports.
/// Whoever offers more than it must says so in a constant named `offers`: a method (`MethodOffers`), a layer that a
/// method made (`LayerOffers`), the parameters of a computed weight (`WeightsOffers`, peft/delta/delta.hpp). What is
/// not said is not offered, and nobody looks for members in another way, so that a member misspelt is an error where it
/// is used. What is offered must be there and what is there must be offered: `check_method<M>()`
/// (plan/check_method.hpp).
#pragma once

#include <graft/core/types.hpp>

#include <span>

namespace graft {

/// What a method offers beside its layers.
struct MethodOffers {
  /// files are PEFT's, under this type: `each_option<Config>(f)` says what a config does
  const char* peft_type = nullptr;
  /// and `each_formality(f)` what one says that a finished adapter does not depend on
  bool formalities = false;
  bool lists_modules = true;  ///< in PEFT's config: the modules that it works on
  /// files are AdapterHub's, under this name: `each_hub_option(f)` says what a config does
  const char* hub_name = nullptr;
  bool fuses = false;     ///< there: a fusion of adapters that have files of their own
  Index bottleneck = 0;   ///< there: the width that a model's is reduced to
  bool low_rank = false;  ///< `settings` are a LoRA's, and so are its tensors
  /// adapters that it trains side by side, each on rows of its own (peft/low_rank/bank.hpp)
  Index members = 1;
  /// it works only from where a text has these tokens on (peft/low_rank/activated_lora.hpp)
  std::span<const Id> invocation{};
  std::span<const Id> tokens{};  ///< it trains the rows of these tokens alone (peft/selective/trainable_tokens.hpp)
};

/// What a layer offers that a method made.
struct LayerOffers {
  /// `merged_weight(w)` is the base's weight that does what the layer does; `merge()`, `unmerge()`
  bool merges = false;
  bool merges_bias = false;       ///< likewise `merged_bias(b)`
  bool low_rank = false;          ///< it adds s B A: `a`, `b`, `rank`, `low_rank_weight()`
  bool starts_from_base = false;  ///< A and B begin as parts of the base (adapters/base_directions.hpp)
  bool slow_at_few_rows = false;  ///< works for any input as for a large one: generation merges it first
  bool tied_logits = false;       ///< of an embedding: `tied_logits(tape, n)` is what a head that is tied to it yields
  /// `weights.each_whole(out, in, f)`: what layers share is larger in files than any needs
  bool has_whole = false;
  /// `weights.draw(parts, out, in)`: it follows from a seed and the longest sides of all layers
  bool drawn = false;
  /// terms of a mean in the loss, whose sum is `weights.penalty(tape)`, if there is any
  Index penalties = 0;
  /// `weights.kept()`: which of its ranks training has left (train/rank_budget.hpp); files hold those
  bool ranks_fall = false;
  bool several = false;          ///< layers of several methods: `each_method(f)`
  bool observes = false;         ///< `gram()` of what it has read (peft/observe.hpp)
  const char* also_listed = "";  ///< in PEFT's config: a second list of modules

  // Of what stands before a text: `prompt` makes it.
  bool prompt = false;            ///< whether it is an embedding with rows ahead
  bool starts_from_text = false;  ///< `start_from(ids)`: rows of a text's tokens as first values
  bool encoded = false;           ///< files hold what `prompt` yields, and not its parameters
  Index tokens_ahead = 0;         ///< rows before the embedded tokens
  Index tasks = 1;                ///< of which there are as many kinds (`Batch::task`)
  Index keys_ahead = 0;           ///< keys and values before a sequence's: `seen(tape, context)`
  bool counted = true;            ///< positions count them
  bool sided = false;             ///< rows for the texts of an encoder and of a decoder, whichever are read
  /// of rows: they stand before what an encoder reads; of keys: `seen_by_encoder`, `seen_across`
  bool before_source = true;
  bool before_answer = false;  ///< rows stand before what a decoder writes
};

/// What the parameters of a computed weight offer beside `delta(tape)` and `initialize`.
struct WeightsOffers {
  bool path = false;    ///< `path(tape, x)` is x ΔWᵀ and cheaper than ΔW, which is only merged then
  bool values = false;  ///< `delta_values()` is ΔW on the host, in place of `delta(tape)`
  /// `initialize_over(w, initializer)` in place of `initialize`: first values follow from the base's weight
  bool over_base = false;
  bool slow_at_few_rows = false;                              ///< as of layers
  bool nothing = false;                                       ///< there is nothing to add
  bool has_whole = false, drawn = false, ranks_fall = false;  ///< as of layers
  Index penalties = 0;                                        ///< as of layers
};

template <class T>
concept SaysOffers = requires { T::offers; };

/// What a layer offers; one of the base offers nothing.
template <class L>
inline constexpr LayerOffers offers_of{};
template <SaysOffers L>
inline constexpr LayerOffers offers_of<L> = L::offers;

/// What the parameters of a computed weight offer.
template <class W>
inline constexpr WeightsOffers weights_offers{};
template <SaysOffers W>
inline constexpr WeightsOffers weights_offers<W> = W::offers;

/// What a method offers; several (`Methods<…>`): peft/contract/together.hpp.
template <class M>
struct OffersOfMethod {
  static constexpr MethodOffers value{};
};
template <SaysOffers M>
struct OffersOfMethod<M> {
  static constexpr MethodOffers value = M::offers;
};
/// What a method offers.
template <class M>
inline constexpr MethodOffers method_offers = OffersOfMethod<M>::value;

}  // namespace graft
