/// \file
/// Trained rows for some tokens, all others frozen: new words for a base (HF PEFT's trainable tokens).
///   y[t] = P[k] where id is the k-th of the tokens, else W[id]     gradient: ops/rows/embedding.hpp
/// Where the head is the embedding its rows are these too:   logits = n Wᵀ, but for columns k, which are n Pᵀ
///     gradient: ops/rows/columns.hpp
#pragma once

#include <graft/autodiff/id_table.hpp>
#include <graft/autodiff/ops/leaf.hpp>
#include <graft/autodiff/ops/products/matmul.hpp>
#include <graft/autodiff/ops/rows/columns.hpp>
#include <graft/layers/embedding.hpp>
#include <graft/peft/contract/method.hpp>

#include <array>

namespace graft {

/// An embedding of which the rows of `Method::tokens` are trained, from the base's values on.
template <class Method, class B, Index V, Index C, class Role>
class TrainedRows : public Embedding<B, V, C, Role> {
  using Base = Embedding<B, V, C, Role>;

 public:
  using adapted = Base;
  using method = Method;
  static constexpr LayerOffers offers{.tied_logits = true};
  static constexpr Index count = Method::tokens.size();
  template <class S>
  using frozen = TrainedRows<Method, B, V, C, Constant<S>>;
  using bias_thawed = TrainedRows;

  TrainedTensor<B, count, C> rows;

  constexpr TrainedRows() {
    if constexpr (B::executes) {
      std::vector<Id> table(V);
      for (Index v = 0; v < V; ++v) table[v] = static_cast<Id>(v);
      for (Index k = 0; k < count; ++k) table[static_cast<Index>(Method::tokens[k])] = static_cast<Id>(V + k);
      table_.assign_ids(table);
      tokens_.assign_ids(Method::tokens);
    }
  }

  template <class T>
  constexpr auto operator()(T& tape, Pointer<B, Id> ids, Index number) const {
    const auto renamed = tape.template scratch<Id>(number);
    tape.run(0, [=, this](auto on) { rename_ids(renamed, ids, table_.value(), number, on); });
    return embedding_beyond(tape, renamed, number, Base::weight, leaf(tape, rows));
  }
  /// logits(S,V) of a head that is this embedding.
  template <class T, Gradient G, class E>
  constexpr auto tied_logits(T& tape, Var<B, C, G, E> n) const {
    const auto plain = matmul<float>(tape, n, Base::weight);
    return replace_columns(tape, plain, matmul<float>(tape, n, rows_as_weight()), tokens());
  }

  template <class Self, class F>
  static constexpr void visit(Self& self, F&& f, const Path& path) {
    Base::visit(self, f, path);
    f(Path{&path, "trainable_tokens_delta"}, self.rows);  // PEFT's name: they are the rows themselves
    f(Path{&path, "places"}, self.table_);
    f(Path{&path, "tokens"}, self.tokens_);
  }
  void initialize(Initializer& initializer) {
    Base::initialize(initializer);
    const auto w = Base::weight.read();
    std::vector<float> values;
    for (const Id token : Method::tokens)
      values.insert(values.end(), w.begin() + static_cast<std::ptrdiff_t>(static_cast<Index>(token) * C),
                    w.begin() + static_cast<std::ptrdiff_t>((static_cast<Index>(token) + 1) * C));
    rows.assign(values);
  }

 private:
  [[nodiscard]] constexpr Pointer<B, Id> tokens() const { return tokens_.value(); }
  [[nodiscard]] constexpr const Parameter<B, Trainable, count, C>& rows_as_weight() const { return rows; }

  IdTable<B, 1, V> table_;  ///< where each token's row is
  IdTable<B, 1, count> tokens_;
};

struct TokensOfTrainedEmbedding {
  template <class Model>
  struct error {
    static_assert(!Model::backend::executes,
                  "graft: TrainableTokens trains rows of a frozen token embedding, and numbers below its vocabulary's "
                  "size; here another method trains or wraps it, or a number is too large");
  };
};

/// `TrainableTokens<3, 9, 17>`, alone or beside a LoRA.
/// \tparam Tokens whose rows of the embedding are trained
template <Id... Tokens>
struct TrainableTokens {
  static_assert(sizeof...(Tokens) > 0, "graft: TrainableTokens<> trains nothing");
  static constexpr std::array<Id, sizeof...(Tokens)> tokens{Tokens...};
  static constexpr MethodOffers offers{.peft_type = "TRAINABLE_TOKENS", .tokens = tokens};

  template <class L>
  struct Wrap : Refuse<L, TokensOfTrainedEmbedding> {};
  template <class B, Index V, Index C, class S>
    requires((Tokens >= 0 && static_cast<Index>(Tokens) < V) && ...)
  struct Wrap<Embedding<B, V, C, Constant<S>>> {
    using type = TrainedRows<TrainableTokens, B, V, C, Constant<S>>;
  };
  template <class Where, class L>
  using at = typename std::conditional_t<std::is_same_v<typename Where::site, TokenEmbedding>, Wrap<L>, Kept<L>>::type;
};

}  // namespace graft
