/// \file
/// T5 (Raffel et al. 2020), an encoder and a decoder, as one type: architecture, strategy, backend. Paths are Hugging
/// Face's names.
///   s(S,C) = FinalNorm(encoder blocks(TokenEmbedding[source tokens]))
///       h(T,C) = decoder blocks(TokenEmbedding[tokens], s)
///   logits(R,V) = Head(FinalNorm(h[rows]))     loss = Σ cross entropy;   the first T5's head reads h/√C
#pragma once

#include <graft/autodiff/ops/leaf.hpp>
#include <graft/autodiff/ops/losses/cross_entropy.hpp>
#include <graft/layers/embedding.hpp>
#include <graft/models/families/t5/t5_block.hpp>
#include <graft/models/parts/block_stack.hpp>
#include <graft/models/parts/family_defaults.hpp>
#include <graft/models/parts/model.hpp>
#include <graft/models/parts/shared_base.hpp>

namespace graft {

/// T5's names (Raffel et al. 2020).
struct T5Family : FamilyDefaults {
  static constexpr bool causal = true;
  static constexpr const char* root = "";  ///< names begin with that of a stack, or with none
  template <class C>
  static constexpr const char* model_type = "t5";
  /// the class in Transformers
  template <class C>
  static constexpr const char* model_class = "T5ForConditionalGeneration";
};

/// `T5<FlanT5Small, LoRA<8>, Cpu, Bf16>`; policies: models/parts/policies.hpp.
template <T5Config C, Method M, class B, class... Policies>
class T5 : public ModelArguments<T5Family, C, M, B, Policies...> {
  using Arguments = ModelArguments<T5Family, C, M, B, Policies...>;

 public:
  using Arguments::checkpointed, Arguments::recomputed;
  using typename Arguments::element, typename Arguments::storage;
  template <class Other>
  using on = T5<C, M, Other, Policies...>;
  template <class Other>
  using of = T5<C, Other, B, Policies...>;
  template <class... More>
  using with = T5<C, M, B, Policies..., More...>;
  /// What it may be made over: the same without a method, and without policies but the storage.
  using base = T5<C, FrozenBase, B, typename StorageOf<Policies...>::type>;
  static constexpr const char* task_type = "SEQ_2_SEQ_LM";
  static_assert(!B::executes || Arguments::members == 1,
                "graft: a Bank of adapters needs a model of one stack of blocks");
  static_assert(!B::executes || method_offers<M>.invocation.empty(),
                "graft: an ActivatedLoRA needs a model of one stack of blocks");
  static constexpr const char* memory_policy =
      recomputed && !checkpointed ? "Recompute: norms are made again backwards" : Arguments::memory_policy;

 private:
  template <Site Where, class L>
  using at = site_t<M, Place<Where, -1, C::encoder_blocks + C::blocks, typename VocabularyStorage<storage>::type>, L>;
  using Bias = at<RelativeBias, Embedding<B, C::buckets, C::heads>>;
  using Norm = at<FinalNorm, RMSNorm<B, C::width>>;
  using PlainHead = Linear<B, C::width, C::vocabulary>;
  template <Index I>
  using SitesAt = typename T5Sites<C, M, B, storage, I>::all;
  template <Index I>
  using BlockAt = T5Block<C, M, B, storage, I>;
  using Encoder = BlockStack<SitesAt, BlockAt, 0, C::encoder_blocks, checkpointed>;
  using Decoder = BlockStack<SitesAt, BlockAt, C::encoder_blocks, C::blocks, checkpointed>;
  using Refused =
      FirstComplaint<Agreement<M>, at<Shared, Absent<B, C>>, at<TokenEmbedding, Embedding<B, C::vocabulary, C::width>>,
                     Bias, Norm, typename Encoder::refused, typename Decoder::refused>;
  static_assert(sizeof(typename Raise<T5, typename Refused::type>::type) > 0);

