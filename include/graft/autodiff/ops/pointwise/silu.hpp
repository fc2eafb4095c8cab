/// \file
/// y = x σ(x)     dx = dy σ(x) (1 + x (1 − σ(x)))
#pragma once

#include <graft/autodiff/ops/pointwise/pointwise.hpp>

namespace graft {

/// x σ(x), element by element.
template <class T, class X>
constexpr auto silu(T& tape, X x) {
  return pointwise_of_input(
      tape, x, [](auto... given) { silu(given...); }, [](auto... given) { silu_input(given...); });
}

}  // namespace graft
