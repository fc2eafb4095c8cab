/// \file
/// What models of one stack of blocks share, from the tokens to the last block's output, as one type: family,
/// architecture, strategy, backend.
///   h(T,C) = blocks(x),
///       x = TokenEmbedding[tokens] (+ PositionEmbedding[positions] (+ TokenTypeEmbedding[types])), normed where a
///       family does so
/// A family (models/families/llama/llama.hpp, models/families/gpt2/gpt2.hpp, models/families/bert/bert.hpp) says what
/// its blocks are, how tokens know where they stand, and the names of all. What a model makes of h:
/// models/parts/causal_lm.hpp, models/parts/sequence_classifier.hpp.
#pragma once

#include <graft/layers/absent.hpp>
#include <graft/layers/embedding.hpp>
#include <graft/models/parts/block_stack.hpp>
#include <graft/models/parts/model.hpp>
#include <graft/models/parts/shared_base.hpp>
#include <graft/peft/low_rank/activated_lora.hpp>

namespace graft {

/// A row for each position, where a config has positions, and for each kind of text, where it has kinds.
template <class B, class C>
struct PositionsOf {
  using type = Absent<B, C>;
};
template <class B, class C>
  requires(C::positions > 0)
struct PositionsOf<B, C> {
  using type = Embedding<B, C::positions, C::width>;
};
template <class B, class C>
struct TokenTypesOf {
  using type = Absent<B, C>;
};
template <class B, class C>
  requires(C::token_types > 0)
struct TokenTypesOf<B, C> {
  using type = Embedding<B, C::token_types, C::width>;
};

/// Policies, in any order: see models/parts/policies.hpp.
template <class Family, class C, Method M, class B, class... Policies>
class Transformer : public ModelArguments<Family, C, M, B, Policies...> {
  using Arguments = ModelArguments<Family, C, M, B, Policies...>;

 public:
  using Arguments::causal, Arguments::checkpointed, Arguments::recomputed;
  using typename Arguments::element, typename Arguments::storage;
  static_assert(!B::executes || C::heads % C::groups == 0,
                "graft: the query heads of a config must be a multiple of its key/value heads");

  /// Whether tokens learn where they stand from an embedding of positions, and of which text they are.
  static constexpr bool has_positions = C::positions > 0, has_token_types = C::token_types > 0;

 protected:
  template <Site Where, class L>
  using at = site_t<M, Place<Where, -1, C::blocks, typename VocabularyStorage<storage>::type>, L>;

  /// The layer at a site outside blocks, where the family has one.
  template <Site Where, class L>
  using where_there =
      at_if_there<!is_absent<L>, L, M, Place<Where, -1, C::blocks, typename VocabularyStorage<storage>::type>, L>;
  template <class On, Index I>
  using Sites = typename Family::template Sites<C, M, On, storage, I>;

  /// The layers of block I.
  template <Index I>
  using SitesAt = Sites<B, I>;
  /// The type of block I.
  template <Index I>
  using BlockAt = typename Family::template Block<C, M, B, storage, I>;
  /// All blocks, those of one type as one run.
  using Stacked = BlockStack<SitesAt, BlockAt, 0, C::blocks, checkpointed>;
  static constexpr auto runs = Stacked::runs;  ///< where the runs of blocks of one type begin

  /// What a method could not do; the model raises it, once.
  using Refused =
      FirstComplaint<Agreement<M>, at<Shared, Absent<B, C>>, at<TokenEmbedding, Embedding<B, C::vocabulary, C::width>>,
                     where_there<PositionEmbedding, typename PositionsOf<B, C>::type>,
                     where_there<TokenTypeEmbedding, typename TokenTypesOf<B, C>::type>,
                     where_there<EmbeddingNorm, typename Family::template EmbeddingNormOf<B, C>>,
                     typename Stacked::refused>;

