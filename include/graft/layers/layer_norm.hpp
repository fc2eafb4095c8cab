/// \file
/// y(T,N) = (x − mean(x)) / √(var(x) + ε) · w + b     gradient: ops/norms/layer_norm.hpp
#pragma once

#include <graft/autodiff/ops/norms/layer_norm.hpp>
#include <graft/layers/layer.hpp>

namespace graft {

/// Layer normalisation of rows (Ba et al. 2016).
/// \tparam B backend \tparam N columns \tparam WeightRole Trainable or Constant of Plain
/// \tparam BiasRole likewise
template <class B, Index N, class WeightRole = Trainable, class BiasRole = WeightRole>
class LayerNorm {
 public:
  using backend = B;
  template <class S>
  using frozen = LayerNorm<B, N, VectorRole<Constant<S>>>;
  using thawed = LayerNorm<B, N>;
  using bias_thawed = LayerNorm<B, N, WeightRole, Trainable>;

  float epsilon = 1e-5F;
  Parameter<B, WeightRole, 1, N> weight;
  Parameter<B, BiasRole, 1, N> bias;

  template <class T, Gradient G, class E>
  constexpr auto operator()(T& tape, Var<B, N, G, E> x) const {
    return layer_norm(tape, x, weight, bias, epsilon);
  }

  template <class Self, class F>
  static constexpr void visit(Self& self, F&& f, const Path& path) {
    f(Path{&path, "weight"}, self.weight);
    f(Path{&path, "bias"}, self.bias);
  }

  void initialize(Initializer& initializer) {
    if (!initializer.base) return;
    weight.assign(std::vector<float>(N, 1.0F));
    bias.assign(std::vector<float>(N, 0.0F));
  }
};

}  // namespace graft
