/// \file
/// Rows p(N,M) that a model reads as if tokens had made them: trained as they are, or made by a small network that is
/// trained in their place (Li and Liang 2021; Liu et al. 2021). Files hold the rows alone, so that what was read from
/// one cannot be trained on.
///   rows: p     Mlp: p = L₃(relu(L₂(relu(L₁(e)))))     Projection: p = L₂(tanh(L₁(e)))
///       e(N,C) trained, Lᵢ linear with bias
///   Lstm: p = L₂(relu(L₁(m₂(m₁(e))))),   m(x) = [lstm(x), lstm backwards(x)]
#pragma once

#include <graft/autodiff/ops/leaf.hpp>
#include <graft/autodiff/ops/pointwise/multiply.hpp>
#include <graft/autodiff/ops/pointwise/pointwise.hpp>
#include <graft/autodiff/ops/products/lstm.hpp>
#include <graft/autodiff/ops/products/product.hpp>
#include <graft/autodiff/ops/rows/interleave.hpp>
#include <graft/autodiff/ops/rows/slice.hpp>
#include <graft/layers/linear.hpp>

namespace graft {

/// How rows are there: as they are, of several tasks, as what a network yields and files hold, or as that network in
/// files too.
enum class RowsKind { plain, of_tasks, encoded, network };

/// The rows themselves.
template <class B, Index N, Index M>
struct PlainRows {
  static constexpr RowsKind kind = RowsKind::plain;
  TrainedTensor<B, N, M> rows;

  template <class T>
  constexpr auto operator()(T& tape) const {
    return leaf(tape, rows);
  }
  template <class Self, class F>
  static constexpr void visit(Self& self, F&& f, const Path& = {}) {
    f(Path{nullptr, "prompt_embeddings"}, self.rows);
  }
  void initialize(Initializer& initializer) { rows.assign(initializer.normal(N * M, 1.0F)); }
};

/// Rows that tasks share, made each task's own by a product of low rank (Wang et al. 2023):   p = P ∘ (U_k V_k),
///     U(K,N,R), V(K,R,M)
template <class B, Index N, Index M, Index Tasks, Index Rank>
struct MultitaskRows {
  static constexpr RowsKind kind = RowsKind::of_tasks;
  TrainedTensor<B, N, M> shared;  ///< the rows that all tasks share, (N, M)
  TrainedTensor<B, Tasks, N, Rank> columns;
  TrainedTensor<B, Tasks, Rank, M> rows;

  template <class T>
  constexpr auto operator()(T& tape, Index task) const {
    const auto u = slice(tape, leaf_of_columns<Rank>(tape, columns), task * N, N);
    return multiply(tape, leaf(tape, shared),
                    product_nn(tape, u, slice(tape, leaf_of_columns<M>(tape, rows), task * Rank, Rank)));
  }
  template <class Self, class F>
  static constexpr void visit(Self& self, F&& f) {
    f(Path{nullptr, "prompt_embeddings"}, self.shared);
    f(Path{nullptr, "prefix_task_cols"}, self.columns);
    f(Path{nullptr, "prefix_task_rows"}, self.rows);
  }
  void initialize(Initializer& initializer) {
    shared.assign(initializer.normal(N * M, 1.0F));
    columns.assign(initializer.normal(Tasks * N * Rank, 0.02F));
    rows.assign(initializer.normal(Tasks * Rank * M, 0.02F));
  }
};

/// e(N,C) through two hidden layers of width H.
template <class B, Index N, Index C, Index H>
struct MlpEncoder {
  static constexpr Index rows = N, columns = C;
  Parameter<B, Trainable, N, C> embedding;  ///< what the network reads, (N, C)
  Linear<B, C, H, true> first;
  Linear<B, H, H, true> second;
  Linear<B, H, C, true> third;  ///< the last layer

