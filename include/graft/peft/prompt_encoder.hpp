/// \file
/// Rows p(N,M) that a model reads as if tokens had made them: trained as they are, or made by a small network that is trained in their
/// place (Li and Liang 2021; Liu et al. 2021). Files hold the rows alone, so that what was read from one cannot be trained on.
///   rows: p     Mlp: p = L₃(relu(L₂(relu(L₁(e)))))     Projection: p = L₂(tanh(L₁(e)))     e(N,C) trained, Lᵢ linear with bias
#pragma once

#include <graft/autodiff/ops/leaf.hpp>
#include <graft/autodiff/ops/pointwise.hpp>
#include <graft/layers/linear.hpp>

namespace graft {

/// The rows themselves.
template <class B, Index N, Index M>
struct PlainRows {
  Parameter<B, Trainable, N, M> rows;

  template <class T>
  constexpr auto operator()(T& tape) const {
    return leaf(tape, rows);
  }
  template <class Self, class F>
  static constexpr void visit(Self& self, F&& f) {
    f(Path{nullptr, "prompt_embeddings"}, self.rows);
  }
  void initialize(Initializer& initializer) { rows.assign(initializer.normal(N * M, 1.0F)); }
};

/// e(N,C) through two hidden layers of width H.
template <class B, Index N, Index C, Index H>
struct MlpEncoder {
  static constexpr Index rows = N, columns = C;
  Parameter<B, Trainable, N, C> embedding;
  Linear<B, C, H, true> first;
  Linear<B, H, H, true> second;
  Linear<B, H, C, true> third;

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

/// PEFT's names of an encoder's parts.
struct PeftNames {
  static constexpr const char *table = "embedding", *network = "transform";
  template <class F>
  static constexpr void inside(const F& f) {
    f(Path{nullptr, "prompt_encoder"});
  }
};

/// e(N,C) through one hidden layer of width H to M columns.
template <class B, Index N, Index C, Index H, Index M, class Names = PeftNames>
struct ProjectionEncoder {
  static constexpr Index rows = N, columns = M;
  Parameter<B, Trainable, N, C> embedding;
  Linear<B, C, H, true> first;
  Linear<B, H, M, true> second;

  template <class T>
  constexpr auto operator()(T& tape) const {
    return second(tape, tanh(tape, first(tape, leaf(tape, embedding))));
  }
  template <class Self, class F>
  static constexpr void visit(Self& self, F&& f) {
    Names::inside([&](const Path& encoder) {
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
  static constexpr Index rows = Encoder::rows, columns = Encoder::columns, size = rows * columns;

  template <class T>
  constexpr auto operator()(T& tape) const {
    if constexpr (T::recording) {
      if (from_file_) fail("this soft prompt was read from an adapter's file, which holds what its encoder yielded and not the encoder: it cannot be trained on; start anew, or resume from a training checkpoint");
      return encoder_(tape);
    } else {
      return from_file_ ? leaf(tape, fixed_) : encoder_(tape);
    }
  }
  template <class Self, class F>
  static constexpr void visit(Self& self, F&& f) {
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
