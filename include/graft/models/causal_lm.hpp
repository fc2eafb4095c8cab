/// \file
/// A language model that predicts the next token, as one type: family, architecture, strategy, backend. Paths are Hugging Face's names.
///   h(T,C) = blocks(TokenEmbedding[tokens] (+ PositionEmbedding[positions]))     logits(S,V) = Head(FinalNorm(h[rows]))     loss = Σ cross entropy
/// A family (models/llama.hpp, models/gpt2.hpp) says what its blocks are, what norm ends them, where tokens stand, and the names of all.
#pragma once

#include <graft/autodiff/checkpoint.hpp>
#include <graft/autodiff/ops/cross_entropy.hpp>
#include <graft/autodiff/ops/slice.hpp>
#include <graft/autodiff/ops/vocabulary_loss.hpp>
#include <graft/backend/meta.hpp>
#include <graft/layers/absent.hpp>
#include <graft/layers/embedding.hpp>
#include <graft/layers/repeat.hpp>
#include <graft/models/block.hpp>
#include <graft/models/policies.hpp>
#include <graft/peft/activated_lora.hpp>

#include <tuple>

namespace graft {

/// Parameters of a model, or only the trained ones. Model is a type on `meta`, so that nothing is allocated.
template <class Model>
constexpr Index count_parameters(bool trainable_only) {
  const Model model;
  Index count = 0;
  Model::visit(model, [&](const Path&, const auto& p) { count += p.trainable || !trainable_only ? p.size : 0; });
  return count;
}

/// A row for each position, where a config has positions.
template <class B, class C>
struct PositionsOf {
  using type = Absent<B, C>;
};
template <class B, class C>
  requires requires { C::positions; }
struct PositionsOf<B, C> {
  using type = Embedding<B, C::positions, C::width>;
};

/// Policies, in any order: see models/policies.hpp.
template <class Family, class C, Method M, class B, class... Policies>
class CausalLM {
 public:
  using family = Family;
  using config = C;
  using method = M;
  using backend = B;
  using storage = typename StorageOf<Policies...>::type;
  using element = element_of<Policies...>;
  static_assert(!B::executes || (ModelPolicy<Policies> && ...),
                "graft: unknown policy of a model; it takes a storage for frozen weights (F32, Bf16, Int8, Nf4, Nf4DoubleQuant, Q8_0, Q4_1), Activations<F32 or Bf16>, Recompute and CheckpointBlocks");
  static_assert(!B::executes || C::heads % C::groups == 0, "graft: the query heads of a config must be a multiple of its key/value heads");

  /// The same model elsewhere: `Model::on<meta<B>>` plans it.
  template <class Other>
  using on = CausalLM<Family, C, M, Other, Policies...>;
  /// The same model with another method.
  template <class Other>
  using of = CausalLM<Family, C, Other, B, Policies...>;
  /// The same model under more policies.
  template <class... More>
  using with = CausalLM<Family, C, M, B, Policies..., More...>;
  /// Adapters trained together (peft/bank.hpp).
  static constexpr Index members = members_of<M>;
  /// Whether tokens learn where they stand from an embedding of positions.
  static constexpr bool has_positions = requires { C::positions; };
  static constexpr bool checkpointed = has_policy<CheckpointBlocks, Policies...>, recomputed = has_policy<Recompute, Policies...>;
  static constexpr const char* memory_policy = checkpointed ? "CheckpointBlocks: blocks run again backwards" : recomputed ? "Recompute: norms and SwiGLU are made again backwards" : "everything that is needed backwards is kept";

 private:
  template <Site Where, class L>
  using at = site_t<M, Place<Where, -1, C::blocks, typename VocabularyStorage<storage>::type>, L>;

  template <class On, Index I>
  using Sites = typename Family::template Sites<C, M, On, storage, I>;

  /// Block numbers at which a new kind of block begins.
  struct Runs {
    Index count = 0;
    std::array<Index, C::blocks + 1> starts{};
  };
  static constexpr Runs runs = []<Index... I>(std::index_sequence<I...>) {
    Runs found;
    const auto visit = [&found]<Index Number>(std::integral_constant<Index, Number>) {
      constexpr Index before = Number == 0 ? 0 : Number - 1;
      using Here = typename Sites<B, Number>::kind;
      using Before = typename Sites<B, before>::kind;
      if (Number == 0 || !std::is_same_v<Here, Before>) found.starts[found.count++] = Number;
    };
    (visit(std::integral_constant<Index, I>{}), ...);
    found.starts[found.count] = C::blocks;
    return found;
  }(std::make_index_sequence<C::blocks>{});

