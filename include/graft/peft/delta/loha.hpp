/// \file
/// LoHa (Hyeon-Woo et al. 2021):   ΔW = s (A₁ B₁) ∘ (A₂ B₂),   A(Out,R), B(R,In),   s = α/R
#pragma once

#include <graft/peft/delta/delta.hpp>

namespace graft {

struct LohaUnknownOption {
  template <class Model>
  struct error {
    static_assert(!Model::backend::executes,
                  "graft: unknown option of LoHa; it takes On<sites...>, Blocks<First, Last> and Alpha<N>");
  };
};

/// `LoHa<4>`, `LoHa<4, On<Query, Value>, Blocks<20, 30>, Alpha<8>>`; by default every linear layer of the blocks and α
/// = 2 R.
/// \tparam Rank of each of the two products \tparam Options as said
template <Index Rank, class... Options>
struct LoHa {
  static constexpr LoraSettings settings_of_rank = lora_settings<Rank, Options...>();
  static constexpr MethodOffers offers{.peft_type = "LOHA"};
  using places = Places<On<Linears>, Options...>;
  using problem = FirstProblem<Unless<(Rank > 0), LoraOfRankZero>,
                               Unless<((PlaceOption<Options> || AlphaOption<Options>) && ...), LohaUnknownOption>,
                               typename places::problem>;
  template <class Config, class F>
  static void each_option(F&& f) {
    f("r", Rank);
    f("alpha", settings_of_rank.alpha);
  }

  template <class B, Index Out, Index In>
  struct Weights {
    TrainedTensor<B, Out, Rank> a1, a2;  ///< the left factors, (Out, R)
    TrainedTensor<B, Rank, In> b1, b2;   ///< the right factors, (R, In)

    template <class T>
    constexpr auto delta(T& tape) const {
      const auto first = product_nn(tape, leaf(tape, a1), leaf(tape, b1)),
                 second = product_nn(tape, leaf(tape, a2), leaf(tape, b2));
      return scale(tape, multiply(tape, first, second), settings_of_rank.scaling());
    }
    template <class Self, class F>
    static constexpr void visit(Self& self, F&& f, const Path& path) {
      f(Path{&path, "hada_w1_a"}, self.a1);
      f(Path{&path, "hada_w1_b"}, self.b1);
      f(Path{&path, "hada_w2_a"}, self.a2);
      f(Path{&path, "hada_w2_b"}, self.b2);
    }
    void initialize(Initializer& initializer) {
      const auto bound = [](Index fan_in) { return 1.0F / std::sqrt(static_cast<float>(fan_in)); };
      a1.assign(initializer.uniform(Out * Rank, bound(Rank)));
      b1.assign(initializer.uniform(Rank * In, bound(In)));
      a2.assign(initializer.uniform(Out * Rank, bound(Rank)));
      b2.assign(std::vector<float>(Rank * In, 0.0F));
    }
  };

  template <class Where, class L>
  using at = delta_at<LoHa, Where, L>;
};

}  // namespace graft
