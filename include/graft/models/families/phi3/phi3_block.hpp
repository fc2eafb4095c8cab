/// \file
/// One block of Phi-3 (Abdin et al. 2024): Llama's, with two products in place of five.
///   h = x + Output(attention(rotary(q), rotary(k), v)),   (q k v) = QueryKeyValue(InputNorm(x))
///   y = h + Down(SiLU(g) ∘ u),                            (g u) = GateUp(MlpNorm(h))
#pragma once

#include <graft/autodiff/ops/attention/rotary.hpp>
#include <graft/autodiff/ops/pointwise/swiglu.hpp>
#include <graft/autodiff/ops/rows/columns.hpp>
#include <graft/autodiff/ops/rows/gather.hpp>
#include <graft/layers/linear.hpp>
#include <graft/layers/rms_norm.hpp>
#include <graft/models/families/phi3/phi3_config.hpp>
#include <graft/models/parts/block.hpp>

namespace graft {

/// The block's layers as method M leaves them at block number I. Blocks of one kind share the lowest such I.
template <LlamaConfig C, Method M, class B, Storage S, Index I>
struct Phi3Sites {
  static constexpr Index queries = C::heads * C::head_width, keys = C::groups * C::head_width;
  template <Site Where, class L>
  using at = site_t<M, Place<Where, static_cast<std::ptrdiff_t>(I), C::blocks, S>, L>;

  using input_norm = at<InputNorm, RMSNorm<B, C::width>>;
  using query_key_value = at<QueryKeyValue, Linear<B, C::width, queries + 2 * keys>>;
  using output = at<Output, Linear<B, queries, C::width>>;
  using mlp_norm = at<MlpNorm, RMSNorm<B, C::width>>;
  using gate_up = at<GateUp, Linear<B, C::width, 2 * C::feed_forward>>;
  using down = at<Down, Linear<B, C::feed_forward, C::width>>;
  using after_attention = at<AfterAttention, Absent<B, C>>;
  using after_mlp = at<AfterMlp, Absent<B, C>>;
  using block_output = at<BlockOutput, Absent<B, C>>;
  using all =
      SiteList<input_norm, query_key_value, output, mlp_norm, gate_up, down, after_attention, after_mlp, block_output>;
};

template <LlamaConfig C, Method M, class B, Storage S, Index I>
class Phi3Block {
  using Sites = Phi3Sites<C, M, B, S, I>;

 public:
  using backend = B;

  typename Sites::input_norm input_norm{C::norm_epsilon, {}};
  typename Sites::query_key_value query_key_value;
  typename Sites::output output;
  typename Sites::mlp_norm mlp_norm{C::norm_epsilon, {}};
  typename Sites::gate_up gate_up;
  typename Sites::down down;
  [[no_unique_address]] typename Sites::after_attention after_attention;
  [[no_unique_address]] typename Sites::after_mlp after_mlp;
  [[no_unique_address]] typename Sites::block_output block_output;

  /// x(T,C) → y(T,C), or only the given rows of y. `context` says where tokens stand and which keys are visible;
  /// `number` is this block's.
  template <class T, Gradient G, class Context>
  constexpr auto operator()(T& tape, Var<B, C::width, G> x, const Context& context, Index number,
                            Rows<B> rows = {}) const {
    using E = typename Context::element;
    constexpr Index queries = Sites::queries, keys = Sites::keys;
    const auto all = std::get<0>(apply(tape, normed<E>(tape, input_norm, x), context.how, query_key_value));
    const auto q = rotary(tape, columns_from<0, queries>(tape, all), context.rotary);
    const auto new_k = rotary(tape, columns_from<queries, keys>(tape, all), context.rotary);
    const auto new_v = columns_from<queries + keys, keys>(tape, all);
    const auto a = attended_by<C>(tape, context, number, q, new_k, new_v, windowed<C>(number));
    const auto kept = rows(tape, a);  // in a statement of its own: the order of records is the order of statements
    const auto how = of_rows(context.how, rows);
    const auto h = joined(tape, after_attention, rows(tape, x), Sublayer{Given{kept}, how, &output}, *context.shared);
    const auto both = std::get<0>(apply(tape, normed<E>(tape, mlp_norm, h), how, gate_up));
    const auto g = columns_from<0, C::feed_forward>(tape, both);
    const auto u = columns_from<C::feed_forward, C::feed_forward>(tape, both);
    const auto y = joined(tape, after_mlp, h, Sublayer{SwigluOf{g, u}, how, &down}, *context.shared);
    return block_result(tape, block_output, y, context, rows);
  }

  /// Calls f(site, path, layer) for every site, in the order of the equations above.
  template <class Self, class F>
  static constexpr void each_site(Self& self, F&& f, const Path& path) {
    f(InputNorm{}, Path{&path, "input_layernorm"}, self.input_norm);
    const Path attention{&path, "self_attn"}, mlp{&path, "mlp"};
    f(QueryKeyValue{}, Path{&attention, "qkv_proj"}, self.query_key_value);
    f(Output{}, Path{&attention, "o_proj"}, self.output);
    f(MlpNorm{}, Path{&path, "post_attention_layernorm"}, self.mlp_norm);
    f(GateUp{}, Path{&mlp, "gate_up_proj"}, self.gate_up);
    f(Down{}, Path{&mlp, "down_proj"}, self.down);
    each_room(self, f, path);
  }
};

}  // namespace graft
