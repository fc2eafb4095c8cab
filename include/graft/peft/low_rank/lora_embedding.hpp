/// \file
/// LoRA on the token embedding:   y[t] = W[id] + s B A[:, id],   W(V,C), A(R,V), B(C,R)
/// A starts at zero and B at random: the other way round than on linear layers, as HF PEFT has it. A head that is tied
/// to the embedding stays W, or with the
/// option WithHead reads the changed rows, too:   logits = n Wᵀ + s (n B) A
#pragma once

#include <graft/autodiff/ops/pointwise/scale.hpp>
#include <graft/autodiff/ops/products/matmul.hpp>
#include <graft/autodiff/ops/products/product.hpp>
#include <graft/autodiff/ops/rows/columns.hpp>
#include <graft/layers/embedding.hpp>
#include <graft/peft/contract/offers.hpp>
#include <graft/peft/set_aside.hpp>

namespace graft {

template <class Method, class Base>
class LowRankEmbedding;
template <class Method, class B, Index V, Index C, class Role>
class LowRankEmbedding<Method, Embedding<B, V, C, Role>> : public Embedding<B, V, C, Role> {
  using Base = Embedding<B, V, C, Role>;

 public:
  using adapted = Base;
  using method = Method;
  static constexpr Index rank = Method::settings.rank;
  static constexpr LayerOffers offers{.merges = true, .tied_logits = Method::settings.with_head};
  template <class S>
  using frozen = LowRankEmbedding<Method, Frozen<Base, S>>;
  using bias_thawed = LowRankEmbedding;

  TrainedTensor<B, rank, V> a;
  TrainedTensor<B, C, rank> b;

  template <class T>
  constexpr auto operator()(T& tape, Pointer<B, Id> ids, Index count) const {
    const auto y = Base::operator()(tape, ids, count);
    return add_matmul(tape, y, gather_columns<rank>(tape, leaf(tape, a), ids, count), b,
                      merged_ ? 0.0F : Method::settings.scaling());
  }

  /// logits(S,V) of a head that is this embedding.
  template <class T, Gradient G, class E>
    requires(Method::settings.with_head)
  constexpr auto tied_logits(T& tape, Var<B, C, G, E> n) const {
    const auto low = product_nn(tape, product_nn(tape, as_elements<float>(tape, n), leaf(tape, b)), leaf(tape, a));
    return add(tape, matmul<float>(tape, n, Base::weight),
               scale(tape, low, merged_ ? 0.0F : Method::settings.scaling()));
  }

  template <class Self, class F>
  static constexpr void visit(Self& self, F&& f, const Path& path) {
    Base::visit(self, f, path);
    f(Path{&path, "lora_embedding_A"}, self.a);
    f(Path{&path, "lora_embedding_B"}, self.b);
  }
  void initialize(Initializer& initializer) {
    Base::initialize(initializer);
    a.assign(std::vector<float>(rank * V, 0.0F));
    b.assign(initializer.normal(C * rank, 1.0F));
  }

  [[nodiscard]] std::vector<float> merged_weight(std::vector<float> w) const { return plus(std::move(w), 1.0F); }
  /// Adds the low-rank rows to the base's (and switches them off), or takes them out again.
  void merge() { fold(1.0F, true); }
  void unmerge() { fold(-1.0F, false); }

 private:
  [[nodiscard]] std::vector<float> plus(std::vector<float> w, float direction) const {
    const auto left = a.read(), right = b.read();
    for (Index r = 0; r < rank; ++r)
      for (Index v = 0; v < V; ++v)
        for (Index c = 0; c < C; ++c)
          w[v * C + c] += direction * Method::settings.scaling() * left[r * V + v] * right[c * rank + r];
    return w;
  }
  void fold(float direction, bool merged) {
    if (merged_ == merged) return;
    if (merged) aside_.keep_shared(Base::weight);
    if (!merged && aside_.holds()) aside_.give_back(Base::weight);
    else Base::weight.assign(plus(Base::weight.read(), direction));
    merged_ = merged;
  }

  WeightAside<Base> aside_;
  bool merged_ = false;
};

}  // namespace graft
