/// \file
/// What a block is about to add to the sum that runs through it, h = layer(source), for layers that stand there (adapters).
#pragma once

#include <graft/layers/absent.hpp>
#include <graft/layers/apply.hpp>

namespace graft {

template <class B, class S, class L>
struct Sublayer {
  S source;
  InputRows<B> how;
  const L* layer;

  /// h(T,C)
  template <class T>
  constexpr auto alone(T& tape) const {
    return std::get<0>(apply<float>(tape, source, how, *layer));
  }
  /// residual + h
  template <class T, class R>
  constexpr auto onto(T& tape, R residual) const {
    return apply_onto(tape, residual, source, how, *layer);
  }
};
template <class B, class S, class L>
Sublayer(S, InputRows<B>, const L*) -> Sublayer<B, S, L>;

/// residual + h, or what the layer at the site makes of the two. `shared`: what the model keeps once for all blocks.
template <class T, class R, class Sub, class At, class M>
constexpr auto joined(T& tape, const At& site, R residual, const Sub& sublayer, const M& shared) {
  if constexpr (is_absent<At>) return sublayer.onto(tape, residual);
  else return site.onto(tape, residual, sublayer, shared);
}

}  // namespace graft
