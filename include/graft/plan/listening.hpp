/// \file
/// A method that changes nothing and notes, in every layer, what a pass does there: whether a gradient can reach what
/// the layer reads and what it yields, and what it keeps for the backward sweep. `Methods<M, Listen>` listens to a
/// model of M (plan/explain.hpp).
#pragma once

#include <graft/autodiff/tape.hpp>
#include <graft/layers/absent.hpp>
#include <graft/layers/linear.hpp>

#include <algorithm>

namespace graft {

/// What one layer noted, of all its calls.
struct Heard {
  bool called = false;
  bool reads = false;   ///< gradient flows back into what it reads
  bool yields = false;  ///< gradient arrives at what it yields
  Index saved = 0;      ///< bytes beside the result, for one pass; of layers that it calls itself, theirs
  inline static thread_local Index in_all = 0;

  template <class T, class Layer>
  auto of(T& tape, bool reads_tracked, const Layer& layer) {
    const Index used = tape.mark().used, others = in_all;
    const auto y = layer();
    using Y = std::remove_const_t<decltype(y)>;
    const Index more = tape.mark().used - used, result = y.rows * Y::columns * sizeof(typename Y::element),
                theirs = in_all - others;
    const Index mine = more > result + theirs ? more - result - theirs : 0;
    in_all += mine;
    called = true;
    reads = reads || reads_tracked;
    yields = yields || Y::tracked;
    saved = std::max(saved, mine);
    return y;
  }
};

template <class V>
inline constexpr bool is_tracked = false;
template <class B, Index N, class E>
inline constexpr bool is_tracked<Var<B, N, Gradient::tracked, E>> = true;

/// The layer, called by itself and not as part of a product with others.
template <class L>
struct Listening : L {
  mutable Heard heard{};
  void projection() const = delete;
  template <class E, class... Args>
  void source(const Args&...) const = delete;

  template <class T, class X, class... More>
  auto operator()(T& tape, const X& x, const More&... more) const {
    return heard.of(tape, is_tracked<X>, [&] { return L::operator()(tape, x, more...); });
  }
  template <class T, class R, class Sub, class M>
  auto onto(T& tape, const R& residual, const Sub& sublayer, const M& shared) const {
    return heard.of(tape, is_tracked<decltype(sublayer.onto(tape, residual))>,
                    [&] { return L::onto(tape, residual, sublayer, shared); });
  }
};

template <class L>
inline constexpr bool listens = false;
template <class L>
inline constexpr bool listens<Listening<L>> = true;

/// What a layer noted; nothing where there is none of its own.
template <class L>
Heard heard_by(const L& layer) {
  if constexpr (listens<L>) return layer.heard;
  else return {};
}

struct Listen {
  template <class Where, class L>
  using at = std::conditional_t<is_absent<L> || is_tied<L>, L, Listening<L>>;
};

}  // namespace graft
