/// \file
/// Prompt tuning (Lester et al. 2021): N trained rows P(N,C) stand before the embeddings of every sequence. They are
/// tokens of their own numbers, V … V+N−1, so that everything else treats them as tokens; being the same for all, they
/// are computed once for a batch.
///   y[t] = P[id − V] where id ≥ V, else W[id]     gradient: ops/rows/embedding.hpp
/// P-tuning (Liu et al. 2021) is the same with a small network that makes the rows while they are trained.
#pragma once

#include <graft/autodiff/ops/rows/embedding.hpp>
#include <graft/layers/embedding.hpp>
#include <graft/peft/contract/method.hpp>
#include <graft/peft/prompts/prompt_encoder.hpp>

namespace graft {

/// An embedding of N more tokens than the base's, whose rows `Method::Prompt<B, C>` makes.
template <class Method, class B, Index V, Index C, class Role>
class Prompted : public Embedding<B, V, C, Role> {
  using Base = Embedding<B, V, C, Role>;

 public:
  using adapted = Base;
  using method = Method;
  using Rows = typename Method::template Prompt<B, C>;
  static constexpr Index virtual_tokens = Method::virtual_tokens;
  static constexpr LayerOffers offers{.prompt = true,
                                      .starts_from_text = Rows::kind == RowsKind::plain,
                                      .encoded = Rows::kind == RowsKind::encoded,
                                      .tokens_ahead = virtual_tokens,
                                      .tasks = Method::tasks,
                                      .sided = Method::sided,
                                      .before_source = Method::before_source,
                                      .before_answer = Method::before_answer};
  template <class S>
  using frozen = Prompted<Method, B, V, C, Constant<S>>;
  using bias_thawed = Prompted;

  Rows prompt;

  /// `task`: whose rows stand before the text, where the method has several. `factor`: what undoes a scaling of all
  /// rows that is not for the prompt's.
  template <class T>
  constexpr auto operator()(T& tape, Pointer<B, Id> ids, Index count, Index task = 0, float factor = 1) const {
    const auto rows = [&] {
      if constexpr (Rows::kind == RowsKind::of_tasks) {
        if (task >= Method::tasks)
          fail("a batch is of task ", task, ", and the prompt is of ", Method::tasks, " (counted from 0)");
        return prompt(tape, task);
      } else {
        return prompt(tape);
      }
    }();
    return embedding_beyond(tape, ids, count, Base::weight, factor == 1 ? rows : scale(tape, rows, factor));
  }

  template <class Self, class F>
  static constexpr void visit(Self& self, F&& f, const Path& path) {
    Base::visit(self, f, path);
    decltype(prompt)::visit(self.prompt, f);
  }
  void initialize(Initializer& initializer) {
    Base::initialize(initializer);
    prompt.initialize(initializer);
    if constexpr (Method::from_vocabulary) {  // rows of the base's own tokens, drawn at random
      const auto draws = initializer.uniform(virtual_tokens, 0.5F);
      std::vector<Id> ids;
      for (const float d : draws)
        ids.push_back(static_cast<Id>(static_cast<Index>((d + 0.5F) * static_cast<float>(V)) % V));
      start_from(ids);
    }
  }