  template <class T>
  constexpr auto operator()(T& tape) const {
    return third(tape, relu(tape, second(tape, relu(tape, first(tape, leaf(tape, embedding))))));
  }
  template <class Self, class F>
  static constexpr void visit(Self& self, F&& f) {
    const Path encoder{nullptr, "prompt_encoder"}, table{&encoder, "embedding"}, head{&encoder, "mlp_head"};
    f(Path{&table, "weight"}, self.embedding);
    decltype(first)::visit(self.first, f, Path{&head, "0"});
    decltype(second)::visit(self.second, f, Path{&head, "2"});
    decltype(third)::visit(self.third, f, Path{&head, "4"});
  }
  void initialize(Initializer& initializer) {
    embedding.assign(initializer.normal(N * C, 1.0F));
    first.initialize_uniform(initializer);
    second.initialize_uniform(initializer);
    third.initialize_uniform(initializer);
  }
};

/// One layer of an LSTM in both directions: x(N,C) → (N,2H).
template <class B, Index C, Index H>
struct BidirectionalLstm {
  /// One direction of the network.
  struct Direction {
    Parameter<B, Trainable, 4 * H, C> input;  ///< what the gates read of the input, (4H, C)
    Parameter<B, Trainable, 4 * H, H> hidden;
    Parameter<B, Trainable, 1, 4 * H> input_bias, hidden_bias;  ///< biases of the gates, (4H) each

    template <class T, class X>
    constexpr auto operator()(T& tape, X x, bool reverse) const {
      return lstm(tape, add_bias(tape, add_bias(tape, matmul(tape, x, input), input_bias), hidden_bias),
                  leaf(tape, hidden), reverse);
    }
  };
  Direction ahead, back;  ///< from the first row on; from the last

  template <class T, class X>
  constexpr auto operator()(T& tape, X x) const {
    const auto first = ahead(tape, x, false);
    const auto second = back(tape, x, true);
    return reshaped<2 * H>(interleave(tape, first, second));
  }
  template <class Self, class F>
  static constexpr void visit(Self& self, F&& f, const Path& path, const char* const (&names)[8]) {
    f(Path{&path, names[0]}, self.ahead.input);
    f(Path{&path, names[1]}, self.ahead.hidden);
    f(Path{&path, names[2]}, self.ahead.input_bias);
    f(Path{&path, names[3]}, self.ahead.hidden_bias);
    f(Path{&path, names[4]}, self.back.input);
    f(Path{&path, names[5]}, self.back.hidden);
    f(Path{&path, names[6]}, self.back.input_bias);
    f(Path{&path, names[7]}, self.back.hidden_bias);
  }
  void initialize(Initializer& initializer) {
    const float bound = 1.0F / std::sqrt(static_cast<float>(H));
    for (auto* d : {&ahead, &back}) {
      d->input.assign(initializer.uniform(4 * H * C, bound));
      d->hidden.assign(initializer.uniform(4 * H * H, bound));
      d->input_bias.assign(initializer.uniform(4 * H, bound));
      d->hidden_bias.assign(initializer.uniform(4 * H, bound));
    }
  }
};

/// e(N,C) through two layers of an LSTM of width H in both directions, and two linear layers.
template <class B, Index N, Index C, Index H>
struct LstmEncoder {
  static constexpr Index rows = N, columns = C;
  Parameter<B, Trainable, N, C> embedding;  ///< what the network reads, (N, C)
  BidirectionalLstm<B, C, H> lower;         ///< the lower memory
  BidirectionalLstm<B, 2 * H, H> upper;     ///< the upper memory
  Linear<B, 2 * H, 2 * H, true> first;
  Linear<B, 2 * H, C, true> second;

