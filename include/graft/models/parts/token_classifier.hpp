/// \file
/// A model that says of which class each token is, as one type: family, architecture, strategy, backend. Paths are
/// Hugging Face's names.
///   z(S,K) = Head(h[rows])     loss = Σ cross entropy over the tokens that have a label,
///       h as in models/parts/headed_transformer.hpp
#pragma once

#include <graft/autodiff/ops/losses/cross_entropy.hpp>
#include <graft/models/parts/headed_transformer.hpp>
#include <graft/models/parts/variants.hpp>

namespace graft {

/// A model that says the class of every token.
template <class Family, class C, class M, class B, class... Policies>
class TokenClassifier : public HeadedTransformer<Family, C, M, B, Policies...>,
                        public Variants<TokenClassifier, Family, C, M, B, Policies...> {
  using Base = HeadedTransformer<Family, C, M, B, Policies...>;
  template <Site Where, class L>
  using at = typename Base::template at<Where, L>;
  using HeadLayer = Linear<B, C::width, C::classes, true>;
  static_assert(
      sizeof(typename Raise<TokenClassifier, typename FirstComplaint<typename Base::Refused, typename Base::NormHere,
                                                                     at<Head, HeadLayer>>::type>::type) > 0);

 public:
  using Base::hidden;

  static constexpr const char* task_type = "TOKEN_CLS";
  static constexpr bool labels_tokens = true;  ///< its batches have labels where tokens stand (Batch::append_labelled)
  static constexpr const char* head_name() { return Family::token_head; }

  at<Head, HeadLayer> head;

  constexpr TokenClassifier() = default;
  /// Over the weights of `other`, a `base`, which are not copied (models/parts/shared_base.hpp); what the method adds
  /// is drawn from `seed`.
  template <BaseModel Other>
  explicit TokenClassifier(const Other& other, std::uint64_t seed = 0) : TokenClassifier() {
    stand_on(*this, other, seed);
  }

  /// z(S,K) of hidden rows h(S,C), in floats.
  template <class T, Gradient G>
  constexpr auto logits(T& tape, Var<B, C::width, G> h) const {
    return std::get<0>(apply<float>(tape, Given{Base::normed(tape, h)}, {}, head));
  }

  /// loss(1): the sum over the batch's labelled tokens.
  template <class T>
  constexpr auto loss(T& tape, const PlacedBatch<B>& batch) const {
    return cross_entropy(tape, logits(tape, hidden(tape, batch, Base::labelled(batch, C::classes))), batch.targets);
  }
  /// The loss, given what the trunk yields.
  template <class T>
  constexpr auto loss(T& tape, const PlacedBatch<B>& batch, Var<B, C::width> x) const {
    return cross_entropy(tape, logits(tape, Base::behind_trunk(tape, batch, x, Base::labelled(batch, C::classes))),
                         batch.targets);
  }

  /// Calls f(site, path, layer) for every site from the embedding to the head.
  template <class Self, class F>
  static constexpr void each_site(Self& self, F&& f) {
    Base::each_site(self, f);
    const Path root{};
    f(Head{}, Path{&root, Family::token_head}, self.head);
  }

  /// First values: of everything, or (`initializer.base` false) only of what the method adds to a base from a file.
  void initialize(Initializer initializer) { initialize_layers(*this, initializer); }
};

}  // namespace graft
