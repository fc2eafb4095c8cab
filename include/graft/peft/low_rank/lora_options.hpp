/// \file
/// The options of LoRA and its kin, and the numbers that they state.
#pragma once

#include <graft/core/types.hpp>

namespace graft {

/// How A starts. B starts at zero, so that the model starts as it was; or both are parts of the base.
enum class LoraInit {
  kaiming,
  gaussian,
  pissa,  ///< A and B are the base's largest singular directions, which it then lacks (Meng et al. 2024)
  olora   ///< A and B are the first rows and columns of the base's W = Q R, likewise (Büyükakyüz 2024)
};

/// By Newton's iteration: std::sqrt is no constant expression.
constexpr double square_root(double x) {
  double root = x;
  for (int i = 0; i < 60; ++i) root = (root + x / root) / 2;
  return root;
}

/// The numbers of a LoRA, gathered from its options.
struct LoraSettings {
  Index rank = 0;
  double alpha = 0;                   ///< α; the path is multiplied with α/R, or α/√R
  double dropout = 0;                 ///< the share of inputs that the path does not see
  bool rank_stabilized = false;       ///< whether the factor is α/√R
  bool bias = false;                  ///< of B
  bool with_head = false;             ///< a tied head follows the embedding
  LoraInit init = LoraInit::kaiming;  ///< how A and B begin

  /// Whether A and B begin as parts of the base, which has to be changed for it (adapters/base_directions.hpp).
  [[nodiscard]] constexpr bool starts_from_base() const { return init == LoraInit::pissa || init == LoraInit::olora; }
  [[nodiscard]] constexpr float scaling() const {
    const auto r = static_cast<double>(rank);
    return static_cast<float>(alpha / (rank_stabilized ? square_root(r) : r));
  }
};

/// What an option is about.
enum class LoraPart { alpha, dropout, scaling, init, base_init, bias, head };

// Options of LoRA, in any order after the rank. Other methods take some of them.
/// `Alpha<16>`, `Alpha<1, 2>`
/// \tparam Numerator of α \tparam Denominator of α
template <Index Numerator, Index Denominator = 1>
struct Alpha {
  static constexpr LoraPart part = LoraPart::alpha;
  static constexpr void apply(LoraSettings& s) {
    s.alpha = static_cast<double>(Numerator) / static_cast<double>(Denominator);
  }
};
/// `Dropout<1, 20>` drops one input in twenty of the low-rank path.
/// \tparam Numerator of the share \tparam Denominator of the share
template <Index Numerator, Index Denominator>
struct Dropout {
  static_assert(Numerator < Denominator, "graft: Dropout<Numerator, Denominator> is a probability below one");
  static constexpr LoraPart part = LoraPart::dropout;
  static constexpr void apply(LoraSettings& s) {
    s.dropout = static_cast<double>(Numerator) / static_cast<double>(Denominator);
  }
};
/// s = α/√R (Kalajdzievski 2023).
struct RankStabilized {
  static constexpr LoraPart part = LoraPart::scaling;
  static constexpr void apply(LoraSettings& s) { s.rank_stabilized = true; }
};
/// A ~ N(0, 1/R²) instead of U(−1/√In, 1/√In).
struct GaussianInit {
  static constexpr LoraPart part = LoraPart::init;
  static constexpr void apply(LoraSettings& s) { s.init = LoraInit::gaussian; }
};

/// The base's own directions to begin with; `load` gives A and B their values and takes them out of the base
/// (adapters/base_directions.hpp).
struct PissaInit {
  static constexpr LoraPart part = LoraPart::base_init;
  static constexpr void apply(LoraSettings& s) { s.init = LoraInit::pissa; }
};
/// A and B start from the QR decomposition of the base's weight (OLoRA, Büyükakyüz 2024).
struct OloraInit {
  static constexpr LoraPart part = LoraPart::base_init;
  static constexpr void apply(LoraSettings& s) { s.init = LoraInit::olora; }
};
/// On the token embedding: a head that is tied to it reads the embedding as it is with the LoRA. Without it, as it was.
struct WithHead {
  static constexpr LoraPart part = LoraPart::head;
  static constexpr void apply(LoraSettings& s) { s.with_head = true; }
};

/// A trained bias of the low-rank path's second product:   + s c,   c(Out).
struct LoraBias {
  static constexpr LoraPart part = LoraPart::bias;
  static constexpr void apply(LoraSettings& s) { s.bias = true; }
};

template <class O>
concept LoraOption = requires(LoraSettings& s) {
  O::part;
  O::apply(s);
};
template <class O>
concept AlphaOption = LoraOption<O> && O::part == LoraPart::alpha;

/// The numbers that options state beside a rank. α is 2 R if none says otherwise; others of a method's own are passed
/// over.
template <Index Rank, class... Options>
constexpr LoraSettings lora_settings(double alpha = 2.0 * static_cast<double>(Rank)) {
  LoraSettings s{.rank = Rank, .alpha = alpha};
  [[maybe_unused]] const auto apply = [&s]<class O>(O) {
    if constexpr (LoraOption<O>) O::apply(s);
  };
  (apply(Options{}), ...);
  return s;
}

}  // namespace graft
