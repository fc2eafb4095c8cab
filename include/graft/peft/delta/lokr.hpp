/// \file
/// LoKr (Yeh et al. 2023):   ΔW = s C ⊗ (A B),   C(L,M), A(K,R), B(R,N),   Out = L·K, In = M·N,   s = α/R
/// Where R is at least half of the larger of K and N the second factor is whole. With DecomposeBoth C is a product like
/// A B where R is less than half of the larger of L and M.
#pragma once

#include <graft/autodiff/ops/products/kronecker.hpp>
#include <graft/peft/delta/delta.hpp>

namespace graft {

/// Two factors of a size, the smaller first, as HF PEFT chooses them: one is `wanted` where that divides it, otherwise
/// they are as near to each other as they can be while the smaller is at most that; 0: nothing is wanted.
constexpr std::pair<Index, Index> nearest_factors(Index size, Index wanted = 0) {
  if (wanted > 0 && size % wanted == 0) return {wanted, size / wanted};
  const Index most = wanted > 0 ? wanted : size;
  Index small = 1, large = size, length = 1 + size;
  while (small < large) {
    Index next = small + 1;
    while (size % next != 0) ++next;
    if (next + size / next > length || next > most) break;
    small = next, large = size / next;
  }
  return small > large ? std::pair{large, small} : std::pair{small, large};
}

// Options of LoKr beside LoRA's.
/// Both factors are products of low rank, where they are large enough.
struct DecomposeBoth {};
/// The smaller factor of both sizes, where it divides them.
template <Index Wanted>
struct Factor {
  static constexpr Index wanted_factor = Wanted;  ///< the wanted size of the smaller factor
};
/// The wanted size that an option says; 0 for none.
template <class O>
inline constexpr Index wanted_factor_of = 0;
template <Index Wanted>
inline constexpr Index wanted_factor_of<Factor<Wanted>> = Wanted;
template <class O>
concept LokrOption = PlaceOption<O> || AlphaOption<O> || std::is_same_v<O, DecomposeBoth> || (wanted_factor_of<O> > 0);

struct LokrUnknownOption {
  template <class Model>
  struct error {
    static_assert(!Model::backend::executes,
                  "graft: unknown option of LoKr; it takes On<sites...>, Blocks<First, Last>, Alpha<N>, DecomposeBoth "
                  "and Factor<N>");
  };
};

/// `LoKr<4>`, with LoRA's `On<…>`, `Blocks<…>` and `Alpha<…>`; `LoKr<4, DecomposeBoth, Factor<8>>`.
/// \tparam Rank of factors that are products \tparam Options as said
template <Index Rank, class... Options>
struct LoKr {
  /// whether both factors may be products of low rank
  static constexpr bool both = (std::is_same_v<Options, DecomposeBoth> || ...);
  /// the wanted size of the smaller factor, or 0
  static constexpr Index factor = (Index{0} + ... + wanted_factor_of<Options>);
  static constexpr LoraSettings settings_of_rank = lora_settings<Rank, Options...>();
  static constexpr MethodOffers offers{.peft_type = "LOKR"};
  using places = Places<On<Linears>, Options...>;
  using problem = FirstProblem<Unless<(Rank > 0), LoraOfRankZero>,
                               Unless<(LokrOption<Options> && ...), LokrUnknownOption>, typename places::problem>;
  template <class Config, class F>
  static void each_option(F&& f) {
    f("r", Rank);
    f("alpha", settings_of_rank.alpha);
    f("decompose_both", both);
    f("decompose_factor", factor == 0 ? -1 : static_cast<int>(factor));
  }

  template <class B, Index Out, Index In>
  struct Weights {
    /// extents of the two factors: c is (l, m), the other (k, n)
    static constexpr Index l = nearest_factors(Out, factor).first, k = nearest_factors(Out, factor).second,
                           m = nearest_factors(In, factor).first, n = nearest_factors(In, factor).second;
    /// whether the first factor is kept whole, and the second
    static constexpr bool first_whole = !both || 2 * Rank >= std::max(l, m), whole = 2 * Rank >= std::max(k, n);
    TrainedTensor<B, l, first_whole ? m : Rank> c;  ///< the first factor, or the left part of it
    /// the right part of the first factor, where it is a product
    [[no_unique_address]] std::conditional_t<first_whole, NoBias, TrainedTensor<B, Rank, m>> d;
    TrainedTensor<B, k, whole ? n : Rank> a;  ///< the second factor, or the left part of it
    /// the right part of the second factor, where it is a product
    [[no_unique_address]] std::conditional_t<whole, NoBias, TrainedTensor<B, Rank, n>> b;

    template <class T>
    constexpr auto delta(T& tape) const {
      return scale(tape, kronecker(tape, factor_of<first_whole>(tape, c, d), factor_of<whole>(tape, a, b)),
                   settings_of_rank.scaling());
    }
    template <class Self, class F>
    static constexpr void visit(Self& self, F&& f, const Path& path) {
      f(Path{&path, first_whole ? "lokr_w1" : "lokr_w1_a"}, self.c);
      if constexpr (!first_whole) f(Path{&path, "lokr_w1_b"}, self.d);
      f(Path{&path, whole ? "lokr_w2" : "lokr_w2_a"}, self.a);
      if constexpr (!whole) f(Path{&path, "lokr_w2_b"}, self.b);
    }
    void initialize(Initializer& initializer) {
      const auto draw = [&initializer](auto& p) {
        p.assign(initializer.uniform(p.size, 1.0F / std::sqrt(static_cast<float>(p.columns))));
      };
      c.assign(std::vector<float>(decltype(c)::size, 0.0F));
      if constexpr (!first_whole) draw(d);
      draw(a);
      if constexpr (!whole) draw(b);
    }

   private:
    /// A matrix, or a product of two.
    template <bool Whole, class T, class Left, class Right>
    static constexpr auto factor_of(T& tape, const Left& left, const Right& right) {
      if constexpr (Whole) return leaf(tape, left);
      else return product_nn(tape, leaf(tape, left), leaf(tape, right));
    }
  };

  template <class Where, class L>
  using at = delta_at<LoKr, Where, L>;
};

}  // namespace graft
