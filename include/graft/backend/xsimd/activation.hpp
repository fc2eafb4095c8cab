/// \file
/// SiLU and SwiGLU in SIMD lanes. Equations: backend/reference/elementwise.hpp.
#pragma once

#include <graft/backend/xsimd/simd.hpp>
#include <graft/backend/xsimd/tag.hpp>

namespace graft::backend {

inline void silu(float* y, const float* x, Index n, xsimd_cpu) {
  parallel_pieces(n, parallel_threshold, [=](Index begin, Index end) {
    simd::each(begin, end, [=](Index i, auto... count) {
      const auto a = simd::load(x + i, count...);
      simd::store(y + i, a * simd::sigmoid(a), count...);
    });
  });
}

inline void swiglu(float* y, const float* gate, const float* up, Index n, xsimd_cpu) {
  parallel_pieces(n, parallel_threshold, [=](Index begin, Index end) {
    simd::each(begin, end, [=](Index i, auto... count) {
      const auto g = simd::load(gate + i, count...);
      simd::store(y + i, g * simd::sigmoid(g) * simd::load(up + i, count...), count...);
    });
  });
}

inline void swiglu_inputs(float* dgate, bool accumulate_gate, float* dup, bool accumulate_up, const float* dy, const float* gate, const float* up, Index n, xsimd_cpu) {
  parallel_pieces(n, parallel_threshold, [=](Index begin, Index end) {
    simd::each(begin, end, [=](Index i, auto... count) {
      const auto g = simd::load(gate + i, count...), u = simd::load(up + i, count...), d = simd::load(dy + i, count...);
      const auto s = simd::sigmoid(g);
      simd::put(dgate + i, d * u * s * (simd::Lanes(1.0F) + g * (simd::Lanes(1.0F) - s)), accumulate_gate, count...);
      simd::put(dup + i, d * g * s, accumulate_up, count...);
    });
  });
}

}  // namespace graft::backend
