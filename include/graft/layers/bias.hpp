/// \file
/// y(T,N) = x + b, every row     gradient: ops/products/bias.hpp
#pragma once

#include <graft/autodiff/ops/products/bias.hpp>
#include <graft/layers/layer.hpp>

namespace graft {

template <class B, Index N, class Role = Trainable>
class Bias {
 public:
  using backend = B;
  template <class S>
  using frozen = Bias<B, N, VectorRole<Constant<S>>>;
  using thawed = Bias<B, N>;
  using bias_thawed = Bias<B, N>;

  Parameter<B, Role, 1, N> bias;

  /// In place: y takes x's memory. requires: x's own backward does not need x's value.
  template <class T, Gradient G, class E>
  constexpr auto operator()(T& tape, Var<B, N, G, E> x) const {
    return add_bias(tape, x, bias);
  }
  template <class Self, class F>
  static constexpr void visit(Self& self, F&& f, const Path& path) {
    f(Path{&path, "bias"}, self.bias);
  }
  void initialize(Initializer& initializer) {
    if (initializer.base) bias.assign(std::vector<float>(N, 0.0F));
  }
};

}  // namespace graft
