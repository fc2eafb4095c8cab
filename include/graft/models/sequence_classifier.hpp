/// \file
/// A model that says of which class a text is, as one type: family, architecture, strategy, backend. Paths are Hugging Face's names.
///   logits(S,K) = Head(tanh(Pooler(h[first token of each text])))     loss = Σ cross entropy,   h as in models/transformer.hpp
#pragma once

#include <graft/autodiff/ops/cross_entropy.hpp>
#include <graft/autodiff/ops/pointwise.hpp>
#include <graft/models/transformer.hpp>

namespace graft {

template <class Family, class C, Method M, class B, class... Policies>
class SequenceClassifier : public Transformer<Family, C, M, B, Policies...> {
  using Base = Transformer<Family, C, M, B, Policies...>;
  template <Site Where, class L>
  using at = typename Base::template at<Where, L>;
  using PoolerLayer = Linear<B, C::width, C::width, true>;
  using HeadLayer = Linear<B, C::width, C::classes, true>;
  static_assert(sizeof(typename Raise<SequenceClassifier, typename FirstComplaint<typename Base::Refused, at<Pooler, PoolerLayer>, at<Head, HeadLayer>>::type>::type) > 0);

 public:
  using typename Base::element;
  using Base::hidden;

  /// The same model elsewhere: `Model::on<meta<B>>` plans it.
  template <class Other>
  using on = SequenceClassifier<Family, C, M, Other, Policies...>;
  /// The same model with another method.
  template <class Other>
  using of = SequenceClassifier<Family, C, Other, B, Policies...>;
  /// The same model under more policies.
  template <class... More>
  using with = SequenceClassifier<Family, C, M, B, Policies..., More...>;
  static constexpr const char* task_type = "SEQ_CLS";
  /// A file need not have the layers behind the blocks, if they are trained; it may have those of a model that fills in masked tokens.
  static constexpr bool new_heads = true;
  static constexpr const char* heads_elsewhere[] = {"cls.", "lm_head."};
  static constexpr const char* head_name() { return Family::head; }

  at<Pooler, PoolerLayer> pooler;
  at<Head, HeadLayer> head;

  /// Numbers of the type: known before any model exists.
  static constexpr Index parameters = count_parameters<on<planned_on<B>>>(false);
  static constexpr Index trainable_parameters = count_parameters<on<planned_on<B>>>(true);

  /// logits(S,K) of hidden rows h(S,C), in floats.
  template <class T, Gradient G>
  constexpr auto logits(T& tape, Var<B, C::width, G> h) const {
    const auto pooled = std::get<0>(apply<float>(tape, Given{as_elements<element>(tape, h)}, {}, pooler));
    return std::get<0>(apply<float>(tape, Given{as_elements<element>(tape, tanh(tape, pooled))}, {}, head));
  }
  /// The logits of the texts of a batch.
  template <class T>
  constexpr auto logits(T& tape, const PlacedBatch<B>& batch) const {
    return logits(tape, hidden(tape, batch, Base::labelled(batch)));
  }

  /// loss(1): the sum over the batch's texts.
  template <class T>
  constexpr auto loss(T& tape, const PlacedBatch<B>& batch) const {
    return cross_entropy(tape, logits(tape, batch), batch.targets);
  }

  /// Calls f(site, path, layer) for every site from the embedding to the head.
  template <class Self, class F>
  static constexpr void each_site(Self& self, F&& f) {
    Base::each_site(self, f);
    const Path root{}, model{&root, Family::root};
    f(Pooler{}, Path{Family::pools_in_head ? &root : &model, Family::pooler}, self.pooler);
    f(Head{}, Path{&root, Family::head}, self.head);
  }

  /// First values: of everything, or (`initializer.base` false) only of what the method adds to a base from a file.
  void initialize(Initializer initializer) {
    initialize_layers(*this, initializer);
  }
};

}  // namespace graft