  template <class T>
  constexpr auto operator()(T& tape) const {
    return second(tape, relu(tape, first(tape, upper(tape, lower(tape, leaf(tape, embedding))))));
  }
  template <class Self, class F>
  static constexpr void visit(Self& self, F&& f) {
    const Path encoder{nullptr, "prompt_encoder"}, table{&encoder, "embedding"}, memory{&encoder, "lstm_head"},
        head{&encoder, "mlp_head"};
    f(Path{&table, "weight"}, self.embedding);
    decltype(lower)::visit(self.lower, f, memory,
                           {"weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0", "weight_ih_l0_reverse",
                            "weight_hh_l0_reverse", "bias_ih_l0_reverse", "bias_hh_l0_reverse"});
    decltype(upper)::visit(self.upper, f, memory,
                           {"weight_ih_l1", "weight_hh_l1", "bias_ih_l1", "bias_hh_l1", "weight_ih_l1_reverse",
                            "weight_hh_l1_reverse", "bias_ih_l1_reverse", "bias_hh_l1_reverse"});
    decltype(first)::visit(self.first, f, Path{&head, "0"});
    decltype(second)::visit(self.second, f, Path{&head, "2"});
  }
  void initialize(Initializer& initializer) {
    embedding.assign(initializer.normal(N * C, 1.0F));
    lower.initialize(initializer);
    upper.initialize(initializer);
    first.initialize_uniform(initializer);
    second.initialize_uniform(initializer);
  }
};

/// PEFT's names of an encoder's parts.
struct PeftNames {
  static constexpr const char *table = "embedding", *network = "transform";  ///< names in files
  /// Calls f(path) with the path within the site.
  template <class F>
  static constexpr void inside(const Path&, const F& f) {
    f(Path{nullptr, "prompt_encoder"});
  }
};

/// e(N,C) through one hidden layer of width H to M columns.
template <class B, Index N, Index C, Index H, Index M, class Names = PeftNames>
struct ProjectionEncoder {
  static constexpr RowsKind kind = RowsKind::network;
  static constexpr Index rows = N, columns = M;
  Parameter<B, Trainable, N, C> embedding;  ///< what the network reads, (N, C)
  Linear<B, C, H, true> first;
  Linear<B, H, M, true> second;

  template <class T>
  constexpr auto operator()(T& tape) const {
    return second(tape, tanh(tape, first(tape, leaf(tape, embedding))));
  }
  template <class Self, class F>
  static constexpr void visit(Self& self, F&& f, const Path& site = {}) {
    Names::inside(site, [&](const Path& encoder) {
      const Path table{&encoder, Names::table}, network{&encoder, Names::network};
      f(Path{&table, "weight"}, self.embedding);
      decltype(first)::visit(self.first, f, Path{&network, "0"});
      decltype(second)::visit(self.second, f, Path{&network, "2"});
    });
  }
  void initialize(Initializer& initializer) {
    embedding.assign(initializer.normal(N * C, 1.0F));
    first.initialize_uniform(initializer);
    second.initialize_uniform(initializer);
  }
};

/// What an encoder yields, or the rows that a file had of one.
template <class B, class Encoder>
class EncodedRows {
 public:
  static constexpr RowsKind kind = RowsKind::encoded;
  static constexpr Index members = 1;
  static constexpr Index rows = Encoder::rows, columns = Encoder::columns, size = rows * columns;
  static constexpr std::array extents{rows, columns};

  template <class T>
  constexpr auto operator()(T& tape) const {
    if constexpr (T::recording) {
      if (from_file_)
        fail(
            "this soft prompt was read from an adapter's file, which holds what its encoder yielded and not the "
            "encoder: it cannot be trained on; start anew, or resume from a training checkpoint");
      return encoder_(tape);
    } else {
      return from_file_ ? leaf(tape, fixed_) : encoder_(tape);
    }
  }
  template <class Self, class F>
  static constexpr void visit(Self& self, F&& f, const Path& = {}) {
    Encoder::visit(self.encoder_, f);
  }
  void initialize(Initializer& initializer) {
    encoder_.initialize(initializer);
    from_file_ = false;
  }

  // As a file's tensor.
  [[nodiscard]] std::vector<float> read() const {
    Workspace<B> workspace;
    Inference<B> tape(workspace);
    return download<B>((*this)(tape).data, size);
  }
  void assign(std::span<const float> values) {
    fixed_.assign(values);
    from_file_ = true;
  }

 private:
  Encoder encoder_;
  Parameter<B, Constant<F32>, rows, columns> fixed_;
  bool from_file_ = false;
};

}  // namespace graft
