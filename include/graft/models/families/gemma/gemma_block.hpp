/// \file
/// One block of Gemma 2 (Riviere et al. 2024) and Gemma 3 (Kamath et al. 2025), which norm what they add, too:
///   h = x + AttentionOutputNorm(Output(attention(rotary(Query(n)), rotary(Key(n)), Value(n)))),
///       n = InputNorm(x); Gemma 3 norms queries and keys, head by head
///   y = h + MlpOutputNorm(Down(gelu(Gate(m)) ∘ Up(m))),                                           m = MlpNorm(h)
#pragma once

#include <graft/autodiff/ops/attention/rotary.hpp>
#include <graft/autodiff/ops/pointwise/gelu.hpp>
#include <graft/autodiff/ops/pointwise/multiply.hpp>
#include <graft/autodiff/ops/rows/gather.hpp>
#include <graft/layers/linear.hpp>
#include <graft/layers/rms_norm.hpp>
#include <graft/models/families/gemma/gemma_config.hpp>
#include <graft/models/parts/block.hpp>

namespace graft {

/// The block's layers as method M leaves them at block number I. Blocks of one kind share the lowest such I.
template <GemmaConfig C, Method M, class B, Storage S, Index I>
struct GemmaSites {
  static constexpr Index queries = C::heads * C::head_width, keys = C::groups * C::head_width;
  template <Site Where, class L>
  using at = site_t<M, Place<Where, static_cast<std::ptrdiff_t>(I), C::blocks, S>, L>;

  using input_norm = at<InputNorm, UnitRMSNorm<B, C::width>>;
  using query = at<Query, Linear<B, C::width, queries>>;
  using key = at<Key, Linear<B, C::width, keys>>;
  using value = at<Value, Linear<B, C::width, keys>>;
  using query_norm =
      at_if_there<C::head_norm, Absent<B, C>, M, Place<QueryNorm, static_cast<std::ptrdiff_t>(I), C::blocks, S>,
                  UnitRMSNorm<B, C::head_width>>;
  using key_norm =
      at_if_there<C::head_norm, Absent<B, C>, M, Place<KeyNorm, static_cast<std::ptrdiff_t>(I), C::blocks, S>,
                  UnitRMSNorm<B, C::head_width>>;
  using output = at<Output, Linear<B, queries, C::width>>;
  using attention_output_norm = at<AttentionOutputNorm, UnitRMSNorm<B, C::width>>;
  using mlp_norm = at<MlpNorm, UnitRMSNorm<B, C::width>>;
  using gate = at<Gate, Linear<B, C::width, C::feed_forward>>;
  using up = at<Up, Linear<B, C::width, C::feed_forward>>;
  using down = at<Down, Linear<B, C::feed_forward, C::width>>;
  using mlp_output_norm = at<MlpOutputNorm, UnitRMSNorm<B, C::width>>;
  using after_attention = at<AfterAttention, Absent<B, C>>;
  using after_mlp = at<AfterMlp, Absent<B, C>>;
  using block_output = at<BlockOutput, Absent<B, C>>;
  using all = SiteList<input_norm, query, key, value, query_norm, key_norm, output, attention_output_norm, mlp_norm,
                       gate, up, down, mlp_output_norm, after_attention, after_mlp, block_output>;
};

template <GemmaConfig C, Method M, class B, Storage S, Index I>
class GemmaBlock {
  using Sites = GemmaSites<C, M, B, S, I>;

 public:
  using backend = B;

  typename Sites::input_norm input_norm{C::norm_epsilon, {}};
  typename Sites::query query;
  typename Sites::key key;
  typename Sites::value value;
  [[no_unique_address]] typename Sites::query_norm query_norm;
  [[no_unique_address]] typename Sites::key_norm key_norm;
  typename Sites::output output;
  typename Sites::attention_output_norm attention_output_norm{C::norm_epsilon, {}};
  typename Sites::mlp_norm mlp_norm{C::norm_epsilon, {}};
  typename Sites::gate gate;
  typename Sites::up up;
  typename Sites::down down;
  typename Sites::mlp_output_norm mlp_output_norm{C::norm_epsilon, {}};
  [[no_unique_address]] typename Sites::after_attention after_attention;
  [[no_unique_address]] typename Sites::after_mlp after_mlp;
  [[no_unique_address]] typename Sites::block_output block_output;

  constexpr GemmaBlock() {
    if constexpr (C::head_norm) query_norm.epsilon = key_norm.epsilon = C::norm_epsilon;
  }

  /// x(T,C) → y(T,C), or only the given rows of y. `context` says where tokens stand and which keys are visible;
  /// `number` is this block's.
  template <class T, Gradient G, class Context>
  constexpr auto operator()(T& tape, Var<B, C::width, G> x, const Context& context, Index number,
                            Rows<B> rows = {}) const {
    using E = typename Context::element;
    const auto [q, new_k, new_v] = apply(tape, normed<E>(tape, input_norm, x), context.how, query, key, value);
    AttentionRule rule = windowed<C>(number);
    const auto& table = rule.window > 0 ? context.rotary.local : context.rotary.global;
    rule.scale = C::attention_scale, rule.cap = C::attention_cap;
    const auto turned = rotary(tape, normed_heads<C::head_width>(tape, query_norm, q), table);
    const auto turned_k = rotary(tape, normed_heads<C::head_width>(tape, key_norm, new_k), table);
    const auto a = attended_by<C>(tape, context, number, turned, turned_k, new_v, rule);
    const auto kept = rows(tape, a);  // in a statement of its own: the order of records is the order of statements
    const auto how = of_rows(context.how, rows);
    const auto h = joined(tape, after_attention, rows(tape, x),
                          NormedSublayer{Given{kept}, how, &output, &attention_output_norm}, *context.shared);
    const auto [g, u] = apply(tape, normed<E>(tape, mlp_norm, h), how, gate, up);
    const auto fed = multiply(tape, gelu_tanh(tape, g), u);
    const auto y =
        joined(tape, after_mlp, h, NormedSublayer{Given{fed}, how, &down, &mlp_output_norm}, *context.shared);
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
    f(Output{}, Path{&attention, "o_proj"}, self.output);
    f(AttentionOutputNorm{}, Path{&path, "post_attention_layernorm"}, self.attention_output_norm);
    f(MlpNorm{}, Path{&path, "pre_feedforward_layernorm"}, self.mlp_norm);
    f(Gate{}, Path{&mlp, "gate_proj"}, self.gate);
    f(Up{}, Path{&mlp, "up_proj"}, self.up);
    f(Down{}, Path{&mlp, "down_proj"}, self.down);
    f(MlpOutputNorm{}, Path{&path, "post_feedforward_layernorm"}, self.mlp_output_norm);
    each_room(self, f, path);
  }
};

}  // namespace graft
