/// \file
/// A model that fills in masked tokens (Devlin et al. 2019), as one type: family, architecture, strategy, backend.
/// Paths are Hugging Face's names.
///   logits(S,V) = FinalNorm(gelu(Transform(h[rows]))) Eᵀ + HeadBias,  E the token embedding
///       loss = Σ cross entropy,   h as in models/parts/transformer.hpp
#pragma once

#include <graft/autodiff/ops/losses/cross_entropy.hpp>
#include <graft/autodiff/ops/pointwise/gelu.hpp>
#include <graft/layers/bias.hpp>
#include <graft/models/parts/transformer.hpp>
#include <graft/models/parts/variants.hpp>

namespace graft {

/// A model that fills in masked tokens.
template <class Family, class C, class M, class B, class... Policies>
class MaskedLM : public Transformer<Family, C, M, B, Policies...>,
                 public Variants<MaskedLM, Family, C, M, B, Policies...> {
  using Base = Transformer<Family, C, M, B, Policies...>;
  template <Site Where, class L>
  using at = typename Base::template at<Where, L>;
  using TransformLayer = Linear<B, C::width, C::width, true>;
  using NormLayer = typename Family::template Norm<B, C>;
  using BiasLayer = Bias<B, C::vocabulary>;
  static_assert(
      sizeof(typename Raise<MaskedLM,
                            typename FirstComplaint<typename Base::Refused, at<HeadTransform, TransformLayer>,
                                                    at<FinalNorm, NormLayer>, at<HeadBias, BiasLayer>>::type>::type) >
      0);

 public:
  using Base::hidden, Base::token_embedding;
  using typename Base::element;

  static constexpr const char* task_type = "";  ///< PEFT has no name for it
  /// its batches have the labels of masked tokens (Batch::append_labelled)
  static constexpr bool fills_in = true;
  /// A file may have the layers of other models, and the head's weight once more.
  static constexpr const char* heads_elsewhere[] = {"cls.seq_relationship.", "cls.predictions.decoder.",
                                                    "lm_head.decoder.", "pooler.", "classifier."};

  at<HeadTransform, TransformLayer> transform;
  at<FinalNorm, NormLayer> final_norm;
  [[no_unique_address]] Tied<Linear<B, C::width, C::vocabulary>> head;  ///< the token embedding
  at<HeadBias, BiasLayer> head_bias;

  constexpr MaskedLM() { final_norm.epsilon = C::norm_epsilon; }
  /// Over the weights of `other`, a `base`, which are not copied (models/parts/shared_base.hpp); what the method adds
  /// is drawn from `seed`.
  template <BaseModel Other>
  explicit MaskedLM(const Other& other, std::uint64_t seed = 0) : MaskedLM() {
    stand_on(*this, other, seed);
  }

  /// logits(S,V) of hidden rows h(S,C), in floats.
  template <class T, Gradient G>
  constexpr auto logits(T& tape, Var<B, C::width, G> h) const {
    const auto t = gelu(tape, std::get<0>(apply<float>(tape, Given{as_elements<element>(tape, h)}, {}, transform)));
    const auto n = as_elements<element>(tape, final_norm(tape, t));
    const auto scores = [&] {
      if constexpr (speaks_for_tied_head<decltype(token_embedding)>) return token_embedding.tied_logits(tape, n);
      else return matmul<float>(tape, n, token_embedding.weight);
    }();
    return head_bias(tape, scores);
  }
  /// loss(1): the sum over the batch's targets.
  template <class T>
  constexpr auto loss(T& tape, const PlacedBatch<B>& batch) const {
    return cross_entropy(tape, logits(tape, hidden(tape, batch, Base::labelled(batch, C::vocabulary))), batch.targets);
  }

  /// Calls f(site, path, layer) for every site from the embedding to the head.
  template <class Self, class F>
  static constexpr void each_site(Self& self, F&& f) {
    Base::each_site(self, f);
    const Path root{};
    f(HeadTransform{}, Path{&root, Family::transform}, self.transform);
    f(FinalNorm{}, Path{&root, Family::final_norm}, self.final_norm);
    f(HeadBias{}, Path{&root, Family::head_bias}, self.head_bias);
  }

  /// First values: of everything, or (`initializer.base` false) only of what the method adds to a base from a file.
  void initialize(Initializer initializer) { initialize_layers(*this, initializer); }
};

}  // namespace graft