 public:
  /// What a method keeps once for the whole model.
  [[no_unique_address]] at<Shared, Absent<B, C>> shared;
  at<TokenEmbedding, Embedding<B, C::vocabulary, C::width>> token_embedding;
  Bias encoder_bias;               ///< how far apart tokens are, in the encoder
  typename Encoder::type encoder;  ///< the encoder's blocks
  Norm encoder_norm;               ///< the norm behind the encoder
  Bias decoder_bias;               ///< how far apart tokens are, in the decoder
  typename Decoder::type blocks;
  Norm final_norm;
  at<Head, std::conditional_t<C::tied_head, Tied<PlainHead>, PlainHead>> head;

  /// Numbers of the type: known before any model exists.
  static constexpr Index parameters = count_parameters<on<planned_on<B>>>(false);
  static constexpr Index trainable_parameters = count_parameters<on<planned_on<B>>>(true);
  /// What stands before its sources and before its answers: rows of a soft prompt before either or both, a prefix's
  /// keys before what the decoder sees.
  static constexpr Ahead ahead = [] {
    constexpr LayerOffers prompt = offers_of<decltype(token_embedding)>, prefix = offers_of<decltype(shared)>;
    Ahead all{.once = false, .keys = prefix.keys_ahead, .keys_take_positions = prefix.counted};
    if (prompt.before_source) all.source = {C::vocabulary, prompt.tokens_ahead};
    if (prompt.before_answer) all.text = {C::vocabulary + prompt.tokens_ahead, prompt.tokens_ahead};
    if (prefix.before_source) all.source_keys = prefix.keys_ahead;
    return all;
  }();
  static constexpr bool prepares = ahead.any(), activates = false;
  /// Whether the method gave the model a head of its own, where its config ties it to the embedding.
  static constexpr bool unties_head = C::tied_head && !is_tied<decltype(head)>;
  static constexpr Index trunk_blocks = 0;  ///< blocks whose outputs are kept between epochs: none

  constexpr T5() { encoder_norm.epsilon = final_norm.epsilon = C::norm_epsilon; }
  /// Over the weights of `other`, a `base`, which are not copied (models/parts/shared_base.hpp); what the method adds
  /// is drawn from `seed`.
  template <BaseModel Other>
  explicit T5(const Other& other, std::uint64_t seed = 0) : T5() {
    stand_on(*this, other, seed);
  }
  T5(T5&&) = default;  // move only, and only before a trainer refers to the parameters
  T5& operator=(T5&&) = default;

  /// A batch as the model reads it: behind what stands before its sources and answers.
  static Batch prepared(const Batch& batch) { return behind(ahead, batch); }

  /// s(S,C): every token of the sources through the encoder.
  template <class T>
  constexpr auto encoded(T& tape, const PlacedBatch<B>& batch) const {
    check_entry(*this, batch);
    if constexpr (B::executes) {
      if (batch.source_count == 0)
        fail("a batch has no sources, and an encoder reads them: Batch::append_pair puts them there");
      require_keys(batch.source_keys_ahead, ahead.source_keys);
    }
    const auto seen = [&] {
      const PackedContext<B> plain{batch.source};
      if constexpr (ahead.source_keys > 0) return shared.seen_by_encoder(tape, plain);
      else return plain;
    }();
    const auto bias = leaf(tape, encoder_bias.weight);
    const T5Context<B, std::remove_const_t<decltype(seen)>, element, decltype(bias), int, int,
                    std::remove_const_t<decltype(shared)>>
        context{seen, bias, 0, 0, {recomputed, {}}, &shared};
    const auto h = Encoder::template through<0, Encoder::runs.count>(
        encoder, tape, token_embedding(tape, batch.source_tokens, batch.source_count), context, Rows<B>{});
    return as_elements<element>(tape, encoder_norm(tape, h));
  }
  /// h(T,C) of the decoder, given what the encoder yields; or only the given rows of it.
  template <class T, class Source>
  constexpr auto hidden(T& tape, const PlacedBatch<B>& batch, Source source, Rows<B> rows = {}) const {
    if constexpr (B::executes) require_keys(batch.keys_ahead, ahead.keys);
    return decoded(tape, batch, source, seen_by(tape, shared, batch.sequences), rows);
  }
  /// The same where the decoder's queries see the keys of `seen` (a cache), and `source` may be one whose keys and
  /// values are kept.
  template <class T, class Source, class Seen>
  constexpr auto decoded(T& tape, const PlacedBatch<B>& batch, Source source, Seen seen, Rows<B> rows) const {
    check_entry(*this, batch);
    const auto across = [&] {
      const PackedContext<B> plain{batch.cross};
      if constexpr (ahead.source_keys > 0) return shared.seen_across(tape, plain);
      else return plain;
    }();
    const auto bias = leaf(tape, decoder_bias.weight);
    const T5Context<B, Seen, element, decltype(bias), Source, std::remove_const_t<decltype(across)>,
                    std::remove_const_t<decltype(shared)>>
        context{seen, bias, source, across, {recomputed, {}}, &shared};
    return Decoder::template through<0, Decoder::runs.count>(
        blocks, tape, token_embedding(tape, batch.tokens, batch.token_count), context, rows);
  }
  template <class T>
  constexpr auto hidden(T& tape, const PlacedBatch<B>& batch, Rows<B> rows = {}) const {
    return hidden(tape, batch, encoded(tape, batch), rows);
  }

