/// \file
/// Prefix tuning (Li and Liang 2021): N trained keys and values stand before those of every sequence, in every block:
///   attention(q, [Pₖ; k], [Pᵥ; v]),   P(N, 2·L·G·D): block l's keys are columns 2l·G·D …, its values the next G·D
/// They are not rotated. Gradient: ops/rows/rows_behind.hpp, ops/attention/attention.hpp.
#pragma once

#include <graft/autodiff/ops/rows/rows_behind.hpp>
#include <graft/layers/absent.hpp>
#include <graft/layers/attention_context.hpp>
#include <graft/peft/bottleneck/adapter.hpp>
#include <graft/peft/contract/method.hpp>
#include <graft/peft/prompts/prompt_encoder.hpp>

namespace graft {

/// Self-attention whose queries see keys and values that no token made, before all others; Layer says which of them a
/// block has.
template <class Layer, class Inner, class P>
struct BehindPrefix {
  Inner inner;  ///< what attention would see without the prefix
  P prefix;     ///< the rows of keys and values, all blocks' side by side
  /// where texts begin
  decltype(Inner::sequences) sequences = inner.sequences;

  template <class T, class K, class V>
  constexpr auto visible(T& tape, Index block, K keys, V values) const {
    const auto [k, v] = inner.visible(tape, block, keys, values);
    const Index pair = Layer::pair_of(block);
    const auto all_keys = rows_behind(tape, prefix, 2 * pair * K::columns, k);
    return std::pair{all_keys, rows_behind(tape, prefix, (2 * pair + 1) * K::columns, v)};
  }
};

/// How many pairs of keys and values a prefix has: one for every block, or in a model of two stacks, for every block of
/// the encoder, as HF PEFT counts them.
template <class C>
inline constexpr Index prefix_pairs = C::encoder_blocks > 0 ? C::encoder_blocks : C::blocks;

/// What the model keeps once for all blocks: the prefix, and how attention sees it.
template <class Method, class B, class C>
class Prefix {
 public:
  using backend = B;
  using adapted = Absent<B, C>;
  using method = Method;
  using Rows = typename Method::template Rows<B, C>;
  static constexpr Index columns = C::groups * C::head_width;
  /// Tokens stand at positions behind the prefix's, or begin at zero.
  static constexpr LayerOffers offers{.prompt = true,
                                      .encoded = Rows::kind == RowsKind::encoded,
                                      .keys_ahead = Method::prefix_tokens,
                                      .counted = Method::takes_positions,
                                      .before_source = false};
  /// Which of the pairs of keys and values a block has. Where there is an encoder, HF PEFT counts the pairs of
  /// self-attention and those of attention to the source together, and drops the latter.
  static constexpr Index pair_of(Index block) {
    if constexpr (C::encoder_blocks > 0) return 2 * block % prefix_pairs<C>;
    else return block;
  }
  template <class S>
  using frozen = Prefix;
  using bias_thawed = Prefix;
  Rows prompt;

  template <class T, class Context>
  constexpr auto seen(T& tape, const Context& context) const {
    const auto p = prompt(tape);
    return BehindPrefix<Prefix, Context, decltype(p)>{context, p};
  }
  template <class Self, class F>
  static constexpr void visit(Self& self, F&& f, const Path& path) {
    decltype(prompt)::visit(self.prompt, f, path);
  }
  void initialize(Initializer& initializer) { prompt.initialize(initializer); }
};

struct PrefixBesideAnother {
  template <class Model>
  struct error {
    static_assert(
        !Model::backend::executes,
        "graft: PrefixTuning takes the model's Shared site, which another method of this type has taken already");
  };
};

/// `PrefixTuning<20>`: the rows are trained as they are.
/// (Li and Liang 2021) \tparam N rows of keys and values in every block
template <Index N>
struct PrefixTuning {
  static_assert(N > 0, "graft: PrefixTuning<0> trains nothing");
  static constexpr Index prefix_tokens = N;
  static constexpr bool takes_positions = true;
  static constexpr MethodOffers offers{.peft_type = "PREFIX_TUNING", .lists_modules = false};
  template <class B, class C>
  using Rows = PlainRows<B, N, 2 * prefix_pairs<C> * C::groups * C::head_width>;
  template <class Config, class F>
  static void each_option(F&& f) {
    prefix_options<Config>(f);
    f("prefix_projection", false);
  }
  /// Calls f(key, value) for what PEFT's config says of any prefix.
  template <class Config, class F>
  static void prefix_options(F&& f) {
    f("num_virtual_tokens", N);
    f("token_dim", Config::groups * Config::head_width);
    f("num_layers", prefix_pairs<Config>);
    f("num_attention_heads", Config::groups);
    // of which the decoder's alone has a prefix
    f("num_transformer_submodules", Config::encoder_blocks > 0 ? 2 : 1);
  }
  template <class B, class C>
  using Layer = Prefix<PrefixTuning, B, C>;
  template <class Where, class L>
  using at = room_at<PrefixTuning, Shared, PrefixBesideAnother, Where, L>;
};

/// `ProjectedPrefixTuning<20, 512>`: the rows are made by a hidden layer of that width, which trains more steadily.
/// \tparam N rows \tparam Hidden width of the hidden layer
template <Index N, Index Hidden>
struct ProjectedPrefixTuning {
  static_assert(N > 0 && Hidden > 0, "graft: ProjectedPrefixTuning<N, Hidden> needs rows and a width");
  static constexpr Index prefix_tokens = N;
  static constexpr bool takes_positions = true;
  static constexpr MethodOffers offers{.peft_type = "PREFIX_TUNING", .lists_modules = false};
  template <class B, class C>
  using Rows = EncodedRows<
      B, ProjectionEncoder<B, N, C::groups * C::head_width, Hidden, 2 * prefix_pairs<C> * C::groups * C::head_width>>;
  template <class Config, class F>
  static void each_option(F&& f) {
    PrefixTuning<N>::template prefix_options<Config>(f);
    f("prefix_projection", true);
    f("encoder_hidden_size", Hidden);
  }
  template <class B, class C>
  using Layer = Prefix<ProjectedPrefixTuning, B, C>;
  template <class Where, class L>
  using at = room_at<ProjectedPrefixTuning, Shared, PrefixBesideAnother, Where, L>;
};

/// AdapterHub's names of the parts of a prefix, which may be one of several.
template <Label Text, Label Part = "self_prefix">
struct HubPrefixNames {
  static constexpr const char *table = "wte", *network = "control_trans";  ///< names in files
  /// Calls f(path) with the path within the site.
  template <class F>
  static constexpr void inside(const Path& site, const F& f) {
    const Path tuning{site.parent, "prefix_tuning"}, all{&tuning, "prefix_tunings"}, mine{&all, Text.text};
    f(Path{&mine, Part.text});
  }
};

/// AdapterHub's prefix of an encoder–decoder: what the encoder's tokens see, what the decoder's see of their own, and
/// what these see of the source.
template <class Method, class B, class C>
class HubPrefixes {
  template <Index Blocks, Label Part>
  using Encoded = typename Method::template Encoded<B, C, Blocks, Part>;

