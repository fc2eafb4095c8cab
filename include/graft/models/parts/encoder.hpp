/// \file
/// A model without a head, as one type: family, architecture, strategy, backend. It makes a row of every token
/// (serve/embed.hpp: of every text).
///   h(T,C) as in models/parts/transformer.hpp
#pragma once

#include <graft/models/parts/transformer.hpp>

namespace graft {

/// A model without a head: what its last block yields is what a text looks like.
template <class Family, class C, Method M, class B, class... Policies>
class Encoder : public Transformer<Family, C, M, B, Policies...> {
  using Base = Transformer<Family, C, M, B, Policies...>;
  static_assert(sizeof(typename Raise<Encoder, typename Base::Refused::type>::type) > 0);

 public:
  template <class Other>
  using on = Encoder<Family, C, M, Other, Policies...>;
  template <class Other>
  using of = Encoder<Family, C, Other, B, Policies...>;
  template <class... More>
  using with = Encoder<Family, C, M, B, Policies..., More...>;
  /// What it may be made over: the same without a method, and without policies but the storage.
  using base = Encoder<Family, C, FrozenBase, B, typename StorageOf<Policies...>::type>;
  static constexpr const char* task_type = "FEATURE_EXTRACTION";
  /// A file may have the heads of other models, with the family's root before their names or without.
  static constexpr const char* heads_elsewhere[] = {"cls.", "lm_head.", "classifier.", "pooler."};

  /// Numbers of the type: known before any model exists.
  static constexpr Index parameters = count_parameters<on<planned_on<B>>>(false);
  static constexpr Index trainable_parameters = count_parameters<on<planned_on<B>>>(true);

  constexpr Encoder() = default;
  /// Over the weights of `other`, a `base`, which are not copied (models/parts/shared_base.hpp); what the method adds
  /// is drawn from `seed`.
  template <class Other>
  requires requires { typename Other::base; }
  explicit Encoder(const Other& other, std::uint64_t seed = 0) : Encoder() { stand_on(*this, other, seed); }

  /// First values: of everything, or (`initializer.base` false) only of what the method adds to a base from a file.
  void initialize(Initializer initializer) { initialize_layers(*this, initializer); }
};

}  // namespace graft