  // A method that could not do what it was asked says so here, once.
  template <class Numbers>
  struct Complaints;
  template <Index... I>
  struct Complaints<std::index_sequence<I...>> : FirstComplaint<at<Shared, Absent<B, C>>, at<TokenEmbedding, Embedding<B, C::vocabulary, C::width>>, at<PositionEmbedding, typename PositionsOf<B, C>::type>, at<FinalNorm, typename Family::template Norm<B, C>>, typename Sites<B, I>::refused...> {};
  static_assert(sizeof(typename Raise<CausalLM, typename Complaints<std::make_index_sequence<C::blocks>>::type>::type) > 0);

  template <Index R>
  using Run = Repeat<runs.starts[R], runs.starts[R + 1] - runs.starts[R], typename Family::template Block<C, M, B, storage, runs.starts[R]>, checkpointed>;
  template <class Numbers>
  struct StackOf;
  template <Index... R>
  struct StackOf<std::index_sequence<R...>> {
    using type = std::tuple<Run<R>...>;
  };
  using PlainHead = Linear<B, C::width, C::vocabulary>;

  /// Runs of blocks that nothing trained is below or in: what they compute depends on the tokens alone.
  static constexpr Index trunk_runs = []<Index... R>(std::index_sequence<R...>) {
    using Meta = planned_on<B>;
    if (trainable_parameters(at<TokenEmbedding, Embedding<Meta, C::vocabulary, C::width>>{}) + trainable_parameters(at<PositionEmbedding, typename PositionsOf<Meta, C>::type>{}) + trainable_parameters(at<Shared, Absent<Meta, C>>{}) > 0) return Index{0};
    Index count = 0;
    const bool frozen[] = {!Sites<Meta, runs.starts[R]>::trains()...};
    while (count < runs.count && frozen[count]) ++count;
    return count;
  }(std::make_index_sequence<runs.count>{});

 public:
  /// What a method keeps once for the whole model.
  [[no_unique_address]] at<Shared, Absent<B, C>> shared;
  at<TokenEmbedding, Embedding<B, C::vocabulary, C::width>> token_embedding;
  [[no_unique_address]] at<PositionEmbedding, typename PositionsOf<B, C>::type> position_embedding;
  typename StackOf<std::make_index_sequence<runs.count>>::type blocks;
  at<FinalNorm, typename Family::template Norm<B, C>> final_norm;
  at<Head, std::conditional_t<C::tied_head, Tied<PlainHead>, PlainHead>> head;

  /// Numbers of the type: known before any model exists.
  static constexpr Index parameters = count_parameters<on<planned_on<B>>>(false);
  static constexpr Index trainable_parameters = count_parameters<on<planned_on<B>>>(true);
  /// Tokens that a soft prompt puts before every sequence.
  static constexpr Index virtual_tokens = [] {
    if constexpr (requires { decltype(token_embedding)::virtual_tokens; }) return decltype(token_embedding)::virtual_tokens;
    else return Index{0};
  }();
  /// Keys that a prefix puts before every sequence's.
  static constexpr Index prefix_tokens = [] {
    if constexpr (requires { decltype(shared)::prefix_tokens; }) return decltype(shared)::prefix_tokens;
    else return Index{0};
  }();
  /// Those of them that positions do not count.
  static constexpr Index unnumbered_keys = [] {
    if constexpr (requires { decltype(shared)::takes_positions; }) return decltype(shared)::takes_positions ? Index{0} : prefix_tokens;
    else return Index{0};
  }();
  /// Whether batches are read otherwise than they are made.
  static constexpr bool prepares = virtual_tokens + prefix_tokens > 0 || requires { M::invocation; };
  /// Whether an adapter works only behind its invocation.
  static constexpr bool activates = requires { M::invocation; };
  /// Blocks of the trunk, below everything trained.
  static constexpr Index trunk_blocks = runs.starts[trunk_runs];

  constexpr CausalLM() { final_norm.epsilon = C::norm_epsilon; }
  CausalLM(CausalLM&&) = default;  // move only, and only before a trainer refers to the parameters
  CausalLM& operator=(CausalLM&&) = default;

