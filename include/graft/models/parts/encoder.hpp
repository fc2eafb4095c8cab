/// \file
/// A model without a head, as one type: family, architecture, strategy, backend. It makes a row of every token
/// (serve/embed.hpp: of every text).
///   h(T,C) as in models/parts/transformer.hpp
#pragma once

#include <graft/models/parts/transformer.hpp>
#include <graft/models/parts/variants.hpp>

namespace graft {

/// A model without a head: what its last block yields is what a text looks like.
template <class Family, class C, class M, class B, class... Policies>
class Encoder : public Transformer<Family, C, M, B, Policies...>,
                public Variants<Encoder, Family, C, M, B, Policies...> {
  using Base = Transformer<Family, C, M, B, Policies...>;
  static_assert(sizeof(typename Raise<Encoder, typename Base::Refused::type>::type) > 0);

 public:
  static constexpr const char* task_type = "FEATURE_EXTRACTION";
  static constexpr bool headless = true;  ///< it yields rows, and no head reads them
  /// A file may have the heads of other models, with the family's root before their names or without.
  static constexpr const char* heads_elsewhere[] = {"cls.", "lm_head.", "classifier.", "pooler."};

  constexpr Encoder() = default;
  /// Over the weights of `other`, a `base`, which are not copied (models/parts/shared_base.hpp); what the method adds
  /// is drawn from `seed`.
  template <BaseModel Other>
  explicit Encoder(const Other& other, std::uint64_t seed = 0) : Encoder() {
    stand_on(*this, other, seed);
  }

  /// First values: of everything, or (`initializer.base` false) only of what the method adds to a base from a file.
  void initialize(Initializer initializer) { initialize_layers(*this, initializer); }
};

}  // namespace graft
