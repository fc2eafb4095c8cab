/// \file
/// What a block is about to add to the sum that runs through it, h = layer(source), for layers that stand there
/// (adapters).
#pragma once

#include <graft/layers/absent.hpp>
#include <graft/layers/apply.hpp>

namespace graft {

/// Where a block does not norm its sums.
struct AsItIs {
  template <class T, class X>
  constexpr X operator()(T&, X x) const {
    return x;
  }
};

template <class B, class S, class L, class Norm = AsItIs>
struct Sublayer {
  S source;
  InputRows<B> how;
  const L* layer;
  const Norm* norm = nullptr;  ///< what the sum passes through, where a block norms behind it

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
  /// The sum as others find it.
  template <class T, class X>
  constexpr auto normed(T& tape, X sum) const {
    if constexpr (std::is_same_v<Norm, AsItIs>) return sum;
    else return (*norm)(tape, sum);
  }
};
template <class B, class S, class L>
Sublayer(S, InputRows<B>, const L*) -> Sublayer<B, S, L>;
template <class B, class S, class L, class Norm>
Sublayer(S, InputRows<B>, const L*, const Norm*) -> Sublayer<B, S, L, Norm>;

/// The same where a block norms what it adds: h = norm(layer(source)).
template <class B, class S, class L, class Norm>
struct NormedSublayer {
  S source;
  InputRows<B> how;
  const L* layer;
  const Norm* norm;

  template <class T>
  constexpr auto alone(T& tape) const {
    return (*norm)(tape, std::get<0>(apply<float>(tape, source, how, *layer)));
  }
  template <class T, class R>
  constexpr auto onto(T& tape, R residual) const {
    return add(tape, residual, alone(tape));
  }
  template <class T, class X>
  constexpr auto normed(T&, X sum) const {
    return sum;
  }
};
template <class B, class S, class L, class Norm>
NormedSublayer(S, InputRows<B>, const L*, const Norm*) -> NormedSublayer<B, S, L, Norm>;

/// residual + h, or what the layer at the site makes of the two. `shared`: what the model keeps once for all blocks.
template <class T, class R, class Sub, class At, class M>
constexpr auto joined(T& tape, const At& site, R residual, const Sub& sublayer, const M& shared) {
  if constexpr (is_absent<At>) return sublayer.onto(tape, residual);
  else return site.onto(tape, residual, sublayer, shared);
}

}  // namespace graft
