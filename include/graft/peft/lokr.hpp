/// \file
/// LoKr (Yeh et al. 2023):   ΔW = s C ⊗ (A B),   C(L,M), A(K,R), B(R,N),   Out = L·K, In = M·N,   s = α/R
/// Where R is at least half of the larger of K and N the second factor is whole, and s is 1.
#pragma once

#include <graft/autodiff/ops/kronecker.hpp>
#include <graft/peft/delta.hpp>

namespace graft {

/// The two factors of a size nearest to each other, the smaller first, as HF PEFT chooses them.
constexpr std::pair<Index, Index> nearest_factors(Index size) {
  Index small = 1, large = size, length = 1 + size;
  while (small < large) {
    Index next = small + 1;
    while (size % next != 0) ++next;
    if (next + size / next > length || next > size) break;
    small = next, large = size / next;
  }
  return small > large ? std::pair{large, small} : std::pair{small, large};
}

/// `LoKr<4>`, with LoRA's `On<…>`, `Blocks<…>` and `Alpha<…>`.
template <Index Rank, class... Options>
struct LoKr {
  static constexpr LoraSettings settings_of_rank = LoRA<Rank, Options...>::settings;
  static constexpr const char* peft_type = "LOKR";
  template <class F>
  static void each_option(F&& f) {
    f("r", Rank);
    f("alpha", settings_of_rank.alpha);
    f("decompose_both", false);
    f("decompose_factor", -1);
  }

  template <class B, Index Out, Index In>
  struct Weights {
    static constexpr Index l = nearest_factors(Out).first, k = nearest_factors(Out).second, m = nearest_factors(In).first, n = nearest_factors(In).second;
    static constexpr bool whole = 2 * Rank >= std::max(k, n);
    Parameter<B, Trainable, l, m> c;
    Parameter<B, Trainable, k, whole ? n : Rank> a;
    [[no_unique_address]] std::conditional_t<whole, NoBias, Parameter<B, Trainable, Rank, n>> b;

    template <class T>
    constexpr auto delta(T& tape) const {
      if constexpr (whole) return kronecker(tape, leaf(tape, c), leaf(tape, a));
      else return scale(tape, kronecker(tape, leaf(tape, c), product_nn(tape, leaf(tape, a), leaf(tape, b))), settings_of_rank.scaling());
    }
    template <class Self, class F>
    static constexpr void visit(Self& self, F&& f, const Path& path) {
      f(Path{&path, "lokr_w1"}, self.c);
      f(Path{&path, whole ? "lokr_w2" : "lokr_w2_a"}, self.a);
      if constexpr (!whole) f(Path{&path, "lokr_w2_b"}, self.b);
    }
    void initialize(Initializer& initializer) {
      c.assign(std::vector<float>(l * m, 0.0F));
      a.assign(initializer.uniform(decltype(a)::size, 1.0F / std::sqrt(static_cast<float>(decltype(a)::columns))));
      if constexpr (!whole) b.assign(initializer.uniform(Rank * n, 1.0F / std::sqrt(static_cast<float>(n))));
    }
  };

  template <class Where, class L>
  using at = delta_at<LoKr, LoRA<Rank, Options...>, Where, L>;
};

}  // namespace graft
