/// \file
/// The second of the five doors: what a layer is, and the words every layer shares.
#pragma once

#include <graft/autodiff/parameter.hpp>
#include <graft/autodiff/tape.hpp>
#include <graft/core/path.hpp>

namespace graft {

/// How `initialize` draws: from which stream, and whether the base's own weights are drawn too or only what a method
/// adds to them (the base then comes from a file).
struct Initializer {
  RandomKey key;
  bool base = true;
  float deviation = 0.02F;

  /// n numbers of N(0, σ²), or of U(−bound, bound), from the next stream.
  std::vector<float> normal(Index n, float sigma) {
    std::vector<float> values(n);
    for (Index i = 0; i < n; ++i) values[i] = sigma * standard_normal(key, i);
    ++key.stream;
    return values;
  }
  std::vector<float> uniform(Index n, float bound) {
    std::vector<float> values(n);
    for (Index i = 0; i < n; ++i) values[i] = bound * (2.0F * uniform01(key, i) - 1.0F);
    ++key.stream;
    return values;
  }
};

/// requires: `L::frozen<S>` is the layer with every parameter constant (matrices in storage S); a layer of a base model
/// also has `L::thawed`, the layer with every parameter trained, and `L::bias_thawed`; `visit(self, f, path)` calls f(path, parameter) for each parameter;
/// `initialize` gives parameters their first values. A layer is called on a tape and a `Var` and is written with ops,
/// so that its gradient is derived.
template <class L>
concept Layer = requires(L& layer, Initializer& initializer, const Path& path) {
  typename L::backend;
  typename L::template frozen<F32>;
  layer.initialize(initializer);
  L::visit(layer, [](const Path&, auto&) {}, path);
};

/// The layer with nothing to train, its matrices kept in storage S.
template <class L, Storage S = F32>
using Frozen = typename L::template frozen<S>;

/// The role of a layer's vectors (biases, gains), given that of its matrix: frozen vectors are always floats.
template <class Role>
struct VectorRoleOf {
  using type = Constant<Plain>;
};
template <>
struct VectorRoleOf<Trainable> {
  using type = Trainable;
};
template <class Role>
using VectorRole = typename VectorRoleOf<Role>::type;

/// Trainable parameters of a layer or block, as a number of the type.
template <class L>
constexpr Index trainable_parameters(const L& layer) {
  Index count = 0;
  L::visit(layer, [&count](const Path&, const auto& p) { count += p.trainable ? p.size : 0; }, Path{});
  return count;
}

}  // namespace graft
