/// \file
/// One block of the Llama family (Touvron et al. 2023):
///   h = x + Output(attention(rotary(Query(n)), rotary(Key(n)), Value(n))),
///       n = InputNorm(x); Qwen3 norms what Query and Key yield, head by head
///   y = h + Down(SiLU(Gate(m)) ∘ Up(m)),                                     m = MlpNorm(h)
#pragma once

#include <graft/autodiff/ops/attention/rotary.hpp>
#include <graft/autodiff/ops/pointwise/swiglu.hpp>
#include <graft/autodiff/ops/rows/gather.hpp>
#include <graft/layers/linear.hpp>
#include <graft/layers/rms_norm.hpp>
#include <graft/models/families/llama/llama_config.hpp>
#include <graft/models/parts/block.hpp>

namespace graft {

/// The block's layers as method M leaves them at block number I. Blocks of one kind share the lowest such I.
template <LlamaConfig C, Method M, class B, Storage S, Index I>
struct LlamaSites {
  static constexpr Index queries = C::heads * C::head_width, keys = C::groups * C::head_width;
  template <Site Where, class L>
  using at = site_t<M, Place<Where, static_cast<std::ptrdiff_t>(I), C::blocks, S>, L>;

  using input_norm = at<InputNorm, RMSNorm<B, C::width>>;
  using query = at<Query, Linear<B, C::width, queries, C::qkv_bias>>;
  using key = at<Key, Linear<B, C::width, keys, C::qkv_bias>>;
  using value = at<Value, Linear<B, C::width, keys, C::qkv_bias>>;
  using query_norm =
      at_if_there<C::head_norm, Absent<B, C>, M, Place<QueryNorm, static_cast<std::ptrdiff_t>(I), C::blocks, S>,
                  RMSNorm<B, C::head_width>>;
  using key_norm = at_if_there<C::head_norm, Absent<B, C>, M,
                               Place<KeyNorm, static_cast<std::ptrdiff_t>(I), C::blocks, S>, RMSNorm<B, C::head_width>>;
  using output = at<Output, Linear<B, queries, C::width, C::output_bias>>;
  using mlp_norm = at<MlpNorm, RMSNorm<B, C::width>>;
  using gate = at<Gate, Linear<B, C::width, C::feed_forward, C::mlp_bias>>;
  using up = at<Up, Linear<B, C::width, C::feed_forward, C::mlp_bias>>;
  using down = at<Down, Linear<B, C::feed_forward, C::width, C::mlp_bias>>;
  using attended = at<Attended, Absent<B, C>>;
  using after_attention = at<AfterAttention, Absent<B, C>>;
  using after_mlp = at<AfterMlp, Absent<B, C>>;
  using block_output = at<BlockOutput, Absent<B, C>>;
  using all = SiteList<input_norm, query, key, value, query_norm, key_norm, output, mlp_norm, gate, up, down, attended,
                       after_attention, after_mlp, block_output>;
};

template <LlamaConfig C, Method M, class B, Storage S, Index I>
class LlamaBlock {
  using Sites = LlamaSites<C, M, B, S, I>;

 public:
  using backend = B;

  typename Sites::input_norm input_norm{C::norm_epsilon, {}};
  typename Sites::query query;
  typename Sites::key key;
  typename Sites::value value;
  [[no_unique_address]] typename Sites::query_norm query_norm;
  [[no_unique_address]] typename Sites::key_norm key_norm;
  typename Sites::output output;
  typename Sites::mlp_norm mlp_norm{C::norm_epsilon, {}};
  typename Sites::gate gate;
  typename Sites::up up;
  typename Sites::down down;
  [[no_unique_address]] typename Sites::attended attended;
  [[no_unique_address]] typename Sites::after_attention after_attention;
  [[no_unique_address]] typename Sites::after_mlp after_mlp;
  [[no_unique_address]] typename Sites::block_output block_output;

  constexpr LlamaBlock() {
    if constexpr (C::head_norm) query_norm.epsilon = key_norm.epsilon = C::norm_epsilon;
  }

  /// x(T,C) → y(T,C), or only the given rows of y. `context` says where tokens stand and which keys are visible;
  /// `number` is this block's.
  template <class T, class X, class Context>
  constexpr auto operator()(T& tape, X x, const Context& context, Index number, Rows<B> rows = {}) const {
    using E = typename Context::element;
    const auto [q, new_k, new_v] = apply(tape, normed<E>(tape, input_norm, x), context.how, query, key, value);
    const auto turn = [&](auto heads) {
      if (is_nth<C::no_rope_every>(number)) return heads;
      return rotary(tape, heads, context.rotary);
    };
    const auto turned = turn(normed_heads<C::head_width>(tape, query_norm, q));
    const auto turned_k = turn(normed_heads<C::head_width>(tape, key_norm, new_k));
    const auto seen = attended_by<C>(tape, context, number, turned, turned_k, new_v, windowed<C>(number));
    const auto a = with_more(tape, seen, turned);
    const auto kept = rows(tape, a);  // in a statement of its own: the order of records is the order of statements
    const auto how = of_rows(context.how, rows);
    const auto h = joined(tape, after_attention, rows(tape, x), Sublayer{Given{kept}, how, &output}, *context.shared);
    const auto [g, u] = apply(tape, normed<E>(tape, mlp_norm, h), how, gate, up);
    const auto y = joined(tape, after_mlp, h, Sublayer{SwigluOf{g, u}, how, &down}, *context.shared);
    return block_result(tape, block_output, y, context, rows);
  }

  /// Calls f(site, path, layer) for every site, in the order of the equations above.
  template <class Self, class F>
  static constexpr void each_site(Self& self, F&& f, const Path& path) {
    f(InputNorm{}, Path{&path, "input_layernorm"}, self.input_norm);
    const Path attention{&path, "self_attn"}, mlp{&path, "mlp"};
    f(Query{}, Path{&attention, "q_proj"}, self.query);
    f(Key{}, Path{&attention, "k_proj"}, self.key);
    f(Value{}, Path{&attention, "v_proj"}, self.value);
    if constexpr (C::head_norm) {
      f(QueryNorm{}, Path{&attention, "q_norm"}, self.query_norm);
      f(KeyNorm{}, Path{&attention, "k_norm"}, self.key_norm);
    }
    f(Attended{}, attention, self.attended);
    f(Output{}, Path{&attention, "o_proj"}, self.output);
    f(MlpNorm{}, Path{&path, "post_attention_layernorm"}, self.mlp_norm);
    f(Gate{}, Path{&mlp, "gate_proj"}, self.gate);
    f(Up{}, Path{&mlp, "up_proj"}, self.up);
    f(Down{}, Path{&mlp, "down_proj"}, self.down);
    each_room(self, f, path);
  }

 private:
  /// What attention yields, and what a method finds beside it.
  template <class T, class A, class Q>
  constexpr auto with_more(T& tape, A a, Q queries) const {
    if constexpr (is_absent<decltype(attended)>) return a;
    else return attended(tape, a, queries, key, value);
  }
};

}  // namespace graft
