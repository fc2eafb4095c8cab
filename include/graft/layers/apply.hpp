/// \file
/// Layers of one input, computed together where they are products, one after another where they are not.
#pragma once

#include <graft/autodiff/ops/pointwise/add.hpp>
#include <graft/autodiff/ops/pointwise/scale.hpp>
#include <graft/autodiff/ops/products/project.hpp>
#include <graft/layers/layer.hpp>

namespace graft {

/// A layer that is a product, perhaps with a low-rank path beside it: `projection()` is a view of its parameters, and
/// `complete(tape, y)` does to the product what is left to do. `completes_sums`: whether that may be done to a sum with
/// something else (a bias may, a scale may not).
template <class L>
concept ProductLayer = requires(const L& layer) {
  layer.projection();
  { L::completes_sums } -> std::convertible_to<bool>;
};

/// What layers know of the rows of their input beside the input.
template <class B>
struct InputRows {
  bool remake = false;      ///< what is cheap to make is made again backwards instead of being saved
  Pointer<B, Id> owners{};  ///< which member of a bank each row belongs to; null: the first

  template <class L>
  [[nodiscard]] constexpr auto projection(const L& layer) const {
    auto p = layer.projection();
    p.owners = owners;
    return p;
  }
};

/// Whether these layers' products share their input.
template <class... Ls>
inline constexpr bool computed_together = false;
template <ProductLayer First, ProductLayer... Rest>
inline constexpr bool computed_together<First, Rest...> =
    (std::is_same_v<typename decltype(std::declval<const First&>().projection())::storage,
                    typename decltype(std::declval<const Rest&>().projection())::storage> &&
     ...);

/// layers(source)… in elements Y (those of the source if none are named), as a tuple.
template <class Y = void, class T, Source X, class... Ls>
constexpr auto apply(T& tape, X source, InputRows<typename T::backend> how, const Ls&... layers) {
  using Wanted = std::conditional_t<std::is_void_v<Y>, typename X::element, Y>;
  if constexpr (computed_together<Ls...>) {
    return std::apply([&](auto... y) { return std::tuple{layers.complete(tape, y)...}; },
                      project<Wanted>(tape, source, how.remake, Nothing{}, how.projection(layers)...));
  } else {
    const auto x = value_of(tape, source);
    return std::tuple{as_elements<Wanted>(tape, layers(tape, x))...};
  }
}

/// residual + layer(source)
template <class T, class R, Source X, class L>
constexpr auto apply_onto(T& tape, R residual, X source, InputRows<typename T::backend> how, const L& layer) {
  constexpr bool at_once = [] {
    if constexpr (computed_together<L>) return bool{L::completes_sums};
    else return false;
  }();
  if constexpr (at_once)
    return layer.complete(
        tape, std::get<0>(project<typename R::element>(tape, source, how.remake, residual, how.projection(layer))));
  else return add(tape, residual, std::get<0>(apply<typename R::element>(tape, source, how, layer)));
}

}  // namespace graft
