/// \file
/// Selective methods: train a subset of the model's own weights.
#pragma once

#include <graft/peft/contract/method.hpp>

namespace graft {

/// Trains every weight. A tied head stays tied.
struct FullFineTuning {
  template <class Where, class L>
  using at = typename Thawed<L>::type;
};

/// Trains the layers at the named sites, whole: `Unfreeze<Norms>`, `Unfreeze<Head>`, `Unfreeze<Down, Blocks<20, 30>>`.
/// A tied head is untied first, as HF PEFT's `modules_to_save` does it.
/// \tparam Places sites, groups of them, `Blocks<…>`
template <class... Places>
struct Unfreeze {
  static constexpr bool valid =
      ((Site<Places> || SiteGroup<Places> || is_block_range<Places>) && ...) && BlocksOf<Places...>::type::valid;

  template <class L>
  struct Free : Thawed<L> {};
  template <class L>
    requires is_tied<L>
  struct Free<L> {
    using type = typename L::untied::thawed;
  };
  template <class Where, class L>
  using at = typename std::conditional_t<!valid, Refuse<L, UnknownSite>,
                                         std::conditional_t<On<Places...>::template covers<typename Where::site> &&
                                                                BlocksOf<Places...>::type::has(Where::block),
                                                            Free<L>, Kept<L>>>::type;
};

/// A head that is tied to the embedding keeps the base's weight, whatever becomes of the embedding: what HF PEFT makes
/// of a model whose embedding alone is trained. Stands before the method that trains it: `Methods<UntiedHead,
/// Unfreeze<TokenEmbedding>>`.
struct UntiedHead {
  template <class Where, class L>
  struct Apart : Kept<L> {};
  template <class Where, class L>
    requires is_tied<L>
  struct Apart<Where, L> {
    using type = Frozen<typename L::untied, typename Where::storage>;
  };
  template <class Where, class L>
  using at = typename Apart<Where, L>::type;
};

/// Trains the last N blocks.
/// \tparam N how many
template <Index N>
struct LastBlocks {
  static_assert(N > 0, "graft: LastBlocks<0> trains nothing; use FrozenBase for a model without training");

  template <class Where, class L>
  using at =
      typename std::conditional_t<(Where::block >= 0 && Where::block >= Where::blocks - static_cast<std::ptrdiff_t>(N)),
                                  Thawed<L>, Kept<L>>::type;
};

/// Trains every bias and nothing else (Ben Zaken et al. 2021).
struct BitFit {
  template <class Where, class L>
  using at = typename L::bias_thawed;
};

/// Trains biases beside what another method does: all of them, or those at some sites. `Methods<LoRA<8, On<Query>>,
/// Biases<On<Query>>>`
template <class... Options>
struct Biases {
  template <class L>
  struct Thaw {
    using type = typename L::bias_thawed;
  };
  static constexpr bool valid = (PlaceOption<Options> && ...) && BlocksOf<Options...>::type::valid;
  /// whether the place is one of them
  template <class Where>
  static constexpr bool touches =
      (!(is_on<Options> || ...) || SitesOf<On<>, Options...>::type::template covers<typename Where::site>) &&
      BlocksOf<Options...>::type::has(Where::block);
  template <class Where, class L>
  using at = typename std::conditional_t<!valid, Refuse<L, UnknownSite>,
                                         std::conditional_t<touches<Where>, Thaw<L>, Kept<L>>>::type;
};

}  // namespace graft
