/// \file
/// Prompt tuning (Lester et al. 2021): N trained rows P(N,C) stand before the embeddings of every sequence. They are tokens of their own
/// numbers, V … V+N−1, so that everything else treats them as tokens; being the same for all, they are computed once for a batch.
///   y[t] = P[id − V] where id ≥ V, else W[id]     dP[id − V] += dy[t]
#pragma once

#include <graft/autodiff/ops/embedding.hpp>
#include <graft/layers/embedding.hpp>
#include <graft/peft/method.hpp>

namespace graft {

/// An embedding of N more tokens than the base's, which are trained.
template <class Method, class B, Index V, Index C, class Role>
class Prompted : public Embedding<B, V, C, Role> {
  using Base = Embedding<B, V, C, Role>;

 public:
  using adapted = Base;
  using method = Method;
  static constexpr Index virtual_tokens = Method::virtual_tokens;
  template <class S>
  using frozen = Prompted<Method, B, V, C, Constant<S>>;
  using bias_thawed = Prompted;

  Parameter<B, Trainable, virtual_tokens, C> prompt;

  template <class T>
  constexpr auto operator()(T& tape, Pointer<B, Id> ids, Index count) const {
    const auto y = tape.template value<C>(count);
    const auto known = tape.template scratch<Id>(count);
    tape.run(0, [=, this](auto on) {
      split_ids(known, ids, count, V, on);
      lookup_frozen(y.data, known, Base::weight.packed(), count, V, C, typename decltype(Base::weight)::storage{}, on);
      gather_from(y.data, prompt.value(), ids, count, C, V, on);
    });
    if constexpr (T::recording) {
      const auto z = tape.track(y);
      tape.record(z, [=, this](auto& back, auto dy) {
        back.run(virtual_tokens * C, [=, this](auto on) { scatter_add_from(prompt.gradient(), dy, ids, count, C, V, on); });
      });
      return z;
    } else {
      return y;
    }
  }

  template <class Self, class F>
  static constexpr void visit(Self& self, F&& f, const Path& path) {
    Base::visit(self, f, path);
    f(Path{nullptr, "prompt_embeddings"}, self.prompt);
  }

  void initialize(Initializer& initializer) {
    Base::initialize(initializer);
    if constexpr (Method::from_vocabulary) {  // rows of the base's own tokens, drawn at random
      const auto draws = initializer.uniform(virtual_tokens, 0.5F);
      std::vector<Id> ids;
      for (const float d : draws) ids.push_back(static_cast<Id>(static_cast<Index>((d + 0.5F) * static_cast<float>(V)) % V));
      start_from(ids);
    } else {
      prompt.assign(initializer.normal(virtual_tokens * C, 1.0F));
    }
  }

  /// The rows of these tokens as first values, repeated or cut to N: a text's tokens, say.
  void start_from(const std::vector<Id>& ids) {
    if (ids.empty()) fail("a soft prompt cannot start from a text without tokens");
    const auto w = Base::weight.read();
    std::vector<float> rows;
    for (Index i = 0; i < virtual_tokens; ++i) {
      const auto first = w.begin() + static_cast<std::ptrdiff_t>(static_cast<Index>(ids[i % ids.size()]) * C);
      rows.insert(rows.end(), first, first + static_cast<std::ptrdiff_t>(C));
    }
    prompt.assign(rows);
  }
};

struct PromptOverTrained {
  template <class Model>
  struct error {
    static_assert(!Model::backend::executes, "graft: SoftPrompt stands before a frozen token embedding; here another method trains or wraps it");
  };
};

/// Option: the prompt starts as rows of tokens drawn from the vocabulary, and not as N(0,1).
struct FromVocabulary {};

/// `SoftPrompt<20>`, `SoftPrompt<20, FromVocabulary>`.
template <Index N, class... Options>
struct SoftPrompt {
  static_assert(N > 0, "graft: SoftPrompt<0> trains nothing");
  static constexpr Index virtual_tokens = N;
  static constexpr bool from_vocabulary = (std::is_same_v<Options, FromVocabulary> || ...);
  static constexpr const char* peft_type = "PROMPT_TUNING";
  static constexpr bool lists_modules = false;
  template <class Config, class F>
  static void each_option(F&& f) {
    f("num_virtual_tokens", N);
    f("token_dim", Config::width);
    f("num_layers", Config::blocks);
    f("num_attention_heads", Config::heads);
    f("num_transformer_submodules", 1);
  }

  template <class L>
  struct Wrap : Refuse<L, PromptOverTrained> {};
  template <class B, Index V, Index C, class S>
  struct Wrap<Embedding<B, V, C, Constant<S>>> {
    using type = Prompted<SoftPrompt, B, V, C, Constant<S>>;
  };
  template <class Where, class L>
  using at = typename std::conditional_t<std::is_same_v<typename Where::site, TokenEmbedding>, Wrap<L>, Kept<L>>::type;
};

}  // namespace graft
