/// \file
/// The kernels of norms.
#pragma once

#include <graft/core/buffer.hpp>

namespace graft::backend {

/// What is normed has elements X (the sum that runs through the blocks: floats), what comes out elements Y.
template <class B, class Y, class X>
concept NormKernels =
    requires(const B& on, Pointer<B, Y> y, Pointer<B, X> dx, Pointer<B, const Y> dy, Pointer<B, const X> x,
             Pointer<B> f, Pointer<B, const float> c, Index n, float epsilon, bool more) {
      rms_norm(y, f, x, c, n, n, epsilon, on);
      rms_norm_input(dx, dy, x, c, c, n, n, more, on);
      rms_norm_weight(f, dy, x, c, n, n, on);
      layer_norm(y, f, f, x, c, c, n, n, epsilon, on);
      layer_norm_input(dx, dy, x, c, c, c, n, n, more, on);
      layer_norm_weight(f, dy, x, c, c, n, n, on);
    };

}  // namespace graft::backend
