/// \file
/// A language model that predicts the next token, as one type: family, architecture, strategy, backend. Paths are
/// Hugging Face's names.
///   logits(S,V) = Head(FinalNorm(h[rows]))     loss = Σ cross entropy,   h as in models/parts/transformer.hpp
#pragma once

#include <graft/autodiff/checkpoint.hpp>
#include <graft/autodiff/ops/losses/cross_entropy.hpp>
#include <graft/autodiff/ops/losses/vocabulary_loss.hpp>
#include <graft/autodiff/ops/pointwise/pointwise.hpp>
#include <graft/autodiff/ops/rows/slice.hpp>
#include <graft/models/parts/transformer.hpp>
#include <graft/models/parts/variants.hpp>

namespace graft {

/// A model that says the next token of a text: `Transformer` and a head.
/// \tparam Family names, blocks and positions \tparam C sizes \tparam M method \tparam B backend
/// \tparam Policies how it keeps weights and activations (models/parts/policies.hpp)
template <class Family, class C, class M, class B, class... Policies>
class CausalLM : public Transformer<Family, C, M, B, Policies...>,
                 public Variants<CausalLM, Family, C, M, B, Policies...> {
  using Base = Transformer<Family, C, M, B, Policies...>;
  template <Site Where, class L>
  using at = typename Base::template at<Where, L>;
  using FinalNormLayer = typename Family::template Norm<B, C>;
  using PlainHead = Linear<B, C::width, C::vocabulary>;
  static_assert(sizeof(typename Raise<CausalLM, typename FirstComplaint<typename Base::Refused,
                                                                        at<FinalNorm, FinalNormLayer>>::type>::type) >
                0);

 public:
  using Base::hidden, Base::token_embedding, Base::trunk;
  using typename Base::element;

  static constexpr const char* task_type = "CAUSAL_LM";

  at<FinalNorm, FinalNormLayer> final_norm;
  at<Head, std::conditional_t<C::tied_head, Tied<PlainHead>, PlainHead>> head;

  /// Whether the method gave the model a head of its own, where its config ties it to the embedding.
  static constexpr bool unties_head = C::tied_head && !is_tied<decltype(head)>;

  constexpr CausalLM() { final_norm.epsilon = C::norm_epsilon; }
  /// Over the weights of `other`, a `base`, which are not copied (models/parts/shared_base.hpp); what the method adds
  /// is drawn from `seed`.
  template <BaseModel Other>
  explicit CausalLM(const Other& other, std::uint64_t seed = 0) : CausalLM() {
    stand_on(*this, other, seed);
  }

  /// logits(S,V) of hidden rows h(S,C), in floats.
  template <class T, Gradient G>
  constexpr auto logits(T& tape, Var<B, C::width, G> h) const {
    const auto n = normed(tape, h);
    const auto raw = [&] {
      if constexpr (speaks_for_head) return token_embedding.tied_logits(tape, n);
      else if constexpr (shares_embedding) return matmul<float>(tape, n, token_embedding.weight);
      else return std::get<0>(apply<float>(tape, Given{n}, {}, head));
    }();
    if constexpr (logit_cap > 0) return scale(tape, tanh(tape, scale(tape, raw, 1 / logit_cap)), logit_cap);
    else return raw;
  }

  /// loss(1): the sum over the batch's targets. Behind the last attention only rows that have one are computed.
  /// requires: batch.target_count > 0
  template <class T>
  constexpr auto loss(T& tape, const PlacedBatch<B>& batch) const {
    return loss_of(tape, hidden(tape, batch, Base::labelled(batch, C::vocabulary)), batch);
  }

  /// The loss, given what the trunk yields.
  template <class T>
  constexpr auto loss(T& tape, const PlacedBatch<B>& batch, Var<B, C::width> x) const {
    const auto all = Base::block_context(tape, batch, PackedContext<B>{batch.sequences});
    return loss_of(tape,
                   Base::Stacked::template through<Base::trunk_runs, Base::runs.count>(
                       Base::blocks, tape, x, all, Base::labelled(batch, C::vocabulary)),
                   batch);
  }
  /// Calls f(site, path, layer) for every site from the embedding to the head.
  template <class Self, class F>
  static constexpr void each_site(Self& self, F&& f) {
    Base::each_site(self, f);
    const Path root{}, model{&root, Family::root};
    f(FinalNorm{}, Path{&model, Family::final_norm}, self.final_norm);
    f(Head{}, Path{&root, Family::head}, self.head);
  }

  /// First values: of everything, or (`initializer.base` false) only of what the method adds to a base from a file.
  void initialize(Initializer initializer) { initialize_layers(*this, initializer); }

 private:
  static constexpr Index loss_chunk = 256;
  static constexpr float logit_cap = C::logit_cap;
  static constexpr bool shares_embedding = is_tied<decltype(head)>;
  /// Whether a tied head is more than the embedding's weight.
  static constexpr bool speaks_for_head = shares_embedding && speaks_for_tied_head<decltype(token_embedding)>;

  /// The head's weight where the head is nothing but a frozen product.
  [[nodiscard]] constexpr const auto& head_weight() const {
    if constexpr (shares_embedding && !speaks_for_head) return token_embedding.weight;
    else if constexpr (!shares_embedding && BaseLayer<decltype(head)>) return head.weight;
    else return head;
  }
  template <class T, Gradient G>
  constexpr auto normed(T& tape, Var<B, C::width, G> h) const {
    return value_of(tape, graft::normed<element>(tape, final_norm, h));
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

  /// The sum over the targets of rows h(S,C).
  template <class T, class H>
  constexpr auto loss_of(T& tape, H h, const PlacedBatch<B>& batch) const {
    if constexpr (FrozenParameter<std::remove_cvref_t<decltype(head_weight())>> && logit_cap == 0) {
      return vocabulary_loss(tape, normed(tape, h), head_weight(), batch.targets);
    } else {  // logits of a chunk of rows at a time, computed again backwards
      const auto chunk = [&](Index begin) {
        return checkpoint(
            tape, h, TargetLoss{this, batch.targets + begin, begin, std::min(loss_chunk, batch.target_count - begin)});
      };
      auto total = chunk(0);
      for (Index begin = loss_chunk; begin < batch.target_count; begin += loss_chunk)
        total = add_into(tape, total, chunk(begin));
      return total;
    }
  }
};

}  // namespace graft
