/// \file
/// One block of BERT (Devlin et al. 2019), which norms its sums:
///   h = MlpNorm(x + Output(attention(Query(x), Key(x), Value(x)))),   every token sees every token of its text
///   y = OutputNorm(h + Down(gelu(Up(h))))
#pragma once

#include <graft/autodiff/ops/pointwise/gelu.hpp>
#include <graft/autodiff/ops/rows/gather.hpp>
#include <graft/layers/layer_norm.hpp>
#include <graft/layers/linear.hpp>
#include <graft/models/families/bert/bert_config.hpp>
#include <graft/models/parts/block.hpp>

namespace graft {

/// The block's layers as method M leaves them at block number I.
template <BertConfig C, Method M, class B, Storage S, Index I>
struct BertSites {
  template <Site Where, class L>
  using at = site_t<M, Place<Where, static_cast<std::ptrdiff_t>(I), C::blocks, S>, L>;

  using query = at<Query, Linear<B, C::width, C::width, true>>;
  using key = at<Key, Linear<B, C::width, C::width, true>>;
  using value = at<Value, Linear<B, C::width, C::width, true>>;
  using output = at<Output, Linear<B, C::width, C::width, true>>;
  using mlp_norm = at<MlpNorm, LayerNorm<B, C::width>>;
  using up = at<Up, Linear<B, C::width, C::feed_forward, true>>;
  using down = at<Down, Linear<B, C::feed_forward, C::width, true>>;
  using output_norm = at<OutputNorm, LayerNorm<B, C::width>>;
  using after_attention = at<AfterAttention, Absent<B, C>>;
  using after_mlp = at<AfterMlp, Absent<B, C>>;
  using block_output = at<BlockOutput, Absent<B, C>>;
  using all =
      SiteList<query, key, value, output, mlp_norm, up, down, output_norm, after_attention, after_mlp, block_output>;
};

template <BertConfig C, Method M, class B, Storage S, Index I>
class BertBlock {
  using Sites = BertSites<C, M, B, S, I>;

 public:
  using backend = B;

  typename Sites::query query;
  typename Sites::key key;
  typename Sites::value value;
  typename Sites::output output;
  typename Sites::mlp_norm mlp_norm{C::norm_epsilon, {}, {}};
  typename Sites::up up;
  typename Sites::down down;
  typename Sites::output_norm output_norm{C::norm_epsilon, {}, {}};
  [[no_unique_address]] typename Sites::after_attention after_attention;
  [[no_unique_address]] typename Sites::after_mlp after_mlp;
  [[no_unique_address]] typename Sites::block_output block_output;

  /// x(T,C) → y(T,C), or only the given rows of y. `context` says which keys are visible; `number` is this block's.
  template <class T, Gradient G, class Context>
  constexpr auto operator()(T& tape, Var<B, C::width, G> x, const Context& context, Index number,
                            Rows<B> rows = {}) const {
    using E = typename Context::element;
    const auto [q, new_k, new_v] = apply(tape, Given{as_elements<E>(tape, x)}, context.how, query, key, value);
    const auto [k, v] = context.seen.visible(tape, number, new_k, new_v);
    const auto a = attention<C::heads, C::heads>(tape, q, k, v, context.seen.sequences);
    const auto kept = rows(tape, a);  // in a statement of its own: the order of records is the order of statements
    const auto how = of_rows(context.how, rows);
    const auto s =
        joined(tape, after_attention, rows(tape, x), Sublayer{Given{kept}, how, &output, &mlp_norm}, *context.shared);
    const auto h = mlp_norm(tape, s);
    const auto u = std::get<0>(apply(tape, Given{as_elements<E>(tape, h)}, how, up));
    const auto sum =
        joined(tape, after_mlp, h, Sublayer{Given{gelu(tape, u)}, how, &down, &output_norm}, *context.shared);
    const auto y = output_norm(tape, sum);
    return block_result(tape, block_output, y, context, rows);
  }

  /// Calls f(site, path, layer) for every site, in the order of the equations above.
  template <class Self, class F>
  static constexpr void each_site(Self& self, F&& f, const Path& path) {
    const Path attention{&path, "attention"}, itself{&attention, "self"}, attended{&attention, "output"},
        intermediate{&path, "intermediate"}, output{&path, "output"};
    f(Query{}, Path{&itself, "query"}, self.query);
    f(Key{}, Path{&itself, "key"}, self.key);
    f(Value{}, Path{&itself, "value"}, self.value);
    f(Output{}, Path{&attended, "dense"}, self.output);
    f(AfterAttention{}, attended, self.after_attention);
    f(MlpNorm{}, Path{&attended, "LayerNorm"}, self.mlp_norm);
    f(Up{}, Path{&intermediate, "dense"}, self.up);
    f(Down{}, Path{&output, "dense"}, self.down);
    f(AfterMlp{}, output, self.after_mlp);
    f(OutputNorm{}, Path{&output, "LayerNorm"}, self.output_norm);
    f(BlockOutput{}, Path{&path, "reft_layer"}, self.block_output);
  }
};

}  // namespace graft
