/// \file
/// One block of GPT-2 (Radford et al. 2019):
///   h = x + Output(attention(q, k, v)),   q, k, v = QueryKeyValue(InputNorm(x))
///   y = h + Down(gelu(Up(MlpNorm(h))))
#pragma once

#include <graft/autodiff/ops/pointwise/gelu.hpp>
#include <graft/autodiff/ops/rows/columns.hpp>
#include <graft/autodiff/ops/rows/gather.hpp>
#include <graft/layers/layer_norm.hpp>
#include <graft/layers/linear.hpp>
#include <graft/models/families/gpt2/gpt2_config.hpp>
#include <graft/models/parts/block.hpp>

namespace graft {

/// The block's layers as method M leaves them at block number I.
template <Gpt2Config C, Method M, class B, Storage S, Index I>
struct Gpt2Sites {
  template <Site Where, class L>
  using at = site_t<M, Place<Where, static_cast<std::ptrdiff_t>(I), C::blocks, S>, L>;

  using input_norm = at<InputNorm, LayerNorm<B, C::width>>;
  using query_key_value = at<QueryKeyValue, Linear<B, C::width, 3 * C::width, true>>;
  using output = at<Output, Linear<B, C::width, C::width, true>>;
  using mlp_norm = at<MlpNorm, LayerNorm<B, C::width>>;
  using up = at<Up, Linear<B, C::width, C::feed_forward, true>>;
  using down = at<Down, Linear<B, C::feed_forward, C::width, true>>;
  using after_attention = at<AfterAttention, Absent<B, C>>;
  using after_mlp = at<AfterMlp, Absent<B, C>>;
  using block_output = at<BlockOutput, Absent<B, C>>;
  using all =
      SiteList<input_norm, query_key_value, output, mlp_norm, up, down, after_attention, after_mlp, block_output>;
};

template <Gpt2Config C, Method M, class B, Storage S, Index I>
class Gpt2Block {
  using Sites = Gpt2Sites<C, M, B, S, I>;

 public:
  using backend = B;

  typename Sites::input_norm input_norm{C::norm_epsilon, {}, {}};
  typename Sites::query_key_value query_key_value;
  typename Sites::output output;
  typename Sites::mlp_norm mlp_norm{C::norm_epsilon, {}, {}};
  typename Sites::up up;
  typename Sites::down down;
  [[no_unique_address]] typename Sites::after_attention after_attention;
  [[no_unique_address]] typename Sites::after_mlp after_mlp;
  [[no_unique_address]] typename Sites::block_output block_output;

  /// x(T,C) → y(T,C), or only the given rows of y. `context` says which keys are visible; `number` is this block's.
  template <class T, Gradient G, class Context>
  constexpr auto operator()(T& tape, Var<B, C::width, G> x, const Context& context, Index number,
                            Rows<B> rows = {}) const {
    using E = typename Context::element;
    const auto all = std::get<0>(apply(tape, normed<E>(tape, input_norm, x), context.how, query_key_value));
    const auto q = columns_from<0, C::width>(tape, all);
    const auto new_k = columns_from<C::width, C::width>(tape, all);
    const auto new_v = columns_from<2 * C::width, C::width>(tape, all);
    const auto [k, v] = context.seen.visible(tape, number, new_k, new_v);
    const auto a = attention<C::heads, C::heads>(tape, q, k, v, context.seen.sequences);
    const auto kept = rows(tape, a);  // in a statement of its own: the order of records is the order of statements
    const auto how = of_rows(context.how, rows);
    const auto h = joined(tape, after_attention, rows(tape, x), Sublayer{Given{kept}, how, &output}, *context.shared);
    const auto u = std::get<0>(apply(tape, normed<E>(tape, mlp_norm, h), how, up));
    const auto y = joined(tape, after_mlp, h, Sublayer{Given{gelu_tanh(tape, u)}, how, &down}, *context.shared);
    return block_result(tape, block_output, y, context, rows);
  }

  /// Calls f(site, path, layer) for every site, in the order of the equations above.
  template <class Self, class F>
  static constexpr void each_site(Self& self, F&& f, const Path& path) {
    const Path attention{&path, "attn"}, mlp{&path, "mlp"};
    f(InputNorm{}, Path{&path, "ln_1"}, self.input_norm);
    f(QueryKeyValue{}, Path{&attention, "c_attn"}, self.query_key_value);
    f(Output{}, Path{&attention, "c_proj"}, self.output);
    f(MlpNorm{}, Path{&path, "ln_2"}, self.mlp_norm);
    f(Up{}, Path{&mlp, "c_fc"}, self.up);
    f(Down{}, Path{&mlp, "c_proj"}, self.down);
    each_room(self, f, path);
  }
};

}  // namespace graft
