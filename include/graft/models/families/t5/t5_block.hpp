/// \file
/// One block of T5 (Raffel et al. 2020), of its encoder or of its decoder:
///   a = x + Output(relative attention(Query(n), Key(n), Value(n))),                       n = InputNorm(x)
///   b = a + CrossOutput(attention(CrossQuery(m), CrossKey(source), CrossValue(source))),
///       m = CrossNorm(a): the decoder's alone
///   y = b + Down(gelu(Gate(o)) ∘ Up(o)),  or b + Down(relu(Up(o))),                        o = MlpNorm(b)
/// Scores are not divided by √D.
#pragma once

#include <graft/autodiff/ops/attention/relative_attention.hpp>
#include <graft/autodiff/ops/pointwise/gelu.hpp>
#include <graft/autodiff/ops/pointwise/multiply.hpp>
#include <graft/autodiff/ops/pointwise/pointwise.hpp>
#include <graft/autodiff/ops/rows/gather.hpp>
#include <graft/layers/linear.hpp>
#include <graft/layers/rms_norm.hpp>
#include <graft/models/families/t5/t5_config.hpp>
#include <graft/models/parts/block.hpp>
#include <graft/models/parts/model.hpp>
#include <graft/peft/low_rank/lora.hpp>

namespace graft {

/// The block's layers as method M leaves them at block number I: those of the encoder come first.
template <T5Config C, Method M, class B, Storage S, Index I>
struct T5Sites {
  static constexpr bool decodes = I >= C::encoder_blocks;
  static constexpr Index inner = C::heads * C::head_width;
  template <Site Where, class L>
  using at = site_t<M, Place<Where, static_cast<std::ptrdiff_t>(I), C::encoder_blocks + C::blocks, S>, L>;
  template <bool There, Site Where, class L>
  using there = at_if_there<There, Absent<B, C>, M,
                            Place<Where, static_cast<std::ptrdiff_t>(I), C::encoder_blocks + C::blocks, S>, L>;

  using input_norm = at<InputNorm, RMSNorm<B, C::width>>;
  using query = at<Query, Linear<B, C::width, inner>>;
  using key = at<Key, Linear<B, C::width, inner>>;
  using value = at<Value, Linear<B, C::width, inner>>;
  using output = at<Output, Linear<B, inner, C::width>>;
  using cross_norm = there<decodes, CrossNorm, RMSNorm<B, C::width>>;
  using cross_query = there<decodes, CrossQuery, Linear<B, C::width, inner>>;
  using cross_key = there<decodes, CrossKey, Linear<B, C::width, inner>>;
  using cross_value = there<decodes, CrossValue, Linear<B, C::width, inner>>;
  using cross_output = there<decodes, CrossOutput, Linear<B, inner, C::width>>;
  using mlp_norm = at<MlpNorm, RMSNorm<B, C::width>>;
  using gate = there<C::gated, Gate, Linear<B, C::width, C::feed_forward>>;
  using up = at<Up, Linear<B, C::width, C::feed_forward>>;
  using down = at<Down, Linear<B, C::feed_forward, C::width>>;
  using after_attention = at<AfterAttention, Absent<B, C>>;
  using after_mlp = at<AfterMlp, Absent<B, C>>;
  using all = SiteList<input_norm, query, key, value, output, cross_norm, cross_query, cross_key, cross_value,
                       cross_output, mlp_norm, gate, up, down, after_attention, after_mlp>;
};

/// What the blocks of a stack read beside their input: a bias of distances, and, for a decoder, what the encoder made
/// of the source and how it is seen.
template <class B, class Context, class E, class Bias, class Source, class Across, class Common>
struct T5Context {
  using element = E;
  Context seen;
  Bias bias;
  Source source;
  Across across;
  InputRows<B> how;
  const Common* shared;
  static constexpr Index unnumbered = unnumbered_keys_of<Common>;
};

/// A source whose keys and values are kept from step to step.
template <class S>
concept KeepsKeys = requires { typename S::keeps_keys; };

template <T5Config C, Method M, class B, Storage S, Index I>
class T5Block {
  using Sites = T5Sites<C, M, B, S, I>;
  static constexpr bool decodes = Sites::decodes;

 public:
  using backend = B;

  typename Sites::input_norm input_norm{C::norm_epsilon, {}};
  typename Sites::query query;
  typename Sites::key key;
  typename Sites::value value;
  typename Sites::output output;
  [[no_unique_address]] typename Sites::cross_norm cross_norm;
  [[no_unique_address]] typename Sites::cross_query cross_query;
  [[no_unique_address]] typename Sites::cross_key cross_key;
  [[no_unique_address]] typename Sites::cross_value cross_value;
  [[no_unique_address]] typename Sites::cross_output cross_output;
  typename Sites::mlp_norm mlp_norm{C::norm_epsilon, {}};
  [[no_unique_address]] typename Sites::gate gate;
  typename Sites::up up;
  typename Sites::down down;
  [[no_unique_address]] typename Sites::after_attention after_attention;
  [[no_unique_address]] typename Sites::after_mlp after_mlp;

