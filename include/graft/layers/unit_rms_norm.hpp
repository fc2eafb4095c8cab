/// \file
/// y(T,N) = x / √(mean(x²) + ε) · (1 + w)     gradient: ops/rms_norm.hpp
#pragma once

#include <graft/autodiff/ops/rms_norm.hpp>
#include <graft/layers/layer.hpp>

namespace graft {

/// Gemma's norm (Riviere et al. 2024): weight decay pulls the gain to 1.
template <class B, Index N, class Role = Trainable>
class UnitRMSNorm {
 public:
  using backend = B;
  template <class S>
  using frozen = UnitRMSNorm<B, N, VectorRole<Constant<S>>>;
  using thawed = UnitRMSNorm<B, N>;
  using bias_thawed = UnitRMSNorm;

  float epsilon = 1e-6F;
  Parameter<B, Role, 1, N> weight;

  /// The norm of x in elements E as the source of other ops: nothing but x need be saved.
  template <class E, class T, Gradient G, class X>
  constexpr auto source(T& tape, Var<B, N, G, X> x) const {
    auto norm = rms_norm_of<E>(tape, x, weight, epsilon);
    norm.w = tape.template scratch<float>(N);
    tape.run(2 * N, [gain = norm.w, w = weight.value()](auto on) {
      fill(gain, N, 1.0F, on);
      scale(gain, w, 1.0F, N, true, on);
    });
    return norm;
  }

  template <class T, Gradient G, class E>
  constexpr auto operator()(T& tape, Var<B, N, G, E> x) const {
    return value_of(tape, source<E>(tape, x));
  }

  template <class Self, class F>
  static constexpr void visit(Self& self, F&& f, const Path& path) {
    f(Path{&path, "weight"}, self.weight);
  }

  void initialize(Initializer& initializer) {
    if (initializer.base) weight.assign(std::vector<float>(N, 0.0F));
  }
};

}  // namespace graft
