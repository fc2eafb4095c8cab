/// \file
/// The public judge of backends: every kernel of B against `reference`, on sizes with odd tails.
#pragma once

#include <graft/backend/check/attention.hpp>
#include <graft/backend/check/losses.hpp>
#include <graft/backend/check/norms.hpp>
#include <graft/backend/check/pointwise.hpp>
#include <graft/backend/check/products.hpp>
#include <graft/backend/check/rows.hpp>
#include <graft/backend/check/updates.hpp>
#include <graft/backend/check/weights.hpp>

namespace graft {

/// Every kernel of B beside `reference`. Differences of about 1e-6 are rounding; those named Bf16 differ by up to about
/// 1e-2, the last bit of a bfloat16, where sums are rounded in another order.
template <class B>
std::vector<BackendCheck> check_backend() {
  static_assert(has_all_kernels<B>());
  backend::Checker<B> c;
  const auto of_elements = [&c]<class E>(E) {
    backend::check_pointwise<E>(c);
    backend::check_products<E>(c);
    backend::check_attention<E>(c);
    backend::check_norms<E>(c);
    backend::check_rows<E>(c);
    backend::check_rotations<E>(c);
  };
  of_elements(0.0F);
  of_elements(Bfloat16());
  backend::check_frozen_products<F32, float, float>(c, "F32");
  backend::check_frozen_products<Bf16, Bfloat16, Bfloat16>(c, "Bf16");
  backend::check_frozen_products<Bf16, Bfloat16, float>(c, "Bf16 to floats");
  backend::check_frozen_products<Bf16, float, float>(c, "Bf16 of floats");
  backend::check_frozen_products<Q8_0, Bfloat16, Bfloat16>(c, "Q8_0");
  backend::check_frozen_products<Q4_1, Bfloat16, Bfloat16>(c, "Q4_1");
  backend::check_frozen_products<Nf4, Bfloat16, Bfloat16>(c, "Nf4");
  backend::check_frozen_products<Nf4DoubleQuant, Bfloat16, Bfloat16>(c, "Nf4DoubleQuant");
  backend::check_frozen_products<Int8, Bfloat16, Bfloat16>(c, "Int8");
  backend::check_trained_products(c);
  backend::check_numbers(c);
  backend::check_losses(c);
  backend::check_updates(c);
  backend::check_weights(c);
  return c.results;
}

}  // namespace graft