  /// The rows of these tokens as first values, repeated or cut to N: a text's tokens, say.
  void start_from(const std::vector<Id>& ids)
    requires(Rows::kind == RowsKind::plain)
  {
    if (ids.empty()) fail("a soft prompt cannot start from a text without tokens");
    for (const Id id : ids)
      if (id < 0 || static_cast<Index>(id) >= V)
        fail("a soft prompt cannot start from the token ", id, ": there are ", V);
    const auto w = Base::weight.read();
    std::vector<float> rows;
    for (Index i = 0; i < decltype(prompt.rows)::rows; ++i) {
      const auto first = w.begin() + static_cast<std::ptrdiff_t>(static_cast<Index>(ids[i % ids.size()]) * C);
      rows.insert(rows.end(), first, first + static_cast<std::ptrdiff_t>(C));
    }
    prompt.rows.assign(rows);
  }
};

struct PromptOverTrained {
  template <class Model>
  struct error {
    static_assert(
        !Model::backend::executes,
        "graft: a soft prompt stands before a frozen token embedding; here another method trains or wraps it");
  };
};

/// What prompts do to a place: they stand before the frozen token embedding.
template <class Method, class L>
struct BeforeEmbedding : Refuse<L, PromptOverTrained> {};
template <class Method, class B, Index V, Index C, class S>
struct BeforeEmbedding<Method, Embedding<B, V, C, Constant<S>>> {
  using type = Prompted<Method, B, V, C, Constant<S>>;
};
/// What the prompt makes of the layer at a place.
template <class Method, class Where, class L>
using prompt_at = typename std::conditional_t<std::is_same_v<typename Where::site, TokenEmbedding>,
                                              BeforeEmbedding<Method, L>, Kept<L>>::type;

/// Options, for a model with an encoder and a decoder: the prompt has 2N rows, as in PEFT; the first N stand before
/// what the encoder reads, the last N before what the decoder does. PEFT reads the encoder's alone.
struct OnEncoder {
  static constexpr bool before_source = true, before_answer = false;  ///< the encoder reads them; the decoder does not
};
/// The rows stand before what the decoder writes.
struct OnDecoder {
  static constexpr bool before_source = false, before_answer = true;  ///< the decoder reads them; the encoder does not
};
/// The rows stand before both.
struct OnBoth {
  static constexpr bool before_source = true, before_answer = true;  ///< both read them
};
template <class O>
concept PromptSide = requires { O::before_source; };
/// How often the rows of a prompt are there.
template <class... Options>
inline constexpr Index submodules_of = (PromptSide<Options> || ...) ? 2 : 1;
/// Where they stand; without an option, before the only text there is, or the source.
template <class... Options>
inline constexpr bool stands_before_source = [] {
  bool stands = true;
  (
      [&] {
        if constexpr (PromptSide<Options>) stands = Options::before_source;
      }(),
      ...);
  return stands;
}();
/// Whether rows stand before what a decoder writes.
template <class... Options>
inline constexpr bool stands_before_answer = [] {
  bool stands = false;
  (
      [&] {
        if constexpr (PromptSide<Options>) stands = Options::before_answer;
      }(),
      ...);
  return stands;
}();

/// What the configs of all prompts say.
template <class Config, Index N, Index Submodules = 1, class F>
void each_prompt_option(F&& f) {
  f("num_virtual_tokens", N);
  f("token_dim", Config::width);
  f("num_layers", Config::blocks);
  f("num_attention_heads", Config::heads);
  f("num_transformer_submodules", Submodules);
}

/// Option: the prompt starts as rows of tokens drawn from the vocabulary, and not as N(0,1).
struct FromVocabulary {};

/// `SoftPrompt<20>`, `SoftPrompt<20, FromVocabulary>`.
/// (Lester et al. 2021) \tparam N rows \tparam Options `FromVocabulary`, `OnEncoder`, `OnDecoder`, `OnBoth`
template <Index N, class... Options>
struct SoftPrompt {
  static_assert(N > 0, "graft: SoftPrompt<0> trains nothing");
  static_assert(((std::is_same_v<Options, FromVocabulary> || PromptSide<Options>) && ...),
                "graft: unknown option of SoftPrompt; it takes FromVocabulary, OnEncoder, OnDecoder and OnBoth");
  static constexpr Index virtual_tokens = N, tasks = 1;  ///< how many tasks have prompts of their own
  /// before what the rows stand, and whether an option says so
  static constexpr bool before_source = stands_before_source<Options...>,
                        before_answer = stands_before_answer<Options...>, sided = (PromptSide<Options> || ...);
  static constexpr MethodOffers offers{.peft_type = "PROMPT_TUNING", .lists_modules = false};
  /// whether rows begin as tokens drawn from the vocabulary
  static constexpr bool from_vocabulary = (std::is_same_v<Options, FromVocabulary> || ...);
  /// What makes the rows.
  template <class B, Index C>
  using Prompt = PlainRows<B, submodules_of<Options...> * N, C>;
  template <class Config, class F>
  static void each_option(F&& f) {
    each_prompt_option<Config, N, submodules_of<Options...>>(f);
  }
  template <class Where, class L>
  using at = prompt_at<SoftPrompt, Where, L>;
};

/// What makes the rows of PTuning.
struct Mlp {
  static constexpr const char* encoder_name = "MLP";  ///< PEFT's name of the network
  /// The network.
  template <class B, Index N, Index C, Index Hidden>
  using Encoder = MlpEncoder<B, N, C, Hidden>;
};
/// The rows are made by a long short-term memory.
struct Lstm {
  static constexpr const char* encoder_name = "LSTM";  ///< PEFT's name of the network
  /// The network.
  template <class B, Index N, Index C, Index Hidden>
  using Encoder = LstmEncoder<B, N, C, Hidden>;
};

template <class O>
concept EncoderOption = requires { O::encoder_name; };

/// `PTuning<20, 128>`: N rows made by a network with hidden layers of that width; `PTuning<20, 128, Lstm>`,
/// `PTuning<20, 128, OnEncoder>`.
template <Index N, Index Hidden, class... Options>
struct PTuning {
  static_assert(N > 0 && Hidden > 0, "graft: PTuning<N, Hidden> needs rows and a width");
  static_assert(((EncoderOption<Options> || PromptSide<Options>) && ...),
                "graft: unknown option of PTuning; it takes Mlp, Lstm, OnEncoder, OnDecoder and OnBoth");
  /// Which network makes the rows.
  using Made = std::conditional_t<(std::is_same_v<Options, Lstm> || ...), Lstm, Mlp>;
  static constexpr Index virtual_tokens = N, tasks = 1;  ///< how many tasks have prompts of their own
  /// before what the rows stand, how they begin, and whether an option says where
  static constexpr bool before_source = stands_before_source<Options...>,
                        before_answer = stands_before_answer<Options...>, from_vocabulary = false,
                        sided = (PromptSide<Options> || ...);
  static constexpr MethodOffers offers{.peft_type = "P_TUNING", .lists_modules = false};
  /// What makes the rows.
  template <class B, Index C>
  using Prompt = EncodedRows<B, typename Made::template Encoder<B, submodules_of<Options...> * N, C, Hidden>>;
  template <class Config, class F>
  static void each_option(F&& f) {
    each_prompt_option<Config, N, submodules_of<Options...>>(f);
    f("encoder_reparameterization_type", Made::encoder_name);
    f("encoder_hidden_size", Hidden);
    f("encoder_num_layers", 2);
    f("encoder_dropout", 0.0);
  }
  template <class Where, class L>
  using at = prompt_at<PTuning, Where, L>;
};

/// `MultitaskPrompt<20, 3>`: N rows for each of three tasks, a shared matrix times one of low rank; `Batch::task` says
/// which.
/// (Wang et al. 2023) \tparam N rows \tparam Tasks how many tasks \tparam Rank of what a task has of its own
template <Index N, Index Tasks, Index Rank = 1>
struct MultitaskPrompt {
  static_assert(N > 0 && Tasks > 0 && Rank > 0, "graft: MultitaskPrompt<N, Tasks, Rank> needs rows, tasks and a rank");
  static constexpr Index virtual_tokens = N, tasks = Tasks;  ///< how many tasks have prompts of their own
  /// before what the rows stand, how they begin, and whether an option says where
  static constexpr bool before_source = true, before_answer = false, from_vocabulary = false, sided = false;
  static constexpr MethodOffers offers{.peft_type = "MULTITASK_PROMPT_TUNING", .lists_modules = false};
  /// What makes the rows.
  template <class B, Index C>
  using Prompt = MultitaskRows<B, N, C, Tasks, Rank>;
  template <class Config, class F>
  static void each_option(F&& f) {
    each_prompt_option<Config, N>(f);
    f("num_tasks", Tasks);
    f("num_ranks", Rank);
  }
  template <class Where, class L>
  using at = prompt_at<MultitaskPrompt, Where, L>;
};

}  // namespace graft
