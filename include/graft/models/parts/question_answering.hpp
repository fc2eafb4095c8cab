/// \file
/// A model that finds where in a text an answer begins and ends (Rajpurkar et al. 2016), as one type: family,
/// architecture, strategy, backend. Paths are Hugging Face's names.
///   z(T,2) = Head(h)     loss = Σ over texts and columns c of  log Σ_t exp z[t,c] − z[place_c, c],
///       t over the text's tokens,   h as in models/parts/headed_transformer.hpp
#pragma once

#include <graft/autodiff/ops/losses/span_loss.hpp>
#include <graft/models/parts/headed_transformer.hpp>
#include <graft/models/parts/variants.hpp>

#include <string_view>

namespace graft {

/// Hugging Face has the blocks of some families' models that answer questions under another name.
template <class Family, class C>
struct AnsweringFamily : Family {
  static constexpr const char* root =
      Family::template answering_root<C> == nullptr ? Family::root : Family::template answering_root<C>;
};

/// A model that finds where in a text an answer begins and ends.
template <class Named, class C, class M, class B, class... Policies>
class QuestionAnswering : public HeadedTransformer<AnsweringFamily<Named, C>, C, M, B, Policies...>,
                          public Variants<QuestionAnswering, Named, C, M, B, Policies...> {
  using Base = HeadedTransformer<AnsweringFamily<Named, C>, C, M, B, Policies...>;
  template <Site Where, class L>
  using at = typename Base::template at<Where, L>;
  using HeadLayer = Linear<B, C::width, 2, true>;
  static_assert(
      sizeof(typename Raise<QuestionAnswering, typename FirstComplaint<typename Base::Refused, typename Base::NormHere,
                                                                       at<Head, HeadLayer>>::type>::type) > 0);

 public:
  using Base::hidden;

  static constexpr const char* task_type = "QUESTION_ANS";
  static constexpr bool finds_answers = true;  ///< its batches have places of answers (Batch::append_answer)
  static constexpr const char* head_name() { return "qa_outputs"; }

  at<Head, HeadLayer> head;

  constexpr QuestionAnswering() = default;
  /// Over the weights of `other`, a `base`, which are not copied (models/parts/shared_base.hpp); what the method adds
  /// is drawn from `seed`.
  template <BaseModel Other>
  explicit QuestionAnswering(const Other& other, std::uint64_t seed = 0) : QuestionAnswering() {
    stand_on(*this, other, seed);
  }

  /// z(S,2) of hidden rows h(S,C), in floats: where an answer begins, and where it ends.
  template <class T, Gradient G>
  constexpr auto logits(T& tape, Var<B, C::width, G> h) const {
    return std::get<0>(apply<float>(tape, Given{Base::normed(tape, h)}, {}, head));
  }

  /// loss(1): the sum over the batch's texts of both places.
  template <class T>
  constexpr auto loss(T& tape, const PlacedBatch<B>& batch) const {
    return loss_of(tape, logits(tape, hidden(tape, batch)), batch);
  }
  /// The loss, given what the trunk yields.
  template <class T>
  constexpr auto loss(T& tape, const PlacedBatch<B>& batch, Var<B, C::width> x) const {
    return loss_of(tape, logits(tape, Base::behind_trunk(tape, batch, x, Rows<B>{})), batch);
  }

  /// Calls f(site, path, layer) for every site from the embedding to the head.
  template <class Self, class F>
  static constexpr void each_site(Self& self, F&& f) {
    Base::each_site(self, f);
    const Path root{};
    f(Head{}, Path{&root, "qa_outputs"}, self.head);
  }

  /// First values: of everything, or (`initializer.base` false) only of what the method adds to a base from a file.
  void initialize(Initializer initializer) { initialize_layers(*this, initializer); }

 private:
  template <class T, class Z>
  constexpr auto loss_of(T& tape, Z z, const PlacedBatch<B>& batch) const {
    if (B::executes && !batch.needs.answers)
      fail("a batch has no answers, and the model seeks them: Batch::append_answer puts them there");
    return span_loss(tape, z, batch.spans, batch.rows, batch.target_count);
  }
};

}  // namespace graft