  /// Runs of blocks that nothing trained is below or in: what they compute depends on the tokens alone.
  static constexpr Index trunk_runs = []<Index... R>(std::index_sequence<R...>) {
    using Meta = planned_on<B>;
    if constexpr (!causal) return Index{0};
    if (trainable_parameters(at<TokenEmbedding, Embedding<Meta, C::vocabulary, C::width>>{}) +
            trainable_parameters(where_there<PositionEmbedding, typename PositionsOf<Meta, C>::type>{}) +
            trainable_parameters(at<Shared, Absent<Meta, C>>{}) >
        0)
      return Index{0};
    Index count = 0;
    const bool frozen[] = {!Sites<Meta, runs.starts[R]>::trains()...};
    while (count < runs.count && frozen[count]) ++count;
    return count;
  }(std::make_index_sequence<runs.count>{});

 public:
  /// What a method keeps once for the whole model.
  [[no_unique_address]] at<Shared, Absent<B, C>> shared;
  at<TokenEmbedding, Embedding<B, C::vocabulary, C::width>> token_embedding;
  [[no_unique_address]] where_there<PositionEmbedding, typename PositionsOf<B, C>::type> position_embedding;
  [[no_unique_address]] where_there<TokenTypeEmbedding, typename TokenTypesOf<B, C>::type> token_type_embedding;
  [[no_unique_address]] where_there<EmbeddingNorm, typename Family::template EmbeddingNormOf<B, C>> embedding_norm;
  typename Stacked::type blocks;

  static_assert(
      !B::executes || !offers_of<decltype(token_embedding)>.sided,
      "graft: OnEncoder, OnDecoder and OnBoth say where a prompt stands in a model with an encoder and a decoder (T5)");
  /// What stands before its texts.
  static constexpr Ahead ahead{.text = {C::vocabulary, virtual_tokens_of<decltype(token_embedding)>},
                               .once = causal,
                               .keys = prefix_tokens_of<decltype(shared)>,
                               .keys_take_positions = unnumbered_keys_of<decltype(shared)> == 0,
                               .first_position = C::first_position};
  /// Whether an adapter works only behind its invocation.
  static constexpr bool activates = !method_offers<M>.invocation.empty();
  /// Whether batches are read otherwise than they are made.
  static constexpr bool prepares = ahead.any() || activates;
  /// Blocks of the trunk, below everything trained.
  static constexpr Index trunk_blocks = runs.starts[trunk_runs];

  constexpr Transformer() {
    if constexpr (!is_absent<decltype(embedding_norm)>) embedding_norm.epsilon = C::norm_epsilon;
  }
  Transformer(Transformer&&) = default;  // move only, and only before a trainer refers to the parameters
  Transformer& operator=(Transformer&&) = default;

  /// A batch as the model reads it: behind what stands before its texts, and where adapters need it, with the rows
  /// marked that are theirs.
  static Batch prepared(const Batch& batch) { return marked(behind(ahead, batch)); }

  /// h(T,C): every token through every block, or only the given rows of h. A context other than the batch's own sees
  /// other keys (a cache).
  template <class T, class Context>
  constexpr auto hidden(T& tape, const PlacedBatch<B>& batch, const Context& context, Rows<B> rows = {}) const {
    const auto all = block_context(tape, batch, context);
    return Stacked::template through<0, runs.count>(blocks, tape, embedded(tape, batch), all, rows);
  }
  template <class T>
  constexpr auto hidden(T& tape, const PlacedBatch<B>& batch, Rows<B> rows = {}) const {
    return hidden(tape, batch, packed(tape, batch), rows);
  }

  /// x(T,C) behind the trunk: a function of the tokens, worth keeping.
  template <class T>
  constexpr auto trunk(T& tape, const PlacedBatch<B>& batch) const {
    const auto all = block_context(tape, batch, PackedContext<B>{batch.sequences});
    return Stacked::template through<0, trunk_runs>(blocks, tape, embedded(tape, batch), all, Rows<B>{});
  }
  /// Names in files: of the token embedding's weight, and of what all blocks' begin with.
  static std::string embedding_name() { return std::string(Family::root) + "." + Family::token_embedding + ".weight"; }
  static std::string blocks_name() { return std::string(Family::root) + "." + Family::blocks + "."; }

