/// \file
/// What the blocks of all families share.
#pragma once

#include <graft/autodiff/ops/rows/interleave.hpp>
#include <graft/layers/absent.hpp>
#include <graft/layers/apply.hpp>
#include <graft/layers/attention_context.hpp>
#include <graft/layers/sublayer.hpp>
#include <graft/peft/contract/method.hpp>

namespace graft {

/// The layers at a block's sites.
template <class... Ls>
struct SiteList {
  /// Whether anything is trained here. Only where sites are on `meta`, which has no memory.
  static constexpr bool trains() { return (trainable_parameters(Ls{}) + ...) > 0; }
  /// What a method could not do in this block.
  using refused = FirstComplaint<Ls...>;
  /// Equal for blocks that may share a type.
  using kind = void (*)(Ls...);
};

/// What all blocks read beside their input. E: the elements of activations; the sum that runs through the blocks is
/// always of floats.
template <class B, class Context, class E, class Table, class Common>
struct BlockContext {
  using element = E;
  Context seen;      ///< the keys and values that queries see
  Table rotary;      ///< where tokens stand, for families that turn queries and keys
  InputRows<B> how;  ///< whether norms and SwiGLU are computed again backwards, and whose rows are
  Pointer<B, Id> positions;
  Index tokens;
  const Common* shared;  ///< what a method keeps once for all blocks
};

/// Where a family's tokens know where they stand from their embedding.
struct PositionsInEmbedding {};

/// A norm that products make on their way in.
template <class Norm, class E, class T, class X>
concept SourceNorm = requires(const Norm& norm, T& tape, X x) {
  norm.template source<E>(tape, x);
};

/// The norm of x as a source of products, whatever a method made of the layer.
template <class E, class T, class Norm, class X>
constexpr auto normed(T& tape, const Norm& norm, X x) {
  if constexpr (SourceNorm<Norm, E, T, X>) return norm.template source<E>(tape, x);
  else return Given{as_elements<E>(tape, norm(tape, x))};
}

/// x(T,H·Width), each head's columns normed, in families that do so.
template <Index Width, class T, class Norm, class X>
constexpr auto normed_heads(T& tape, const Norm& norm, X x) {
  if constexpr (is_absent<Norm>) return x;
  else return reshaped<X::columns>(norm(tape, reshaped<Width>(x)));
}

}  // namespace graft
