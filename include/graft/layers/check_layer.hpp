/// \file
/// The public judge of layers: the same examination for yours as for graft's.
#pragma once

#include <graft/autodiff/check_gradients.hpp>
#include <graft/autodiff/ops/losses/cross_entropy.hpp>
#include <graft/autodiff/ops/pointwise/multiply.hpp>
#include <graft/layers/layer.hpp>

namespace graft {

/// Compares the tape's gradients of a layer with finite differences: with respect to its input x(rows, Columns) and to
/// every trained parameter. The layer is called on random values and its output summed with uneven weights. requires:
/// the layer's parameters have values.
template <Index Columns, class L>
GradientReport check_layer(const L& layer, Index rows = 3, std::uint64_t seed = 1) {
  using B = typename L::backend;
  const auto draw = [seed](Index n, std::uint64_t stream) {
    std::vector<float> values(n);
    for (Index i = 0; i < n; ++i) values[i] = 0.7F * standard_normal({seed, stream}, i);
    return values;
  };
  const Buffer<B> input(rows * Columns * sizeof(float));
  upload<B>(input.template as<float>(), std::span<const float>(draw(rows * Columns, 1)));
  const std::vector<Id> targets(rows, 0);
  Workspace<B> workspace;
  const auto forward = [&](auto& tape, auto x) {
    const auto y = layer(tape, x);
    const auto weights = tape.template value<decltype(y)::columns>(y.rows);
    upload<B>(weights.data, std::span<const float>(draw(weights.size(), 2)));
    return cross_entropy(tape, multiply(tape, y, weights), tape.ids(targets.data(), rows));
  };

  std::vector<Watched<B>> watched;
  {
    Tape<B> tape(workspace);
    const auto x = tape.track(Var<B, Columns>{rows, input.template as<float>()});
    tape.backward(forward(tape, x));
    watched.push_back({x.data, x.size(), download<B>(tape.adjoint(x), x.size())});
  }
  L::visit(
      layer,
      [&watched](const Path&, const auto& p) {
        if constexpr (std::remove_cvref_t<decltype(p)>::trainable) {
          watched.push_back({p.value(), p.size, download<B>(p.gradient(), p.size)});
          launch<B>([&p](auto on) { fill(p.gradient(), p.size, 0.0F, on); });
        }
      },
      Path{});
  return check_gradients<B>(watched, [&] {
    workspace.reset();
    Inference<B> tape(workspace);
    return download<B>(forward(tape, Var<B, Columns>{rows, input.template as<float>()}).data, 1)[0];
  });
}

}  // namespace graft