  /// Calls f(site, path, layer) for every site from the embedding to the last block.
  template <class Self, class F>
  static constexpr void each_site(Self& self, F&& f) {
    const Path root{}, model{&root, Family::root}, layers{&model, Family::blocks};
    f(Shared{}, Path{&model, "shared"}, self.shared);
    f(TokenEmbedding{}, Path{&model, Family::token_embedding}, self.token_embedding);
    if constexpr (has_positions)
      f(PositionEmbedding{}, Path{&model, Family::position_embedding}, self.position_embedding);
    if constexpr (has_token_types)
      f(TokenTypeEmbedding{}, Path{&model, Family::token_type_embedding}, self.token_type_embedding);
    if constexpr (!is_absent<std::remove_cvref_t<decltype(self.embedding_norm)>>)
      f(EmbeddingNorm{}, Path{&model, Family::embedding_norm}, self.embedding_norm);
    each_site_of(self.blocks, f, layers);
  }

  /// Calls f(path, parameter) for every parameter.
  template <class Self, class F>
  static constexpr void visit(Self& self, F&& f) {
    std::remove_const_t<Self>::each_site(self, EachParameter{f});
  }

 protected:
  /// The batch as `prepared` leaves it once prompts stand where they stand.
  static Batch marked(Batch batch) {
    if constexpr (activates) return activated(std::move(batch), method_offers<M>.invocation);
    else return batch;
  }
  /// What the tokens of a batch look like when they enter the first block.
  template <class T>
  constexpr auto embedded(T& tape, const PlacedBatch<B>& batch) const {
    check_entry(*this, batch);
    constexpr float factor =
        Family::scales_embedding ? static_cast<float>(square_root(static_cast<double>(C::width))) : 1.0F;
    const auto x = [&] {
      // what is scaled is rows of the embedding, not a prompt
      if constexpr (ahead.text.count > 0)
        return token_embedding(tape, batch.tokens, batch.token_count, batch.task, 1.0F / factor);
      else return token_embedding(tape, batch.tokens, batch.token_count);
    }();
    if constexpr (factor != 1.0F) {
      return scale(tape, x, factor);
    } else if constexpr (has_positions) {
      if (batch.last_position >= C::positions)
        fail("a text of ", batch.last_position + 1,
             " tokens, what stands before it included, and the model has positions for ", C::positions, "; shorten it");
      return normed_embedding(
          tape, with_types(tape, add(tape, x, position_embedding(tape, batch.positions, batch.token_count)), batch));
    } else {
      return x;
    }
  }
  /// The same with token types added, where the family has them.
  template <class T, class X>
  constexpr auto with_types(T& tape, X x, const PlacedBatch<B>& batch) const {
    if constexpr (has_token_types) {
      auto types = batch.types;
      if (!batch.has_types) {
        types = tape.template scratch<Id>(batch.token_count);
        tape.run(0, [=, count = batch.token_count](auto on) { count_up(types, count, 0, on); });
      }
      return add(tape, x, token_type_embedding(tape, types, batch.token_count));
    } else {
      return x;
    }
  }
  /// The same normed, where the family norms it.
  template <class T, class X>
  constexpr auto normed_embedding(T& tape, X x) const {
    if constexpr (is_absent<decltype(embedding_norm)>) return x;
    else return embedding_norm(tape, x);
  }
  /// Attention within the batch's sequences, and what a method lets them see besides.
  template <class T>
  constexpr auto packed(T& tape, const PlacedBatch<B>& batch) const {
    if constexpr (B::executes) require_keys(batch.keys_ahead, ahead.keys);
    auto sequences = batch.sequences;
    sequences.causal = causal;
    return seen_by(tape, shared, sequences);
  }
  /// The rows that have a label, of as many kinds as a head tells apart.
  static constexpr Rows<B> labelled(const PlacedBatch<B>& batch, Index kinds) {
    require_labels(batch, kinds);
    return {batch.rows, batch.target_count, false, batch.target_owners};
  }

  /// What blocks read beside their input: positions, sequences, and what the method adds.
  template <class T, class Context>
  constexpr auto block_context(T& tape, const PlacedBatch<B>& batch, const Context& context) const {
    return BlockView<Transformer, Context>{context,
                                           Family::template positions_of<C>(tape, batch),
                                           {recomputed, batch.owners},
                                           batch.positions,
                                           batch.token_count,
                                           &shared};
  }
};

}  // namespace graft
