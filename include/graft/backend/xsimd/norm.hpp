/// \file
/// RMSNorm in SIMD lanes. Equations: backend/host/norm.hpp.
#pragma once

#include <graft/backend/xsimd/simd.hpp>
#include <graft/backend/xsimd/tag.hpp>

namespace graft::backend {

template <class Y, class X>
void rms_norm(Y* y, float* r, const X* x, const float* w, Index rows, Index n, float epsilon, xsimd_cpu) {
  parallel_pieces(rows, row_piece, [=](Index begin, Index end) {
    for (Index t = begin; t < end; ++t) {
      const X* const row = x + t * n;
      simd::Lanes squares(0.0F);
      simd::each(0, n, [&](Index i, auto... count) {
        simd::fetch_ahead(i, y + t * n, row);
        const auto a = simd::load(row + i, count...);
        squares = xsimd::fma(a, a, squares);
      });
      r[t] = 1.0F / std::sqrt(simd::sum(squares) / static_cast<float>(n) + epsilon);
      const simd::Lanes factor(r[t]);
      simd::each(0, n, [&](Index i, auto... count) {
        simd::store(y + t * n + i, simd::load(row + i, count...) * factor * simd::load(w + i, count...), count...);
      });
    }
  });
}

template <class X, class Y>
void rms_norm_input(X* dx, const Y* dy, const X* x, const float* w, const float* r, Index rows, Index n,
                    bool accumulate, xsimd_cpu) {
  parallel_pieces(rows, row_piece, [=](Index begin, Index end) {
    for (Index t = begin; t < end; ++t) {
      const X* const row = x + t * n;
      const Y* const up = dy + t * n;
      simd::Lanes dot(0.0F);
      simd::each(0, n, [&](Index i, auto... count) {
        simd::fetch_ahead(i, dx + t * n, row, up);
        dot =
            xsimd::fma(simd::load(up + i, count...) * simd::load(w + i, count...), simd::load(row + i, count...), dot);
      });
      const simd::Lanes factor(r[t]), c(simd::sum(dot) * r[t] * r[t] / static_cast<float>(n));
      simd::each(0, n, [&](Index i, auto... count) {
        const auto g = simd::load(up + i, count...) * simd::load(w + i, count...);
        simd::put(dx + t * n + i, factor * (g - simd::load(row + i, count...) * c), accumulate, count...);
      });
    }
  });
}

}  // namespace graft::backend
