/// \file
/// What a trainer asks of what it trains: a whole model, or one layer that its host runs.
#pragma once

#include <graft/autodiff/gradient_range.hpp>
#include <graft/core/path.hpp>
#include <graft/core/types.hpp>

#include <vector>

namespace graft {

/// A model, which reads batches and has a loss of its own (models/parts/model.hpp).
template <class M>
concept WholeModel = requires {
  typename M::config;
  M::trainable_parameters;
};

/// For `visit`: calls f(path, parameter) for the trained ones.
template <class F>
struct IfTrained {
  const F& f;

  template <class P>
  constexpr void operator()(const Path& path, P& p) const {
    if constexpr (P::trainable) f(path, p);
  }
};

/// Where a trained parameter's gradient lies, and of how many floats it is.
template <class B>
struct PlacedGradient {
  GradientRange<B>* range;
  Index size;
};
/// For `visit`: gathers where gradients lie.
template <class B>
struct PlacedGradients {
  std::vector<PlacedGradient<B>>& all;

  template <class P>
  void operator()(const Path&, P& p) const {
    all.push_back({&p.gradient_range(), P::size});
  }
};

/// A lone layer: it reads no batches, and its parameters are named as they are within it.
template <class L>
struct Trainee {
  static constexpr Index members = 1;
  static constexpr bool activates = false, has_trunk = false;

  template <class F>
  static void each_layer(L& layer, const F& f) {
    f(layer);
  }
  template <class F>
  static void visit(L& layer, const F& f) {
    L::visit(layer, f, Path{});
  }
};

template <WholeModel M>
struct Trainee<M> {
  static_assert(M::trainable_parameters > 0,
                "graft: this model's method trains nothing: check that the sites of On<...> and the range of "
                "Blocks<...> exist in the architecture");
  /// Adapters of a bank, each with a mean loss, a norm and steps of its own.
  static constexpr Index members = M::members;
  /// Whether a batch's owners say where an adapter is on, and not which of several.
  static constexpr bool activates = M::activates;
  /// Whether there is anything to keep between epochs (train/trunk_cache.hpp).
  static constexpr bool has_trunk = M::trunk_blocks > 0;

  template <class F>
  static void each_layer(M& model, const F& f) {
    M::each_site(model, [&f](auto, const Path&, auto& layer) { f(layer); });
  }
  template <class F>
  static void visit(M& model, const F& f) {
    M::visit(model, f);
  }
};

}  // namespace graft
