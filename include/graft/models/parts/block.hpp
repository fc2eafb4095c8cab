/// \file
/// What the blocks of all families share.
#pragma once

#include <graft/autodiff/ops/rows/gather.hpp>
#include <graft/autodiff/ops/rows/interleave.hpp>
#include <graft/autodiff/tape.hpp>
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

/// What all blocks of a model see beside their input.
template <class Model, class Seen>
struct BlockView {
  using B = typename Model::backend;
  using element = typename Model::element;  ///< of activations; the sum that runs through the blocks is of floats
  using Table = decltype(Model::family::template positions_of<typename Model::config>(
      std::declval<Inference<B>&>(), std::declval<const PlacedBatch<B>&>()));
  Seen seen;         ///< the keys and values that queries see
  Table rotary;      ///< where tokens stand, for families that turn queries and keys
  InputRows<B> how;  ///< whether norms and SwiGLU are computed again backwards, and whose rows are
  Pointer<B, Id> positions;
  Index tokens;
  decltype(&std::declval<const Model&>().shared) shared;  ///< what a method keeps once for all blocks
};

/// Where a family's tokens know where they stand from their embedding.
struct PositionsInEmbedding {};

/// A norm that products make on their way in.
template <class Norm, class E, class T, class X>
concept SourceNorm = requires(const Norm& norm, T& tape, X x) { norm.template source<E>(tape, x); };

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

/// Attention of queries over what they see of a block's keys and values, and of those that the context has besides.
template <class C, class T, class Context, class Q, class K, class V>
constexpr auto attended_by(T& tape, const Context& context, Index number, Q q, K new_k, V new_v, AttentionRule rule) {
  const auto [k, v] = context.seen.visible(tape, number, new_k, new_v);
  return attention<C::heads, C::groups>(tape, q, k, v, context.seen.sequences, rule);
}

/// How products behind attention are made, of the rows that go on.
template <class B>
constexpr InputRows<B> of_rows(const InputRows<B>& how, const Rows<B>& rows) {
  return {how.remake, rows.all ? how.owners : rows.owners};
}

/// What a block yields: y, or what a method makes of it.
template <class T, class Room, class Y, class Context, class Kept>
constexpr auto block_result(T& tape, const Room& block_output, Y y, const Context& context, const Kept& rows) {
  if constexpr (is_absent<Room>) return y;
  else return block_output(tape, y, context, rows);
}

/// Calls f(site, path, layer) for a decoder block's rooms.
template <class Self, class F>
constexpr void each_room(Self& self, F&& f, const Path& path) {
  f(AfterAttention{}, Path{&path, "attention_adapters"}, self.after_attention);
  f(AfterMlp{}, Path{&path, "output_adapters"}, self.after_mlp);
  f(BlockOutput{}, Path{&path, "reft_layer"}, self.block_output);
}

}  // namespace graft
