/// \file
/// MiSS (Kang and Yin 2024; once called Bone):   y = x Wᵀ + b + x̄ D,
///     x̄(T,R) = the sum of the blocks of R columns of x,   D(R,Out)
#pragma once

#include <graft/autodiff/ops/products/fold.hpp>
#include <graft/peft/delta/delta.hpp>

namespace graft {

struct MissUnknownOption {
  template <class Model>
  struct error {
    static_assert(!Model::backend::executes,
                  "graft: unknown option of MiSS; it takes On<sites...> and Blocks<First, Last>");
  };
};

/// `MiSS<64>`, with LoRA's `On<…>` and `Blocks<…>`.
/// \tparam Rank rows of the trained matrix \tparam Options as said
template <Index Rank, class... Options>
struct MiSS {
  static constexpr MethodOffers offers{.peft_type = "MISS"};
  using places = Places<On<Linears>, Options...>;
  using problem = FirstProblem<Unless<(Rank > 0), LoraOfRankZero>,
                               Unless<(PlaceOption<Options> && ...), MissUnknownOption>, typename places::problem>;
  template <class Config, class F>
  static void each_option(F&& f) {
    f("r", Rank);
    f("mini_r", 1);
    f("init_weights", true);
    f("bias", "none");
  }

  template <class B, Index Out, Index In>
  struct Weights {
    static constexpr WeightsOffers offers{.path = true, .values = true};
    TrainedTensor<B, Rank, Out> block;  ///< the rows that are added again and again, (R, Out)

    /// x ΔWᵀ, without ΔW.
    template <class T, class X>
    constexpr auto path(T& tape, X x) const {
      return product_nn(tape, fold<Rank>(tape, x), leaf(tape, block));
    }
    /// ΔW[o, i] = D[i mod R, o]
    [[nodiscard]] std::vector<float> delta_values() const {
      const auto d = block.read();
      std::vector<float> w(Out * In);
      for (Index o = 0; o < Out; ++o)
        for (Index i = 0; i < In; ++i) w[o * In + i] = d[i % Rank * Out + o];
      return w;
    }
    template <class Self, class F>
    static constexpr void visit(Self& self, F&& f, const Path& path) {
      f(Path{&path, "miss_block"}, self.block);
    }
    void initialize(Initializer&) { block.assign(std::vector<float>(Rank * Out, 0.0F)); }
  };

  template <class Where, class L>
  using at = delta_at<MiSS, Where, L>;
};

}  // namespace graft
