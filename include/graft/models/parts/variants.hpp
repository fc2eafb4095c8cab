/// \file
/// The types of models that differ from one of a family in a single respect, and its numbers.
#pragma once

#include <graft/models/parts/model.hpp>
#include <graft/models/parts/shared_base.hpp>

namespace graft {

/// What every model of this template says: `Of<Family, C, M, B, Policies...>` inherits from it.
template <template <class, class, class, class, class...> class Of, class Family, class C, class M, class B,
          class... Policies>
struct Variants {
  /// The same model elsewhere: `Model::on<meta<B>>` plans it.
  template <class Other>
  using on = Of<Family, C, M, Other, Policies...>;
  /// The same model with another method.
  template <class Other>
  using of = Of<Family, C, Other, B, Policies...>;
  /// The same model under more policies.
  template <class... More>
  using with = Of<Family, C, M, B, Policies..., More...>;
  /// What it may be made over (models/parts/shared_base.hpp): the same without a method, and without policies but the
  /// storage.
  using base = Of<Family, C, FrozenBase, B, typename StorageOf<Policies...>::type>;

  /// Numbers of the type: known before any model exists.
  static constexpr Index parameters = count_parameters<on<planned_on<B>>>(false);
  static constexpr Index trainable_parameters = count_parameters<on<planned_on<B>>>(true);
};

}  // namespace graft
