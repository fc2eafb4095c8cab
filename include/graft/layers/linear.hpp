/// \file
/// y(T,Out) = x(T,In) Wᵀ + b     W(Out,In), b(Out) optional
///     gradients: ops/products/matmul.hpp, ops/products/bias.hpp
#pragma once

#include <graft/autodiff/ops/products/bias.hpp>
#include <graft/autodiff/ops/products/matmul.hpp>
#include <graft/layers/layer.hpp>

#include <cmath>

namespace graft {

/// Stands where a layer has no bias.
struct NoBias {};

/// A linear layer, x(T,In) Wᵀ + b.
/// \tparam B backend \tparam In columns of the input \tparam Out columns of the output
/// \tparam Bias whether there is a bias b(Out) \tparam WeightRole Trainable, or Constant of a storage
/// \tparam BiasRole unless said Trainable where the weight is, and else Constant
template <class B, Index In, Index Out, bool Bias = false, class WeightRole = Trainable,
          class BiasRole = VectorRole<WeightRole>>
class Linear {
 public:
  using backend = B;
  static constexpr Index in = In, out = Out;
  static constexpr bool has_bias = Bias;
  static constexpr bool completes_sums = true;
  template <class S>
  using frozen = Linear<B, In, Out, Bias, Constant<S>>;
  using thawed = Linear<B, In, Out, Bias>;
  using bias_thawed = Linear<B, In, Out, Bias, WeightRole, std::conditional_t<Bias, Trainable, BiasRole>>;

  Matrix<B, WeightRole, Out, In> weight;
  [[no_unique_address]] std::conditional_t<Bias, Parameter<B, BiasRole, 1, Out>, NoBias> bias;

  /// The product, to be computed together with others of the same input, and what is left to do after it.
  [[nodiscard]] constexpr auto projection() const { return projection_of(weight); }
  template <class T, class Y>
  constexpr auto complete(T& tape, Y y) const {
    if constexpr (Bias) return add_bias(tape, y, bias);
    else return y;
  }

  template <class T, Index N, Gradient G, class E>
  constexpr auto operator()(T& tape, Var<B, N, G, E> x) const {
    static_assert(N == In,
                  "graft: a Linear layer was given a value of another width; the comparison below is (width given == "
                  "width the layer reads)");
    if constexpr (N == In) return complete(tape, matmul(tape, x, weight));
    else return Var<B, Out, G, E>{};
  }

  template <class Self, class F>
  static constexpr void visit(Self& self, F&& f, const Path& path) {
    f(Path{&path, "weight"}, self.weight);
    if constexpr (Bias) f(Path{&path, "bias"}, self.bias);
  }

  void initialize(Initializer& initializer) {
    if (!initializer.base) return;
    weight.assign(initializer.base_weights(Out * In));
    if constexpr (Bias) bias.assign(std::vector<float>(Out, 0.0F));
  }
  /// U(−1/√In, 1/√In), PyTorch's choice for the layers that a method adds.
  void initialize_uniform(Initializer& initializer) {
    const float bound = 1.0F / std::sqrt(static_cast<float>(In));
    weight.assign(initializer.uniform(Out * In, bound));
    if constexpr (Bias) bias.assign(initializer.uniform(Out, bound));
  }
};

/// A linear layer that shares the weight of the token embedding: it owns nothing. Unfreezing it alone unties it.
template <class L>
class Tied {
 public:
  using backend = typename L::backend;
  using untied = L;
  static constexpr Index in = L::in, out = L::out;
  template <class S>
  using frozen = Tied;
  using thawed = Tied;
  using bias_thawed = Tied;

  template <class Self, class F>
  static constexpr void visit(Self&, F&&, const Path&) {}
  void initialize(Initializer&) {}
};

template <class L>
concept is_tied = requires { typename L::untied; };

}  // namespace graft
