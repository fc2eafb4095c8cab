/// \file
/// `Cpu` with dense products of floats through oneDNN instead of Eigen: for weights kept as F32 and for what is trained
/// over them. Link `graft::onednn`. Unlike graft's own kernels oneDNN does not promise the same bits for any number of
/// threads.
#pragma once

#include <graft/backend/onednn/tag.hpp>
#include <graft/backend/xsimd/xsimd_cpu.hpp>
#include <graft/core/error.hpp>

#include <dnnl.h>

namespace graft::backend {

namespace onednn {
/// z(m,n) = scale · a b + keep · z, all row-major; 'T': as stored it is the transpose.
inline void product(char a_is, char b_is, Index m, Index n, Index k, float scale, const float* a, Index a_stride,
                    const float* b, Index b_stride, bool keep, float* z) {
  const auto size = [](Index i) { return static_cast<dnnl_dim_t>(i); };
  if (dnnl_sgemm(a_is, b_is, size(m), size(n), size(k), scale, a, size(a_stride), b, size(b_stride), keep ? 1.0F : 0.0F,
                 z, size(n)) != dnnl_success)
    fail("oneDNN refuses a product of ", m, " x ", n, " over ", k);
}
}  // namespace onednn

inline void matmul(float* y, const float* x, const float* w, Index rows, Index in, Index out, float scale,
                   bool accumulate, onednn_cpu) {
  onednn::product('N', 'T', rows, out, in, scale, x, in, w, in, accumulate, y);
}
inline void matmul_input(float* dx, const float* dy, const float* w, Index rows, Index in, Index out, float scale,
                         bool accumulate, onednn_cpu) {
  onednn::product('N', 'N', rows, in, out, scale, dy, out, w, in, accumulate, dx);
}
inline void matmul_weight(float* dw, const float* dy, const float* x, Index rows, Index in, Index out, float scale,
                          onednn_cpu) {
  onednn::product('T', 'N', out, in, rows, scale, dy, out, x, in, true, dw);
}

}  // namespace graft::backend