  /// A batch as the model reads it: behind its soft prompt and its prefix, if it has them.
  static Batch prepared(const Batch& batch) {
    const Batch prompted = virtual_tokens == 0 ? batch : batch.behind(C::vocabulary, virtual_tokens);
    if constexpr (activates) return activated(batch, M::invocation);
    else if constexpr (prefix_tokens > 0) return prompted.behind_keys(prefix_tokens, unnumbered_keys == 0);
    else return prompted;
  }

  /// h(T,C): every token through every block, or only the given rows of h. A context other than the batch's own sees other
  /// keys (a cache).
  template <class T, class Context>
  constexpr auto hidden(T& tape, const PlacedBatch<B>& batch, const Context& context, Rows<B> rows = {}) const {
    const auto all = block_context(tape, batch, context);
    return through<0, runs.count>(tape, embedded(tape, batch), all, rows);
  }
  template <class T>
  constexpr auto hidden(T& tape, const PlacedBatch<B>& batch, Rows<B> rows = {}) const {
    return hidden(tape, batch, packed(tape, batch), rows);
  }

  /// logits(S,V) of hidden rows h(S,C), in floats.
  template <class T, Gradient G>
  constexpr auto logits(T& tape, Var<B, C::width, G> h) const {
    const auto n = normed(tape, h);
    if constexpr (shares_rows) return token_embedding.tied_logits(tape, n);
    else if constexpr (shares_embedding) return matmul<float>(tape, n, token_embedding.weight);
    else return std::get<0>(apply<float>(tape, Given{n}, {}, head));
  }

  /// loss(1): the sum over the batch's targets. Behind the last attention only rows that have one are computed.
  /// requires: batch.target_count > 0
  template <class T>
  constexpr auto loss(T& tape, const PlacedBatch<B>& batch) const {
    return loss_of(tape, hidden(tape, batch, labelled(batch)), batch);
  }

  /// x(T,C) behind the trunk: a function of the tokens, worth keeping.
  template <class T>
  constexpr auto trunk(T& tape, const PlacedBatch<B>& batch) const {
    const auto all = block_context(tape, batch, PackedContext<B>{batch.sequences});
    return through<0, trunk_runs>(tape, embedded(tape, batch), all, {});
  }
  /// The loss, given what the trunk yields.
  template <class T>
  constexpr auto loss(T& tape, const PlacedBatch<B>& batch, Var<B, C::width> x) const {
    const auto all = block_context(tape, batch, PackedContext<B>{batch.sequences});
    return loss_of(tape, through<trunk_runs, runs.count>(tape, x, all, labelled(batch)), batch);
  }
  /// Names in files: of the token embedding's weight, and of what all blocks' begin with.
  static std::string embedding_name() { return std::string(Family::root) + "." + Family::token_embedding + ".weight"; }
  static std::string blocks_name() { return std::string(Family::root) + "." + Family::blocks + "."; }

  /// Calls f(site, path, layer) for every site from the embedding to the head.
  template <class Self, class F>
  static constexpr void each_site(Self& self, F&& f) {
    const Path root{}, model{&root, Family::root}, layers{&model, Family::blocks};
    f(Shared{}, Path{&model, "shared"}, self.shared);
    f(TokenEmbedding{}, Path{&model, Family::token_embedding}, self.token_embedding);
    if constexpr (has_positions) f(PositionEmbedding{}, Path{&model, Family::position_embedding}, self.position_embedding);
    const auto run = [&](auto& repeat) {
      for (Index i = 0; i < repeat.blocks.size(); ++i)
        std::remove_cvref_t<decltype(repeat.blocks[i])>::each_site(
            repeat.blocks[i], f, Path{&layers, "", static_cast<std::ptrdiff_t>(repeat.first + i)});
    };
    std::apply([&](auto&... repeats) { (run(repeats), ...); }, self.blocks);
    f(FinalNorm{}, Path{&model, Family::final_norm}, self.final_norm);
    f(Head{}, Path{&root, "lm_head"}, self.head);
  }

  /// Calls f(path, parameter) for every parameter.
  template <class Self, class F>
  static constexpr void visit(Self& self, F&& f) {
    each_site(self, [&f](auto, const Path& path, auto& layer) { std::remove_cvref_t<decltype(layer)>::visit(layer, f, path); });
  }

