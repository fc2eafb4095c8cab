/// \file
/// Selective methods: train a subset of the model's own weights.
#pragma once

#include <graft/peft/method.hpp>

namespace graft {

/// Trains every weight. A tied head stays tied.
struct FullFineTuning {
  template <class Where, class L>
  using at = typename Thawed<L>::type;
};

/// Trains the layers at the named sites, whole: `Unfreeze<Norms>`, `Unfreeze<Head>`. A tied head is untied first, as HF
/// PEFT's `modules_to_save` does it.
template <class... Sites>
struct Unfreeze {
  using where = On<Sites...>;

  template <class L>
  struct Free : Thawed<L> {};
  template <class L>
    requires is_tied<L>
  struct Free<L> {
    using type = typename L::untied::thawed;
  };
  template <class Where, class L>
  using at = typename std::conditional_t<!where::valid, Refuse<L, UnknownSite>, std::conditional_t<where::template covers<typename Where::site>, Free<L>, Kept<L>>>::type;
};

/// Trains the last N blocks.
template <Index N>
struct LastBlocks {
  static_assert(N > 0, "graft: LastBlocks<0> trains nothing; use FrozenBase for a model without training");

  template <class Where, class L>
  using at = typename std::conditional_t<(Where::block >= 0 && Where::block >= Where::blocks - static_cast<std::ptrdiff_t>(N)), Thawed<L>, Kept<L>>::type;
};

/// Trains every bias and nothing else (Ben Zaken et al. 2021).
struct BitFit {
  template <class Where, class L>
  using at = typename L::bias_thawed;
};

}  // namespace graft
