/// \file
/// What models share that say something of texts or of tokens by a linear head of their own: a transformer and, in
/// families that have one there, the norm
/// behind its last block.   z(S,K) = Head(norm(h[rows]))
/// The head is new to most bases, so a file need not have it if it is trained; it may have the heads of other models.
#pragma once

#include <graft/models/parts/transformer.hpp>

namespace graft {

template <class Family, class C, Method M, class B, class... Policies>
class HeadedTransformer : public Transformer<Family, C, M, B, Policies...> {
  using Base = Transformer<Family, C, M, B, Policies...>;

 protected:
  static constexpr bool has_norm = Family::causal;
  using NormLayer = std::conditional_t<has_norm, typename Family::template Norm<B, C>, Absent<B, C>>;
  using NormHere = typename Base::template where_there<FinalNorm, NormLayer>;

 public:
  using Base::hidden;
  using typename Base::element;
  static constexpr bool new_heads = true;
  static constexpr const char* heads_elsewhere[] = {"cls.",        "lm_head.",    "score.",
                                                    "classifier.", "qa_outputs.", "pooler."};

  [[no_unique_address]] NormHere final_norm;

  constexpr HeadedTransformer() {
    if constexpr (has_norm) final_norm.epsilon = C::norm_epsilon;
  }
  HeadedTransformer(HeadedTransformer&&) = default;
  HeadedTransformer& operator=(HeadedTransformer&&) = default;

  /// Calls f(site, path, layer) for every site from the embedding to the norm.
  template <class Self, class F>
  static constexpr void each_site(Self& self, F&& f) {
    Base::each_site(self, f);
    const Path root{}, model{&root, Family::root};
    if constexpr (has_norm) f(FinalNorm{}, Path{&model, Family::final_norm}, self.final_norm);
  }

 protected:
  /// What a layer reads of hidden rows h(S,C).
  template <class T, Gradient G>
  constexpr auto normed(T& tape, Var<B, C::width, G> h) const {
    if constexpr (has_norm) return as_elements<element>(tape, final_norm(tape, h));
    else return as_elements<element>(tape, h);
  }
  /// h(S,C) of some rows, given what the trunk yields.
  template <class T>
  constexpr auto behind_trunk(T& tape, const PlacedBatch<B>& batch, Var<B, C::width> x, Rows<B> rows) const {
    const auto all = Base::block_context(tape, batch, PackedContext<B>{batch.sequences});
    return Base::Stacked::template through<Base::trunk_runs, Base::runs.count>(Base::blocks, tape, x, all, rows);
  }
};

}  // namespace graft