  /// First values: of everything, or (`initializer.base` false) only of what the method adds to a base from a file.
  void initialize(Initializer initializer) {
    each_site(*this, [&initializer](auto, const Path&, auto& layer) { layer.initialize(initializer); });
  }

 private:
  static constexpr Index loss_chunk = 256;
  static constexpr bool shares_embedding = is_tied<decltype(head)>;
  /// Whether a tied head has rows that are not the embedding's weight.
  static constexpr bool shares_rows = shares_embedding && requires { &decltype(token_embedding)::rows; };

  /// The head's weight where the head is nothing but a frozen product.
  [[nodiscard]] constexpr const auto& head_weight() const {
    if constexpr (shares_embedding && !shares_rows) return token_embedding.weight;
    else if constexpr (requires { head.weight; }) return head.weight;
    else return head;
  }
  template <class T, Gradient G>
  constexpr auto normed(T& tape, Var<B, C::width, G> h) const {
    if constexpr (requires { final_norm.template source<element>(tape, h); }) return value_of(tape, final_norm.template source<element>(tape, h));
    else return as_elements<element>(tape, final_norm(tape, h));
  }

  /// h(S,C) → loss(1) of `count` rows from `begin` on.
  struct TargetLoss {
    const CausalLM* model;
    Pointer<B, Id> targets;
    Index begin, count;

    template <class T, Gradient G>
    constexpr auto operator()(T& tape, Var<B, C::width, G> h) const {
      return cross_entropy(tape, model->logits(tape, slice(tape, h, begin, count)), targets);
    }
  };

  template <class T>
  constexpr auto embedded(T& tape, const PlacedBatch<B>& batch) const {
    const auto x = [&] {
      if constexpr (virtual_tokens > 0) return token_embedding(tape, batch.tokens, batch.token_count, batch.task);
      else return token_embedding(tape, batch.tokens, batch.token_count);
    }();
    if constexpr (has_positions) {
      if (batch.last_position >= C::positions) fail("a text of ", batch.last_position + 1, " tokens, what stands before it included, and the model has positions for ", C::positions);
      return add(tape, x, position_embedding(tape, batch.positions, batch.token_count));
    } else {
      return x;
    }
  }
  /// Attention within the batch's sequences, and what a method lets them see besides.
  template <class T>
  constexpr auto packed(T& tape, const PlacedBatch<B>& batch) const {
    const PackedContext<B> plain{batch.sequences};
    if constexpr (requires { shared.seen(tape, plain); }) return shared.seen(tape, plain);
    else return plain;
  }
  static constexpr Rows<B> labelled(const PlacedBatch<B>& batch) { return {batch.rows, batch.target_count, false, batch.target_owners}; }

  template <class T, class Context>
  constexpr auto block_context(T& tape, const PlacedBatch<B>& batch, const Context& context) const {
    const auto table = Family::template positions_of<C>(tape, batch);
    return BlockContext<B, Context, element, decltype(table), std::remove_const_t<decltype(shared)>>{context, table, {recomputed, batch.owners}, batch.positions, batch.token_count, &shared};
  }

  /// The sum over the targets of rows h(S,C).
  template <class T, class H>
  constexpr auto loss_of(T& tape, H h, const PlacedBatch<B>& batch) const {
    if constexpr (FrozenParameter<std::remove_cvref_t<decltype(head_weight())>>) {
      return vocabulary_loss(tape, normed(tape, h), head_weight(), batch.targets);
    } else {  // logits of a chunk of rows at a time, computed again backwards
      const auto chunk = [&](Index begin) {
        return checkpoint(tape, h, TargetLoss{this, batch.targets + begin, begin, std::min(loss_chunk, batch.target_count - begin)});
      };
      auto total = chunk(0);
      for (Index begin = loss_chunk; begin < batch.target_count; begin += loss_chunk) total = add_into(tape, total, chunk(begin));
      return total;
    }
  }

  /// Runs First … Last−1; the last run of the model leaves out rows.
  template <Index First, Index Last, class T, class X, class Context>
  constexpr auto through(T& tape, X x, const Context& context, Rows<B> rows) const {
    if constexpr (First == Last) return rows(tape, x);
    else if constexpr (First + 1 < Last) return through<First + 1, Last>(tape, std::get<First>(blocks)(tape, x, context), context, rows);
    else return std::get<First>(blocks)(tape, x, context, rows);
  }
};

}  // namespace graft
