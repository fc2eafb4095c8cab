/// \file
/// VeRA (Kopiczko et al. 2023):   y = x Wᵀ + b + v ∘ ((d ∘ (x Aᵀ)) Bᵀ),   A(R,In), B(Out,R) random, frozen and the same everywhere,
/// d(R), v(Out) trained. Layers of other sizes use the upper left of the same A and B.
#pragma once

#include <graft/autodiff/ops/matmul.hpp>
#include <graft/autodiff/ops/scale_columns.hpp>
#include <graft/peft/delta.hpp>

namespace graft {

/// `VeRA<256>`, with LoRA's `On<…>` and `Blocks<…>`.
template <Index Rank, class... Options>
struct VeRA {
  static constexpr const char* peft_type = "VERA";
  template <class F>
  static void each_option(F&& f) {
    f("r", Rank);
    f("save_projection", true);
    f("bias", "none");
  }

  template <class B, Index Out, Index In>
  struct Weights {
    Parameter<B, Constant<F32>, Rank, In> a;
    Parameter<B, Constant<F32>, Out, Rank> b;
    Parameter<B, Trainable, 1, Rank> d;
    Parameter<B, Trainable, 1, Out> v;

    template <class T, class X>
    constexpr auto path(T& tape, X x) const {
      return scale_columns(tape, matmul(tape, scale_columns(tape, matmul(tape, x, a), row(tape, d)), b), row(tape, v));
    }
    /// v ∘ B (d ∘ A)
    [[nodiscard]] std::vector<float> delta_values() const {
      const auto left = b.read(), right = a.read(), inner = d.read(), outer = v.read();
      std::vector<float> w(Out * In, 0.0F);
      for (Index o = 0; o < Out; ++o)
        for (Index r = 0; r < Rank; ++r)
          for (Index i = 0; i < In; ++i) w[o * In + i] += outer[o] * left[o * Rank + r] * inner[r] * right[r * In + i];
      return w;
    }
    template <class Self, class F>
    static constexpr void visit(Self& self, F&& f, const Path& path) {
      f(Path{&path, "vera_lambda_d"}, self.d);
      f(Path{&path, "vera_lambda_b"}, self.v);
    }
    /// What all layers share, by its name in files.
    template <class Self, class F>
    static void each_shared(Self& self, F&& f) {
      f("base_model.vera_A", self.a);
      f("base_model.vera_B", self.b);
    }
    void initialize(Initializer&) {
      each_shared(*this, [](const char* name, auto& p) {
        using P = std::remove_cvref_t<decltype(p)>;
        std::vector<float> values(P::size);
        const float bound = std::sqrt(6.0F / static_cast<float>(Rank));
        for (Index i = 0; i < P::rows; ++i)  // by place and not in sequence, so that it is the same in layers of any size
          for (Index j = 0; j < P::columns; ++j) values[i * P::columns + j] = bound * (2.0F * uniform01({0, static_cast<std::uint64_t>(name[16]) << 32U | i}, j) - 1.0F);
        p.assign(values);
      });
      d.assign(std::vector<float>(Rank, 0.1F));
      v.assign(std::vector<float>(Out, 0.0F));
    }
  };

  template <class Where, class L>
  using at = delta_at<VeRA, LoRA<Rank, Options...>, Where, L>;
};

}  // namespace graft
