/// \file
/// The kernels of losses and penalties.
#pragma once

#include <graft/core/buffer.hpp>

namespace graft::backend {

template <class B>
concept LossKernels =
    requires(const B& on, Pointer<B> y, Pointer<B, const float> x, Pointer<B, const Id> ids, Index n, bool more) {
      cross_entropy(y, y, x, ids, n, n, on);
      cross_entropy_input(y, x, x, x, ids, n, n, more, on);
      sum_up(y, x, n, on);
      span_loss(y, y, x, ids, ids, n, on);
      span_loss_input(y, x, x, x, ids, ids, n, on);
      squared_error(y, x, x, n, on);
      squared_error_input(y, x, x, x, n, more, on);
      gram_error(y, y, x, n, n, more, on);
      gram_error_input(y, x, x, x, x, n, n, more, on);
    };

}  // namespace graft::backend
