/// \file
/// y(T,N) = x / √(mean(x²) + ε) · w,  or · (1 + w) as Gemma has it (Riviere et al. 2024)
///     gradient: ops/norms/rms_norm.hpp
#pragma once

#include <graft/autodiff/ops/norms/rms_norm.hpp>
#include <graft/layers/layer.hpp>

namespace graft {

/// AboutOne: the gain is 1 + w, so that weight decay pulls it to 1.
template <class B, Index N, class Role = Trainable, bool AboutOne = false>
class RMSNorm {
 public:
  using backend = B;
  template <class S>
  using frozen = RMSNorm<B, N, VectorRole<Constant<S>>, AboutOne>;
  using thawed = RMSNorm<B, N, Trainable, AboutOne>;
  using bias_thawed = RMSNorm;

  float epsilon = 1e-6F;
  Parameter<B, Role, 1, N> weight;

  /// The norm of x in elements E as the source of other ops: nothing but x need be saved.
  template <class E, class T, Gradient G, class X>
  constexpr auto source(T& tape, Var<B, N, G, X> x) const {
    auto norm = rms_norm_of<E>(tape, x, weight, epsilon);
    if constexpr (AboutOne) {
      norm.w = tape.template scratch<float>(N);
      tape.run(2 * N, [gain = norm.w, w = weight.value()](auto on) {
        fill(gain, N, 1.0F, on);
        scale(gain, w, 1.0F, N, true, on);
      });
    }
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
    if (initializer.base) weight.assign(std::vector<float>(N, AboutOne ? 0.0F : 1.0F));
  }
};
/// Gemma's norm.
template <class B, Index N>
using UnitRMSNorm = RMSNorm<B, N, Trainable, true>;

}  // namespace graft
