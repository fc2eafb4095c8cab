/// \file
/// RandLoRA (Albert et al. 2025): a sum of N random products of rank R, as many as make it of full rank, of which only
/// scales are trained:
///   ΔW = s Σₙ Bₙ diag(λₙ) A diag(γₙ),   A(R,J), Bₙ(I,R) random, frozen and the same everywhere,
///       λ(R,N), γ(N,J) trained,   s = α/R
/// for a weight of I × J, or ΔWᵀ where its second side is the longer one. N = ⌈J/R⌉. Gradient:
/// ops/products/scaled_bases.hpp.
#pragma once

#include <graft/autodiff/ops/products/scaled_bases.hpp>
#include <graft/peft/delta/delta.hpp>

#include <string_view>

namespace graft {

struct RandLoraUnknownOption {
  template <class Model>
  struct error {
    static_assert(!Model::backend::executes,
                  "graft: unknown option of RandLoRA; it takes On<sites...>, Blocks<First, Last> and Alpha<N>");
  };
};

/// `RandLoRA<32>`, with LoRA's `On<…>`, `Blocks<…>` and `Alpha<…>` (20 R if it is not said).
/// (Albert et al. 2025) \tparam Rank of each of the random products \tparam Options as said
template <Index Rank, class... Options>
struct RandLoRA {
  static constexpr LoraSettings settings_of_rank = lora_settings<Rank, Options...>(20.0 * static_cast<double>(Rank));
  static constexpr MethodOffers offers{.peft_type = "RANDLORA"};
  using places = Places<On<Linears>, Options...>;
  using problem = FirstProblem<Unless<(Rank > 0), LoraOfRankZero>,
                               Unless<((PlaceOption<Options> || AlphaOption<Options>) && ...), RandLoraUnknownOption>,
                               typename places::problem>;
  template <class Config, class F>
  static void each_option(F&& f) {
    f("r", Rank);
    f("randlora_alpha", settings_of_rank.alpha);
    f("save_projection", true);
    f("sparse", false);
    f("very_sparse", false);
    f("bias", "none");
  }

  template <class B, Index Out, Index In>
  struct Weights {
    static constexpr WeightsOffers offers{.path = true, .values = true, .slow_at_few_rows = true, .has_whole = true};
    /// the two sides of the weight, and how many products there are
    static constexpr Index longer = std::max(Out, In), shorter = std::min(Out, In), bases = (shorter + Rank - 1) / Rank;
    SharedPart<Parameter<B, Constant<F32>, Rank, shorter>, true, shorter> a;  ///< the random inner matrix, (R, J)
    /// the random outer matrices side by side, (I, N·R)
    SharedPart<Parameter<B, Constant<F32>, longer, bases * Rank>, true, Rank> b;
    TrainedTensor<B, Rank, bases> lambda;    ///< scales of the products' rows, (R, N)
    TrainedTensor<B, bases, shorter> gamma;  ///< scales of the products' columns, (N, J)

    /// (longer, shorter)
    template <class T>
    constexpr auto product(T& tape) const {
      return scale(
          tape,
          product_nn(tape, leaf(tape, b), scaled_bases(tape, leaf(tape, a), leaf(tape, lambda), leaf(tape, gamma))),
          settings_of_rank.scaling());
    }
    /// x ΔWᵀ, without ΔW.
    template <class T, class X>
    constexpr auto path(T& tape, X x) const {
      if constexpr (In == shorter) return product_nt<Out>(tape, x, product(tape));
      else return product_nn(tape, x, product(tape));
    }
    /// The change of the weight, (Out, In), on the host.
    [[nodiscard]] std::vector<float> delta_values() const {
      Workspace<B> workspace;
      Inference<B> tape(workspace);
      const auto w = download<B>(product(tape).data, Out * In);
      if constexpr (In == shorter) return w;
      std::vector<float> turned(Out * In);
      for (Index o = 0; o < Out; ++o)
        for (Index i = 0; i < In; ++i) turned[o * In + i] = w[i * Out + o];
      return turned;
    }
    template <class Self, class F>
    static constexpr void visit(Self& self, F&& f, const Path& path) {
      f(Path{&path, "randlora_lambda"}, self.lambda);
      f(Path{&path, "randlora_gamma"}, self.gamma);
      f(Path{&path, "randlora_A"}, self.a);
      f(Path{&path, "randlora_B"}, self.b);
    }
    /// Calls f(name, rows, columns, last extent) for the sizes that PEFT gives them where the longest sides of all
    /// layers are these.
    template <class F>
    static void each_whole(Index out, Index in, F&& f) {
      f("randlora_A", Rank, std::min(out, in), std::min(out, in));
      f("randlora_B", std::max(out, in), (std::min(out, in) + Rank - 1) / Rank * Rank, Rank);
    }
    /// An entry's random value, of variance 1: by place and not in sequence, so that it is the same in layers of any
    /// size.
    static float drawn(std::string_view name, Index i, Index j) {
      return std::sqrt(3.0F) * (2.0F * uniform01({0, static_cast<std::uint64_t>(name.back()) << 32U | i}, j) - 1.0F);
    }
    void initialize(Initializer& initializer) {
      const auto start = [&initializer]<class P>(P& p, const char* name) {
        initializer.parts.give(p, name, [name] {
          std::vector<float> values(P::size);
          for (Index i = 0; i < P::rows; ++i)
            for (Index j = 0; j < P::columns; ++j) values[i * P::columns + j] = drawn(name, i, j);
          return values;
        });
      };
      start(a, "A"), start(b, "B");
      lambda.assign(std::vector<float>(Rank * bases, 0.0F));
      gamma.assign(std::vector<float>(bases * shorter, 1.0F / static_cast<float>(longer)));
    }
  };

  template <class Where, class L>
  using at = delta_at<RandLoRA, Where, L>;
};

}  // namespace graft
