/// \file
/// Activated LoRA (Greenewald et al. 2025): a LoRA that works only from the last place on where a text has the
/// invocation's tokens, so that what a
/// model has cached of the text before serves the base and any such adapter:   y[t] = x W ᵀ + b + [t ≥ start] s x Aᵀ Bᵀ
#pragma once

#include <graft/peft/low_rank/lora.hpp>

#include <algorithm>
#include <span>

namespace graft {

/// The tokens that switch an adapter on: `Invocation<7, 11, 2>`.
template <Id... Tokens>
struct Invocation {
  static_assert(sizeof...(Tokens) > 0, "graft: Invocation<> has no token, so that nothing would switch the adapter on");
  static constexpr std::array<Id, sizeof...(Tokens)> tokens{Tokens...};
};

/// Where in a text the last invocation begins, or the text's length if there is none.
inline Index last_invocation(std::span<const Id> text, std::span<const Id> invocation) {
  const auto found = std::find_end(text.begin(), text.end(), invocation.begin(), invocation.end());
  return static_cast<Index>(found - text.begin());
}

/// The batch with the adapter's rows marked: from each text's last invocation on they are its own, others nobody's. A
/// text is a sequence and what it continues.
/// \throws Error where an invocation stands, in part or whole, in what a text shares with others.
inline Batch activated(Batch batch, std::span<const Id> invocation) {
  batch.owners.assign(batch.tokens.size(), 1);
  for (Index s = 0; s < batch.sequences(); ++s) {
    std::vector<Id> text;
    for (auto at = static_cast<Id>(s); at >= 0; at = batch.prefix(static_cast<Index>(at)))
      text.insert(text.begin(), batch.tokens.begin() + batch.starts[static_cast<Index>(at)],
                  batch.tokens.begin() + batch.starts[static_cast<Index>(at) + 1]);
    const auto begin = static_cast<Index>(batch.starts[s]), end = static_cast<Index>(batch.starts[s + 1]);
    const Index start = last_invocation(text, invocation), shared = text.size() - (end - begin);
    bool continued = false;
    for (Index other = s + 1; other < batch.sequences(); ++other)
      continued = continued || batch.prefix(other) == static_cast<Id>(s);
    if (start < text.size() && (continued || start < shared))
      fail(
          "an invocation stands in what several examples of a batch begin with, which is computed once for all of "
          "them: pack these examples without sharing");
    if (start < text.size())
      std::fill(batch.owners.begin() + static_cast<std::ptrdiff_t>(begin + start - shared),
                batch.owners.begin() + static_cast<std::ptrdiff_t>(end), 0);
  }
  batch.target_owners.clear();
  for (const Id row : batch.rows) batch.target_owners.push_back(batch.owners[static_cast<Index>(row)]);
  return batch;
}

struct ActivatedElsewhere {
  template <class Model>
  struct error {
    static_assert(
        !Model::backend::executes,
        "graft: ActivatedLoRA<R, Invocation<...>> is a LoRA without Dropout, LoraBias, WithHead and first values from "
        "the base, on linear layers of the blocks; here it is something else, or touches the Head");
  };
};

/// `ActivatedLoRA<16, Invocation<7, 11, 2>>`, with LoRA's options but for Dropout, LoraBias and first values from the
/// base. It does not merge: half of a text is the base's.
/// \tparam Rank as of LoRA \tparam Invoked the tokens from which on it works \tparam Options as said
template <Index Rank, class Invoked, class... Options>
struct ActivatedLoRA {
  using lora = LoRA<Rank, Options...>;
  static constexpr LoraSettings settings = lora::settings;
  static constexpr MethodOffers offers{.peft_type = "LORA", .low_rank = true, .invocation = Invoked::tokens};
  template <class Config, class F>
  static void each_option(F&& f) {
    lora::template each_option<Config>(f);
    f("alora_invocation_tokens", Invoked::tokens);
  }

  template <class Where, class L>
  struct Wrap : std::conditional_t<BaseLayer<L> || Complaining<L>, Kept<L>, Refuse<L, ActivatedElsewhere>> {};
  template <class Where, MadeBy<ActivatedLoRA> L>
    requires(settings.dropout == 0 && !settings.bias && !settings.starts_from_base() && !settings.with_head &&
             !std::is_same_v<typename Where::site, Head>)
  struct Wrap<Where, L> {
    using type = typename L::template made_by<ActivatedLoRA>;
  };
  template <class Where, class L>
  using at = typename Wrap<Where, typename lora::template at<Where, L>>::type;
};

}  // namespace graft
