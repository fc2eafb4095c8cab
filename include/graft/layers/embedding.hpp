/// \file
/// y(T,C) = rows of W(V,C) named by token ids     gradient: ops/rows/embedding.hpp
#pragma once

#include <graft/autodiff/ops/rows/embedding.hpp>
#include <graft/core/error.hpp>
#include <graft/layers/layer.hpp>

#include <span>

namespace graft {

/// An embedding: rows of W(V,C) by token.
/// \tparam B backend \tparam V tokens \tparam C columns \tparam Role Trainable or Constant
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
  /// The same of ids on the host.
  /// \throws Error where one names no row.
  template <class T>
  constexpr auto operator()(T& tape, std::span<const Id> ids) const {
    for (const Id id : ids)
      if (id < 0 || static_cast<Index>(id) >= V)
        fail("an embedding of ", V, " rows has none of number ", id, " (0 to ", V - 1, ")");
    return (*this)(tape, tape.ids(ids.data(), ids.size()), ids.size());
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
