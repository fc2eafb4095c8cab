/// \file
/// y(T,N) = x / √(mean(x²) + ε) · w     gradient: ops/rms_norm.hpp
#pragma once

#include <graft/autodiff/ops/rms_norm.hpp>
#include <graft/layers/layer.hpp>

namespace graft {

template <class B, Index N, class Role = Trainable>
class RMSNorm {
 public:
  using backend = B;
  template <class S>
  using frozen = RMSNorm<B, N, VectorRole<Constant<S>>>;
  using thawed = RMSNorm<B, N>;
  using bias_thawed = RMSNorm;

  float epsilon = 1e-6F;
  Parameter<B, Role, 1, N> weight;

  /// The norm of x in elements E as the source of other ops: nothing but x need be saved.
  template <class E, class T, Gradient G, class X>
  constexpr auto source(T& tape, Var<B, N, G, X> x) const {
    return rms_norm_of<E>(tape, x, weight, epsilon);
  }

  template <class T, Gradient G, class E>
  constexpr auto operator()(T& tape, Var<B, N, G, E> x) const {
    return rms_norm(tape, x, weight, epsilon);
  }

  template <class Self, class F>
  static constexpr void visit(Self& self, F&& f, const Path& path) {
    f(Path{&path, "weight"}, self.weight);
  }

  void initialize(Initializer& initializer) {
    if (initializer.base) weight.assign(std::vector<float>(N, 1.0F));
  }
};

}  // namespace graft
