/// \file
/// y(T,C) = rows of W(V,C) named by token ids     gradient: ops/embedding.hpp
#pragma once

#include <graft/autodiff/ops/embedding.hpp>
#include <graft/layers/layer.hpp>

namespace graft {

template <class B, Index V, Index C, class Role = Trainable>
class Embedding {
 public:
  using backend = B;
  static constexpr Index width = C;
  template <class S>
  using frozen = Embedding<B, V, C, Constant<S>>;
  using thawed = Embedding<B, V, C>;
  using bias_thawed = Embedding;

  Matrix<B, Role, V, C> weight;

  template <class T>
  constexpr auto operator()(T& tape, Pointer<B, Id> ids, Index count) const {
    return embedding(tape, ids, count, weight);
  }

  template <class Self, class F>
  static constexpr void visit(Self& self, F&& f, const Path& path) {
    f(Path{&path, "weight"}, self.weight);
  }

  void initialize(Initializer& initializer) {
    if (initializer.base) weight.assign(initializer.base_weights(V * C));
  }
};

}  // namespace graft
