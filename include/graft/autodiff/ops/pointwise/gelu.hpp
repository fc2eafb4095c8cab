/// \file
/// y = x Φ(x)     dx = dy (Φ(x) + x φ(x)),  Φ and φ of the normal distribution (Hendrycks and Gimpel 2016)
/// gelu_tanh has tanh(√(2/π)(x + 0.044715 x³)) in place of the error function 2Φ(x) − 1, as GPT-2 was trained.
#pragma once

#include <graft/autodiff/ops/pointwise/pointwise.hpp>

namespace graft {

/// x Φ(x), element by element (Hendrycks and Gimpel 2016).
template <class T, class X>
constexpr auto gelu(T& tape, X x) {
  return pointwise_of_input(
      tape, x, [](auto... given) { gelu(given...); }, [](auto... given) { gelu_input(given...); });
}
/// GELU with tanh in place of the error function, as GPT-2 was trained.
template <class T, class X>
constexpr auto gelu_tanh(T& tape, X x) {
  return pointwise_of_input(
      tape, x, [](auto... given) { gelu_tanh(given...); }, [](auto... given) { gelu_tanh_input(given...); });
}

}  // namespace graft
