/// \file
/// AdaLoRA (Zhang et al. 2023):   y = x Wᵀ + b + s ((x Aᵀ) ∘ e) Bᵀ,   A(R,In), B(Out,R), e(R),   s = α / (R + 1e-5)
/// A singular value decomposition that is trained: e starts at zero, and the loss has a share (½, or Penalty's) of the
/// mean of ‖A Aᵀ − I‖ and ‖Bᵀ B − I‖ over all layers beside it. train/rank_budget.hpp sets the least important e to
/// zero as training goes on; what is left of them is the rank of a finished adapter, whose s is still that of the rank
/// it began with.
#pragma once

#include <graft/autodiff/ops/losses/orthogonality.hpp>
#include <graft/autodiff/ops/pointwise/scale_columns.hpp>
#include <graft/autodiff/ops/products/matmul.hpp>
#include <graft/peft/delta/delta.hpp>

namespace graft {

// Options of AdaLoRA beside LoRA's On<…>, Blocks<…> and Alpha<…>.
/// So many singular values were left by the schedule; 0: none, and the layer is the base's.
template <Index Number>
struct FinalRank {
  static constexpr Index final_rank = Number;  ///< the mean rank that is left
};
/// The share of the mean penalty in the loss: `Penalty<1, 2>`.
template <Index Numerator, Index Denominator = 1>
struct Penalty {
  /// the share of the loss
  static constexpr double share = static_cast<double>(Numerator) / static_cast<double>(Denominator);
};
template <class O>
concept FinalRankOption = requires { O::final_rank; };
template <class O>
concept PenaltyOption = requires { O::share; };

struct AdaloraUnknownOption {
  template <class Model>
  struct error {
    static_assert(!Model::backend::executes,
                  "graft: unknown option of AdaLoRA; it takes On<sites...>, Blocks<First, Last>, Alpha<N>, "
                  "FinalRank<N> and Penalty<N, D>");
  };
};

/// `AdaLoRA<12>` starts with rank 12 everywhere; with LoRA's `On<…>`, `Blocks<…>` and `Alpha<…>`.
/// (Zhang et al. 2023) \tparam InitialRank of every layer before ranks fall \tparam Options as said
template <Index InitialRank, class... Options>
struct AdaLoRA {
  static constexpr MethodOffers offers{.peft_type = "ADALORA", .formalities = true};
  using places = Places<On<Linears>, Options...>;
  using problem = FirstProblem<
      Unless<(InitialRank > 0), LoraOfRankZero>,
      Unless<((PlaceOption<Options> || AlphaOption<Options> || FinalRankOption<Options> || PenaltyOption<Options>) &&
              ...),
             AdaloraUnknownOption>,
      typename places::problem>;
  static constexpr LoraSettings settings_of_rank = lora_settings<InitialRank, Options...>();
  /// the rank that every layer begins with
  static constexpr Index initial_rank = InitialRank, Rank = [] {
    Index found = InitialRank;
    (
        [&] {
          if constexpr (FinalRankOption<Options>) found = Options::final_rank;
        }(),
        ...);
    return found;
  }();
  static_assert(Rank <= InitialRank, "graft: AdaLoRA<R, FinalRank<N>>: a schedule leaves at most R singular values");
  /// the share of the loss that keeps A and B orthonormal
  static constexpr double share = [] {
    double found = 0.5;
    (
        [&] {
          if constexpr (PenaltyOption<Options>) found = Options::share;
        }(),
        ...);
    return found;
  }();
  static constexpr float scaling =
      static_cast<float>(settings_of_rank.alpha / (static_cast<double>(InitialRank) + 1e-5));
  /// The share of the mean penalty in the loss.
  static constexpr float penalty_weight = static_cast<float>(share);
  template <class Config, class F>
  static void each_option(F&& f) {
    f("init_r", InitialRank);
    f("lora_alpha", settings_of_rank.alpha);
    f("orth_reg_weight", share);
    f("final_rank", Rank);
  }
  /// What PEFT wants to read and a finished adapter does not depend on: a schedule that leaves the rank as it is.
  template <class F>
  static void each_formality(F&& f) {
    f("target_r", InitialRank);
    f("total_step", 2);
    f("tinit", 0);
    f("tfinal", 0);
    f("deltaT", 1);
  }

  template <class B, Index Out, Index In>
  struct Weights {
    TrainedTensor<B, Rank, In> a;  // of two extents in files, also where one is 1
    TrainedTensor<B, Out, Rank> b;
    TrainedTensor<B, Rank, 1> e;  ///< the singular values, (R)
    /// The loss has a sum of two terms beside it, whose mean over all layers counts; of rank 0 both are nothing.
    static constexpr WeightsOffers offers{.path = true, .nothing = Rank == 0, .ranks_fall = true, .penalties = 2};

    /// x ΔWᵀ, without ΔW.
    template <class T, class X>
      requires(Rank > 0)
    constexpr auto path(T& tape, X x) const {
      return scale(tape, matmul(tape, scale_columns(tape, matmul(tape, x, a), row(tape, e)), b), scaling);
    }
    /// s B diag(e) A
    template <class T>
      requires(Rank > 0)
    constexpr auto delta(T& tape) const {
      return scale(tape, product_nn(tape, scale_columns(tape, leaf(tape, b), row(tape, e)), leaf(tape, a)), scaling);
    }
    /// How far A and B are from orthonormal.
    template <class T>
      requires(Rank > 0)
    constexpr auto penalty(T& tape) const {
      return add(tape, orthogonality<false>(tape, leaf(tape, a)), orthogonality<true>(tape, leaf(tape, b)));
    }
    /// Whether each singular value is another than zero.
    [[nodiscard]] std::vector<bool> kept() const {
      std::vector<bool> all;
      for (const float value : e.read()) all.push_back(value != 0.0F);
      return all;
    }
    template <class Self, class F>
    static constexpr void visit(Self& self, F&& f, const Path& path) {
      f(Path{&path, "lora_A"}, self.a);
      f(Path{&path, "lora_B"}, self.b);
      f(Path{&path, "lora_E"}, self.e);
    }
    void initialize(Initializer& initializer) {
      a.assign(initializer.normal(Rank * In, 0.02F));
      b.assign(initializer.normal(Out * Rank, 0.02F));
      e.assign(std::vector<float>(Rank, 0.0F));
    }
  };

  template <class Where, class L>
  using at = delta_at<AdaLoRA, Where, L>;
};

}  // namespace graft