  /// logits(R,V) of hidden rows h(R,C), in floats.
  template <class T, Gradient G>
  constexpr auto logits(T& tape, Var<B, C::width, G> h) const {
    const auto n = final_norm(tape, h);
    const auto read = [&] {
      if constexpr (C::scaled_head)
        return as_elements<element>(
            tape, scale(tape, n, 1.0F / static_cast<float>(square_root(static_cast<double>(C::width)))));
      else return as_elements<element>(tape, n);
    }();
    if constexpr (is_tied<decltype(head)>) return matmul<float>(tape, read, token_embedding.weight);
    else return std::get<0>(apply<float>(tape, Given{read}, {}, head));
  }

  /// loss(1): the sum over the batch's targets.
  template <class T>
  constexpr auto loss(T& tape, const PlacedBatch<B>& batch) const {
    require_labels(batch, C::vocabulary);
    return cross_entropy(tape, logits(tape, hidden(tape, batch, Rows<B>{batch.rows, batch.target_count, false, {}})),
                         batch.targets);
  }

  /// Names in files: of the token embedding's weight. The blocks of two stacks have no beginning in common.
  static std::string embedding_name() { return "shared.weight"; }
  static std::string blocks_name() { return ""; }

  /// Calls f(site, path, layer) for every site from the embedding to the head.
  template <class Self, class F>
  static constexpr void each_site(Self& self, F&& f) {
    const Path root{}, encoder_path{&root, "encoder"}, decoder_path{&root, "decoder"},
        encoder_blocks{&encoder_path, "block"}, decoder_blocks{&decoder_path, "block"};
    constexpr const char* bias = "block.0.layer.0.SelfAttention.relative_attention_bias";
    f(Shared{}, Path{&root, "method"}, self.shared);
    f(TokenEmbedding{}, Path{&root, "shared"}, self.token_embedding);
    f(RelativeBias{}, Path{&encoder_path, bias}, self.encoder_bias);
    each_site_of(self.encoder, f, encoder_blocks);
    f(FinalNorm{}, Path{&encoder_path, "final_layer_norm"}, self.encoder_norm);
    f(RelativeBias{}, Path{&decoder_path, bias}, self.decoder_bias);
    each_site_of(self.blocks, f, decoder_blocks);
    f(FinalNorm{}, Path{&decoder_path, "final_layer_norm"}, self.final_norm);
    f(Head{}, Path{&root, "lm_head"}, self.head);
  }

  /// Calls f(path, parameter) for every parameter.
  template <class Self, class F>
  static constexpr void visit(Self& self, F&& f) {
    each_site(self, EachParameter{f});
  }

  /// First values: of everything, or (`initializer.base` false) only of what the method adds to a base from a file.
  void initialize(Initializer initializer) { initialize_layers(*this, initializer); }
};

}  // namespace graft
