/// \file
/// AdaLoRA (Zhang et al. 2023):   y = x Wᵀ + b + s ((x Aᵀ) ∘ e) Bᵀ,   A(R,In), B(Out,R), e(R),   s = α / (R + 1e-5)
/// A singular value decomposition that is trained: e starts at zero, and the loss has ½ of the mean of ‖A Aᵀ − I‖ and ‖Bᵀ B − I‖ over all
/// layers beside it. train/rank_budget.hpp sets the least important e to zero as training goes on.
#pragma once

#include <graft/autodiff/ops/matmul.hpp>
#include <graft/autodiff/ops/orthogonality.hpp>
#include <graft/autodiff/ops/scale_columns.hpp>
#include <graft/peft/delta.hpp>

namespace graft {

/// `AdaLoRA<12>` starts with rank 12 everywhere; with LoRA's `On<…>`, `Blocks<…>` and `Alpha<…>`.
template <Index Rank, class... Options>
struct AdaLoRA {
  static constexpr const char* peft_type = "ADALORA";
  static constexpr Index initial_rank = Rank;
  static constexpr float scaling = static_cast<float>(LoRA<Rank, Options...>::settings.alpha / (static_cast<double>(Rank) + 1e-5));
  /// The share of the mean penalty in the loss.
  static constexpr float penalty_weight = 0.5F;
  template <class F>
  static void each_option(F&& f) {
    f("init_r", Rank);
    f("lora_alpha", LoRA<Rank, Options...>::settings.alpha);
    f("orth_reg_weight", 0.5);
  }
  /// What PEFT wants to read and a finished adapter does not depend on: a schedule that leaves the rank as it is.
  template <class F>
  static void each_formality(F&& f) {
    f("target_r", Rank);
    f("total_step", 2);
    f("tinit", 0);
    f("tfinal", 0);
    f("deltaT", 1);
  }

  template <class B, Index Out, Index In>
  struct Weights {
    Parameter<B, Trainable, Rank, In> a;
    Parameter<B, Trainable, Out, Rank> b;
    TrainedTensor<B, Rank, 1> e;

    template <class T, class X>
    constexpr auto path(T& tape, X x) const {
      return scale(tape, matmul(tape, scale_columns(tape, matmul(tape, x, a), row(tape, e)), b), scaling);
    }
    /// s B diag(e) A
    template <class T>
    constexpr auto delta(T& tape) const {
      return scale(tape, product_nn(tape, scale_columns(tape, leaf(tape, b), row(tape, e)), leaf(tape, a)), scaling);
    }
    /// What the loss has beside it: a sum of `penalties` terms, whose mean over all layers counts.
    static constexpr Index penalties = 2;
    template <class T>
    constexpr auto penalty(T& tape) const {
      return add(tape, orthogonality<false>(tape, leaf(tape, a)), orthogonality<true>(tape, leaf(tape, b)));
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
  using at = delta_at<AdaLoRA, LoRA<Rank, Options...>, Where, L>;
};

}  // namespace graft
