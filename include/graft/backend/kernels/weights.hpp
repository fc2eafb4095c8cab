/// \file
/// The kernels by which methods make weights: blocks, reflections, products of Kronecker, spectra, recurrences.
#pragma once

#include <graft/core/buffer.hpp>

namespace graft::backend {

/// On rows of elements E.
template <class B, class E>
concept RotationKernels = requires(const B& on, Pointer<B, E> y, Pointer<B, const E> x, Pointer<B> f,
                                   Pointer<B, const float> c, Index n, float s, bool more) {
  multiply_blocks(y, x, c, n, n, n, more, more, on);
  multiply_blocks_weight(f, x, x, n, n, n, on);
  reflect(y, x, c, n, n, n, s, more, on);
  reflect_weight(f, x, x, c, n, n, n, s, on);
};

template <class B>
concept WeightKernels =
    requires(const B& on, Pointer<B> y, Pointer<B, const float> x, Pointer<B, const Id> ids, Index n, bool more) {
      skew(y, x, n, n, on);
      skew_input(y, x, n, n, on);
      skew_part(y, x, n, n, more, on);
      unit_diagonals(y, n, n, on);
      unit_lower(y, x, n, n, on);
      unit_lower_input(y, x, n, n, on);
      signed_identity(y, x, n, n, on);
      inverse_of_sum(y, x, n, n, on);
      inverse_of_sum_input(y, x, x, n, n, on);
      product_of_blocks(y, x, x, n, n, more, more, more, on);
      kronecker(y, x, x, n, n, n, n, on);
      kronecker_left(y, x, x, n, n, n, n, on);
      kronecker_right(y, x, x, n, n, n, n, on);
      scaled_bases(y, x, x, x, n, n, n, on);
      scaled_bases_inputs(y, y, x, x, x, x, n, n, n, on);
      spectrum(y, x, ids, n, n, n, on);
      spectrum_input(y, x, ids, n, n, n, on);
      fourier_matrix(y, n, on);
      lstm(y, y, y, x, x, n, n, more, on);
      lstm_inputs(y, y, x, x, x, x, x, n, n, more, on);
    };

}  // namespace graft::backend
