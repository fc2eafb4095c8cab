/// \file
/// A model that says of which class a text is, or with one output a number (a reward), as one type: family,
/// architecture, strategy, backend. Paths are Hugging Face's names.
///   encoders:  z(S,K) = Head(tanh(Pooler(h[first token of each text])))
///   decoders:  z(S,K) = Head(FinalNorm(h[last token of each text]))
///       of a text that ends in padding, the last before it
///   loss = Σ cross entropy, or of numbers Σ (z − y)²,   h as in models/parts/transformer.hpp
#pragma once

#include <graft/autodiff/ops/losses/cross_entropy.hpp>
#include <graft/autodiff/ops/losses/squared_error.hpp>
#include <graft/autodiff/ops/pointwise/pointwise.hpp>
#include <graft/models/parts/headed_transformer.hpp>
#include <graft/models/parts/variants.hpp>

namespace graft {

/// A model that says a text's class, or a number of it.
template <class Family, class C, class M, class B, class... Policies>
class SequenceClassifier : public HeadedTransformer<Family, C, M, B, Policies...>,
                           public Variants<SequenceClassifier, Family, C, M, B, Policies...> {
  using Base = HeadedTransformer<Family, C, M, B, Policies...>;
  template <Site Where, class L>
  using at = typename Base::template at<Where, L>;
  using PoolerLayer = std::conditional_t<!Family::causal, Linear<B, C::width, C::width, true>, Absent<B, C>>;
  using PoolerHere = typename Base::template where_there<Pooler, PoolerLayer>;
  using HeadLayer = Linear<B, C::width, C::classes, !Family::causal>;
  static_assert(
      sizeof(typename Raise<SequenceClassifier, typename FirstComplaint<typename Base::Refused, typename Base::NormHere,
                                                                        PoolerHere, at<Head, HeadLayer>>::type>::type) >
      0);

 public:
  using Base::hidden;
  using typename Base::element;

  static constexpr const char* task_type = "SEQ_CLS";
  static constexpr const char* head_name() { return Family::text_head; }
  static constexpr bool pools = !Family::causal;         ///< the first token stands for a text; else its last
  static constexpr bool says_numbers = C::classes == 1;  ///< one output is a number
  static constexpr bool prepares = Base::prepares || Family::causal;

  [[no_unique_address]] PoolerHere pooler;
  at<Head, HeadLayer> head;

  constexpr SequenceClassifier() = default;
  /// Over the weights of `other`, a `base`, which are not copied (models/parts/shared_base.hpp); what the method adds
  /// is drawn from `seed`.
  template <BaseModel Other>
  explicit SequenceClassifier(const Other& other, std::uint64_t seed = 0) : SequenceClassifier() {
    stand_on(*this, other, seed);
  }

  /// A batch as the model reads it: a decoder says of a text what it makes of its last token, an encoder what it makes
  /// of its first, which may be a prompt's.
  static Batch prepared(const Batch& given) {
    if constexpr (!Family::causal) {
      Ahead ahead = Base::ahead;
      ahead.first_again = true;
      return Base::marked(behind(ahead, given));
    } else {
      static_cast<void>(needs(given));
      Batch batch = given;
      for (Index s = 0; s < std::min(batch.sequences(), batch.rows.size()); ++s) {
        Id last = batch.starts[s + 1] - 1;
        if constexpr (C::pad >= 0)
          while (last > batch.starts[s] && batch.tokens[static_cast<Index>(last)] == static_cast<Id>(C::pad)) --last;
        batch.rows[s] = last;
      }
      return Base::prepared(batch);
    }
  }

  /// z(S,K) of hidden rows h(S,C), in floats.
  template <class T, Gradient G>
  constexpr auto logits(T& tape, Var<B, C::width, G> h) const {
    if constexpr (pools) {
      const auto pooled = std::get<0>(apply<float>(tape, Given{Base::normed(tape, h)}, {}, pooler));
      return std::get<0>(apply<float>(tape, Given{as_elements<element>(tape, tanh(tape, pooled))}, {}, head));
    } else {
      return std::get<0>(apply<float>(tape, Given{Base::normed(tape, h)}, {}, head));
    }
  }
  /// The same of the texts of a batch.
  template <class T>
  constexpr auto logits(T& tape, const PlacedBatch<B>& batch) const {
    return logits(tape, hidden(tape, batch, judged(batch)));
  }

  /// loss(1): the sum over the batch's texts.
  template <class T>
  constexpr auto loss(T& tape, const PlacedBatch<B>& batch) const {
    return loss_of(tape, logits(tape, batch), batch);
  }
  /// The loss, given what the trunk yields.
  template <class T>
  constexpr auto loss(T& tape, const PlacedBatch<B>& batch, Var<B, C::width> x) const {
    return loss_of(tape, logits(tape, Base::behind_trunk(tape, batch, x, judged(batch))), batch);
  }

  /// Calls f(site, path, layer) for every site from the embedding to the head.
  template <class Self, class F>
  static constexpr void each_site(Self& self, F&& f) {
    Base::each_site(self, f);
    const Path root{}, model{&root, Family::root};
    if constexpr (pools) f(Pooler{}, Path{Family::pools_in_head ? &root : &model, Family::pooler}, self.pooler);
    f(Head{}, Path{&root, Family::text_head}, self.head);
  }

  /// First values: of everything, or (`initializer.base` false) only of what the method adds to a base from a file.
  void initialize(Initializer initializer) { initialize_layers(*this, initializer); }

 private:
  static constexpr Rows<B> judged(const PlacedBatch<B>& batch) { return Base::labelled(batch, C::classes); }
  template <class T, class Z>
  constexpr auto loss_of(T& tape, Z z, const PlacedBatch<B>& batch) const {
    if (B::executes && says_numbers && !batch.needs.numbers)
      fail("a batch has no numbers of its texts, and the model says them: Batch::append_number puts them there");
    if constexpr (says_numbers) return squared_error(tape, z, batch.values);
    else return cross_entropy(tape, z, batch.targets);
  }
};

}  // namespace graft
