/// \file
/// What a method offers and lacks, or has and does not offer, in words: the half of `check_method` that needs no model.
#pragma once

#include <graft/layers/attention_context.hpp>
#include <graft/layers/embedding.hpp>
#include <graft/layers/rms_norm.hpp>
#include <graft/peft/contract/method.hpp>
#include <graft/peft/contract/offers.hpp>
#include <graft/peft/low_rank/lora_options.hpp>

#include <concepts>

namespace graft {

/// What the words of `LayerOffers` mean, as members of a layer.
template <class L>
concept MergesWeight = requires(L& layer, const L& made, std::vector<float> w) {
  { made.merged_weight(w) } -> std::same_as<std::vector<float>>;
  layer.merge();
  layer.unmerge();
};
template <class L>
concept HasMerging = requires(L& layer) { layer.merge(); } || requires(L& layer) { layer.unmerge(); } ||
                     requires(const L& layer, std::vector<float> w) { layer.merged_weight(w); };
template <class L>
concept MergesBias = requires(const L& layer, std::vector<float> b) {
  { layer.merged_bias(b) } -> std::same_as<std::vector<float>>;
};
template <class L>
concept AddsLowRank = requires(const L& layer) {
  layer.a;
  layer.b;
  L::rank;
  { layer.low_rank_weight() } -> std::same_as<std::vector<float>>;
};
template <class L>
concept SpeaksForHead = requires(const L& layer, Inference<typename L::backend>& tape) {
  layer.tied_logits(tape, Var<typename L::backend, L::width>{});
};
template <class L>
concept Observes = requires(const L& layer) {
  { layer.gram() } -> std::same_as<std::vector<float>>;
};
template <class L>
concept HasPrompt = requires(const L& layer) { layer.prompt; };
template <class L>
concept ShowsKeys = requires(const L& layer, Inference<typename L::backend>& tape) {
  layer.seen(tape, PackedContext<typename L::backend>{});
};

/// Those of `WeightsOffers`, of parameters of a computed weight of a linear layer that reads `In` columns.
template <class W, class B, Index In>
concept HasPath = requires(const W& w, Inference<B>& tape) { w.path(tape, Var<B, In>{}); };
template <class W, class B>
concept HasDelta = requires(const W& w, Inference<B>& tape) { w.delta(tape); };
template <class W>
concept HasValues = requires(const W& w) {
  { w.delta_values() } -> std::same_as<std::vector<float>>;
};
template <class W>
concept StartsOverBase =
    requires(W& w, Initializer& initializer) { w.initialize_over(std::vector<float>(), initializer); };
template <class W>
concept Starts = requires(W& w, Initializer& initializer) { w.initialize(initializer); };
template <class W, class B>
concept HasPenalty = requires(const W& w, Tape<B>& tape) { w.penalty(tape); };
template <class L>
concept HasWeights = requires(const L& layer) {
  layer.weights;
  L::of_weights;
};

/// Those of `MethodOffers`.
struct IgnoreOption {
  void operator()(const char*, const auto&) const {}
};
template <class M, class Config>
concept SaysOptions = requires { M::template each_option<Config>(IgnoreOption{}); };
template <class M>
concept SaysHubOptions = requires { M::each_hub_option(IgnoreOption{}); };
template <class M>
concept HasLoraSettings = requires {
  { M::settings } -> std::convertible_to<LoraSettings>;
};
template <class M>
concept SaysFormalities = requires { M::each_formality(IgnoreOption{}); };

/// Calls fault(words) for what does not fit in a layer that a method made.
template <class L, class F>
constexpr void each_fault_of_layer(const F& fault) {
  constexpr LayerOffers o = offers_of<L>;
  if (o.merges && !MergesWeight<L>) fault("offers `merges` and lacks merged_weight(w), merge() or unmerge()");
  if (!o.merges && HasMerging<L>) fault("has merge(), unmerge() or merged_weight(w) and does not offer `merges`");
  if (o.merges_bias != MergesBias<L>) fault("`merges_bias` and merged_bias(b): one is there without the other");
  if (o.low_rank != AddsLowRank<L>)
    fault("`low_rank` and low_rank_weight() with a, b and rank: one is there without the other");
  if (o.observes != Observes<L>) fault("`observes` and gram(): one is there without the other");
  if (o.prompt != HasPrompt<L>) fault("`prompt` and a member prompt: one is there without the other");
  if ((o.keys_ahead > 0) != ShowsKeys<L>) fault("`keys_ahead` and seen(tape, context): one is there without the other");
  if constexpr (requires { L::width; })
    if (o.tied_logits != SpeaksForHead<L>)
      fault("`tied_logits` and tied_logits(tape, n): one is there without the other");
  if constexpr (HasWeights<L>) {
    using W = std::remove_cvref_t<decltype(std::declval<L&>().weights)>;
    using B = typename L::backend;
    constexpr WeightsOffers w = weights_offers<W>;
    if (!w.nothing && w.path != HasPath<W, B, L::in>)
      fault("its Weights: `path` and path(tape, x): one is there without the other");
    if (w.values != HasValues<W>) fault("its Weights: `values` and delta_values(): one is there without the other");
    if (!w.nothing && !w.values && !HasDelta<W, B>) fault("its Weights have neither delta(tape) nor delta_values()");
    if (w.over_base != StartsOverBase<W>)
      fault("its Weights: `over_base` and initialize_over(w, initializer): one is there without the other");
    if (!w.over_base && !Starts<W>) fault("its Weights have no initialize(initializer)");
    if (!w.nothing && (w.penalties > 0) != HasPenalty<W, B>)
      fault("its Weights: `penalties` and penalty(tape): one is there without the other");
  }
}

/// Calls fault(words) for what does not fit in what a method says of itself.
template <class M, class Config, class F>
constexpr void each_fault_of_method(const F& fault) {
  constexpr MethodOffers o = method_offers<M>;
  if (o.peft_type != nullptr && o.tokens.empty() && !SaysOptions<M, Config>)
    fault("offers a `peft_type` and lacks each_option<Config>(f)");
  if (o.peft_type == nullptr && SaysOptions<M, Config>)
    fault("has each_option<Config>(f) and does not offer a `peft_type`");
  if ((o.hub_name != nullptr) != SaysHubOptions<M>)
    fault("`hub_name` and each_hub_option(f): one is there without the other");
  if (o.formalities != SaysFormalities<M>) fault("`formalities` and each_formality(f): one is there without the other");
  if (o.low_rank && !HasLoraSettings<M>) fault("offers `low_rank` and lacks the settings of a LoRA");
}

/// The layers that a method makes of a small decoder's, without the decoder: f(site, type of the layer).
template <class M, class Config, class B, class F>
constexpr void each_layer_of(const F& f) {
  const auto at = [&f]<class S, class L>(S site, std::type_identity<L>) {
    f(site, std::type_identity<site_t<M, Place<S, 0, Config::blocks, F32>, L>>{});
  };
  constexpr Index width = Config::width;
  using Square = Linear<B, width, width, true>;
  at(TokenEmbedding{}, std::type_identity<Embedding<B, Config::vocabulary, width>>{});
  at(Query{}, std::type_identity<Square>{});
  at(Value{}, std::type_identity<Square>{});
  at(Down{}, std::type_identity<Linear<B, width, width>>{});
  at(InputNorm{}, std::type_identity<RMSNorm<B, width>>{});
  at(Shared{}, std::type_identity<Absent<B, Config>>{});
  at(Attended{}, std::type_identity<Absent<B, Config>>{});
  at(AfterAttention{}, std::type_identity<Absent<B, Config>>{});
  at(AfterMlp{}, std::type_identity<Absent<B, Config>>{});
  at(BlockOutput{}, std::type_identity<Absent<B, Config>>{});
}

/// Calls fault(who, words) for everything in which a method is incomplete.
template <class M, class Config, class F>
constexpr void each_fault(const F& fault) {
  each_fault_of_method<M, Config>([&fault](const char* words) { fault("the method", words); });
  each_layer_of<M, Config, reference>([&fault]<class S, class L>(S, std::type_identity<L>) {
    if constexpr (!BaseLayer<L>) {
      using Made = method_of<L>;
      if constexpr (!std::is_same_v<Made, M>)  // one of several, or what it is made of
        each_fault_of_method<Made, Config>([&fault](const char* words) { fault(S::site, words); });
      each_fault_of_layer<L>([&fault](const char* words) { fault(S::site, words); });
    }
  });
}

}  // namespace graft