  constexpr T5Block() {
    if constexpr (decodes) cross_norm.epsilon = C::norm_epsilon;
  }

  /// x(T,C) → y(T,C), or only the given rows of y.
  template <class T, Gradient G, class Context>
  constexpr auto operator()(T& tape, Var<B, C::width, G> x, const Context& context, Index number,
                            Rows<B> rows = {}) const {
    using E = typename Context::element;
    const Index decoder_block = decodes ? number - C::encoder_blocks : number;
    const auto [q, new_k, new_v] = apply(tape, normed<E>(tape, input_norm, x), context.how, query, key, value);
    const auto [k, v] = context.seen.visible(tape, decoder_block, new_k, new_v);
    const auto seen = relative_attention<C::heads>(tape, q, k, v, context.bias, C::farthest, context.seen.sequences,
                                                   Context::unnumbered);
    const auto a = joined(tape, after_attention, x, Sublayer{Given{seen}, context.how, &output}, *context.shared);
    const auto b = crossed<E>(tape, a, context, decoder_block);
    const auto y =
        joined(tape, after_mlp, b, Sublayer{Given{fed<E>(tape, b, context)}, context.how, &down}, *context.shared);
    return rows(tape, y);
  }

  /// Calls f(site, path, layer) for every site, in the order of the equations above.
  template <class Self, class F>
  static constexpr void each_site(Self& self, F&& f, const Path& path) {
    const Path first{&path, "layer.0"}, second{&path, "layer.1"}, last{&path, decodes ? "layer.2" : "layer.1"},
        attention{&first, "SelfAttention"}, cross{&second, "EncDecAttention"}, mlp{&last, "DenseReluDense"};
    f(InputNorm{}, Path{&first, "layer_norm"}, self.input_norm);
    f(Query{}, Path{&attention, "q"}, self.query);
    f(Key{}, Path{&attention, "k"}, self.key);
    f(Value{}, Path{&attention, "v"}, self.value);
    f(Output{}, Path{&attention, "o"}, self.output);
    f(AfterAttention{}, first, self.after_attention);
    if constexpr (decodes) {
      f(CrossNorm{}, Path{&second, "layer_norm"}, self.cross_norm);
      f(CrossQuery{}, Path{&cross, "q"}, self.cross_query);
      f(CrossKey{}, Path{&cross, "k"}, self.cross_key);
      f(CrossValue{}, Path{&cross, "v"}, self.cross_value);
      f(CrossOutput{}, Path{&cross, "o"}, self.cross_output);
    }
    f(MlpNorm{}, Path{&last, "layer_norm"}, self.mlp_norm);
    if constexpr (C::gated) f(Gate{}, Path{&mlp, "wi_0"}, self.gate);
    f(Up{}, Path{&mlp, C::gated ? "wi_1" : "wi"}, self.up);
    f(Down{}, Path{&mlp, "wo"}, self.down);
    f(AfterMlp{}, last, self.after_mlp);
  }

 private:
  /// a and what the decoder finds in the source.
  template <class E, class T, class X, class Context>
  constexpr auto crossed(T& tape, X a, const Context& context, Index block) const {
    if constexpr (decodes) {
      const auto q = std::get<0>(apply(tape, graft::normed<E>(tape, cross_norm, a), context.how, cross_query));
      const auto made = [&](auto source) {
        const auto [k, v] = apply(tape, Given{source}, context.how, cross_key, cross_value);
        return context.across.visible(tape, block, k, v);
      };
      const auto [k, v] = [&] {
        if constexpr (KeepsKeys<std::remove_cvref_t<decltype(context.source)>>)
          return context.source.kept(tape, block, made);
        else return made(context.source);
      }();
      const auto found =
          attention<C::heads, C::heads>(tape, q, k, v, context.across.sequences, AttentionRule{.scale = 1});
      return apply_onto(tape, a, Given{found}, context.how, cross_output);
    } else {
      return a;
    }
  }
  template <class E, class T, class X, class Context>
  constexpr auto fed(T& tape, X b, const Context& context) const {
    if constexpr (C::gated) {
      const auto [g, u] = apply(tape, graft::normed<E>(tape, mlp_norm, b), context.how, gate, up);
      return multiply(tape, gelu_tanh(tape, g), u);
    } else {
      return relu(tape, std::get<0>(apply(tape, graft::normed<E>(tape, mlp_norm, b), context.how, up)));
    }
  }
};

}  // namespace graft
