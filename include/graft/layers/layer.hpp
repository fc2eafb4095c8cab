/// \file
/// The second of the five doors: what a layer is, and the words every layer shares.
#pragma once

#include <graft/autodiff/parameter.hpp>
#include <graft/autodiff/tape.hpp>
#include <graft/core/path.hpp>

#include <any>
#include <map>
#include <string>

namespace graft {

/// Parts of matrices that layers share: what is equal is kept once, as parameters that are copies of each other.
class SharedParts {
 public:
  /// p becomes a copy of the part of its size that was given under this name before, or takes `values()`.
  template <class P, class F>
  void give(P& p, const std::string& name, const F& values) {
    auto& part = made_[name + std::to_string(P::rows) + "x" + std::to_string(P::columns)];
    if (const auto* same = std::any_cast<P>(&part)) return void(p = *same);
    p.assign(values());
    part = p;
  }

 private:
  std::map<std::string, std::any> made_;
};

/// How `initialize` draws: whether the base's own weights are drawn too, or only what a method adds to them (the base
/// then comes from a file or is another model's). Both have streams of their own, so that a seed's base is the same
/// under any method, and what a method adds is the same over any base.
struct Initializer {
  RandomKey key;                                ///< where the streams of random numbers begin
  bool base = true;                             ///< whether the base's own weights are drawn too
  float deviation = 0.02F;                      ///< of the base's weights
  std::uint64_t drawn = 0, drawn_for_base = 0;  ///< how many streams have been drawn from
  SharedParts parts{};                          ///< what layers share

  /// Streams of one seed that are the base's, before those of methods.
  static constexpr std::uint64_t base_streams = 1U << 20U;
  /// What `model.initialize({.key = {seed, 0}})` draws beside the base.
  static Initializer over_base(std::uint64_t seed) { return {.key = {seed, base_streams}, .base = false}; }

  /// n of a base's weights, of N(0, deviation²), from the next of its streams.
  std::vector<float> base_weights(Index n) {
    return drawn_from({key.seed, key.stream + drawn_for_base++}, n,
                      [this](RandomKey k, Index i) { return deviation * standard_normal(k, i); });
  }
  /// n numbers of N(0, σ²), or of U(−bound, bound), for what a method adds.
  std::vector<float> normal(Index n, float sigma) {
    return drawn_from(next(), n, [sigma](RandomKey k, Index i) { return sigma * standard_normal(k, i); });
  }
  /// n numbers of U(−bound, bound) for what a method adds.
  std::vector<float> uniform(Index n, float bound) {
    return drawn_from(next(), n, [bound](RandomKey k, Index i) { return bound * (2.0F * uniform01(k, i) - 1.0F); });
  }

 private:
  RandomKey next() { return {key.seed, key.stream + (base ? base_streams : 0) + drawn++}; }
  template <class F>
  static std::vector<float> drawn_from(RandomKey from, Index n, const F& number) {
    std::vector<float> values(n);
    for (Index i = 0; i < n; ++i) values[i] = number(from, i);
    return values;
  }
};

/// requires: `L::frozen<S>` is the layer with every parameter constant (matrices in storage S); a layer of a base model
/// also has `L::thawed`, the layer with every parameter trained, and `L::bias_thawed`; `visit(self, f, path)` calls
/// f(path, parameter) for each parameter; `initialize` gives parameters their first values. A layer is called on a tape
/// and a `Var` and is written with ops, so that its gradient is derived.
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
/// The role of a layer's vectors, given that of its matrix.
template <class Role>
using VectorRole = typename VectorRoleOf<Role>::type;

/// For `each_site` of a model: calls f(path, parameter) for every parameter of the layers that it is shown.
template <class F>
struct EachParameter {
  F& f;  ///< what is called

  template <class L>
  constexpr void operator()(auto, const Path& path, L& layer) const {
    std::remove_const_t<L>::visit(layer, f, path);
  }
};

/// Trainable parameters of a layer or block, as a number of the type.
template <class L>
constexpr Index trainable_parameters(const L& layer) {
  Index count = 0;
  L::visit(layer, [&count](const Path&, const auto& p) { count += p.trainable ? p.size : 0; }, Path{});
  return count;
}

}  // namespace graft