 public:
  using backend = B;
  using adapted = Absent<B, C>;
  using method = Method;
  static constexpr Index columns = C::groups * C::head_width;
  static constexpr LayerOffers offers{
      .prompt = true, .keys_ahead = Method::prefix_tokens, .counted = Method::takes_positions, .before_source = true};
  /// Which pair of keys and values a block reads.
  static constexpr Index pair_of(Index block) { return block; }
  template <class S>
  using frozen = HubPrefixes;
  using bias_thawed = HubPrefixes;
  Encoded<C::encoder_blocks, "encoder_prefix"> encoder;  ///< the encoder's rows
  Encoded<C::blocks, "cross_prefix"> cross;              ///< the rows of the decoder's attention to the encoder
  Encoded<C::blocks, "self_prefix"> prompt;

  template <class T, class Context>
  constexpr auto seen(T& tape, const Context& context) const {
    return behind(tape, prompt, context);
  }
  /// What the encoder's attention sees.
  template <class T, class Context>
  constexpr auto seen_by_encoder(T& tape, const Context& context) const {
    return behind(tape, encoder, context);
  }
  /// What the decoder's attention to the encoder sees.
  template <class T, class Context>
  constexpr auto seen_across(T& tape, const Context& context) const {
    return behind(tape, cross, context);
  }
  template <class Self, class F>
  static constexpr void visit(Self& self, F&& f, const Path& path) {
    decltype(encoder)::visit(self.encoder, f, path);
    decltype(cross)::visit(self.cross, f, path);
    decltype(prompt)::visit(self.prompt, f, path);
  }
  void initialize(Initializer& initializer) {
    encoder.initialize(initializer);
    cross.initialize(initializer);
    prompt.initialize(initializer);
  }

 private:
  template <class T, class Rows, class Context>
  static constexpr auto behind(T& tape, const Rows& rows, const Context& context) {
    const auto p = rows(tape);
    return BehindPrefix<HubPrefixes, Context, decltype(p)>{context, p};
  }
};

/// The same as AdapterHub has it: rows of the model's width, and tokens whose positions begin at zero; T5 counts keys
/// from the prefix's first, and queries from their own. With a parallel adapter it is
/// the mix-and-match adapter of He et al. 2022: `Methods<HubPrefixTuning<30, 512>, ParallelAdapter<288>>`;
/// `HubPrefixTuning<30, 512, Named<"law">>`.
/// \tparam N rows \tparam Hidden width of the hidden layer \tparam Name by which files tell several apart
template <Index N, Index Hidden, class Name = Named<"default">>
struct HubPrefixTuning {
  static_assert(N > 0 && Hidden > 0, "graft: HubPrefixTuning<N, Hidden> needs rows and a width");
  static constexpr Index prefix_tokens = N;
  static constexpr bool takes_positions = false;
  static constexpr MethodOffers offers{.hub_name = Name::name};
  template <class F>
  static void each_hub_option(F&& f) {
    f("architecture", "prefix_tuning");
    f("prefix_length", N);
    f("bottleneck_size", Hidden);
    f("non_linearity", "tanh");
    f("encoder_prefix", true);
    f("cross_prefix", true);
    f("flat", false);
    f("use_gating", false);
  }
  /// The network that makes the rows.
  template <class B, class C, Index Blocks, Label Part>
  using Encoded = ProjectionEncoder<B, N, C::width, Hidden, 2 * Blocks * C::groups * C::head_width,
                                    HubPrefixNames<Name::label, Part>>;
  template <class B, class C>
  using Rows = Encoded<B, C, C::blocks, "self_prefix">;
  template <class B, class C>
  struct layer {
    using type = Prefix<HubPrefixTuning, B, C>;
  };
  template <class B, class C>
    requires(C::encoder_blocks > 0)
  struct layer<B, C> {
    using type = HubPrefixes<HubPrefixTuning, B, C>;
  };
  template <class B, class C>
  using Layer = typename layer<B, C>::type;
  template <class Where, class L>
  using at = room_at<HubPrefixTuning, Shared, PrefixBesideAnother, Where, L>;
};

}  // namespace graft
