/// \file
/// SiLU, SwiGLU, sums and rotations in SIMD lanes. Equations: backend/host/elementwise.hpp and rotary.hpp.
#pragma once

#include <graft/backend/xsimd/simd.hpp>
#include <graft/backend/xsimd/tag.hpp>

namespace graft::backend {

namespace simd {
/// body(i, count...) for lanes of [0, n), shared between threads. `memory` is what body reads and writes at i.
template <class Body, class... E>
void parallel_each(Index n, const Body& body, const E*... memory) {
  parallel_pieces(n, parallel_threshold, [&](Index begin, Index end) {
    each(begin, end, [&](Index i, auto... count) {
      fetch_ahead(i, memory...);
      body(i, count...);
    });
  });
}
}  // namespace simd

template <class Y, class X>
void scale(Y* y, const X* x, float factor, Index n, bool accumulate, xsimd_cpu) {
  simd::parallel_each(
      n,
      [=](Index i, auto... count) {
        simd::put(y + i, simd::Lanes(factor) * simd::load(x + i, count...), accumulate, count...);
      },
      y, x);
}

template <class E>
void scale_by(E* y, const E* x, const float* factor, Index n, bool accumulate, xsimd_cpu on) {
  scale(y, x, *factor, n, accumulate, on);
}

template <class E>
void multiply(E* y, const E* a, const E* b, Index n, bool accumulate, xsimd_cpu) {
  simd::parallel_each(
      n,
      [=](Index i, auto... count) {
        simd::put(y + i, simd::load(a + i, count...) * simd::load(b + i, count...), accumulate, count...);
      },
      y, a, b);
}

template <class E>
void silu(E* y, const E* x, Index n, xsimd_cpu) {
  simd::parallel_each(
      n,
      [=](Index i, auto... count) {
        const auto a = simd::load(x + i, count...);
        simd::store(y + i, a * simd::sigmoid(a), count...);
      },
      y, x);
}

template <class E>
void swiglu(E* y, const E* gate, const E* up, Index n, xsimd_cpu) {
  simd::parallel_each(
      n,
      [=](Index i, auto... count) {
        const auto g = simd::load(gate + i, count...);
        simd::store(y + i, g * simd::sigmoid(g) * simd::load(up + i, count...), count...);
      },
      y, gate, up);
}

template <class E>
void swiglu_inputs(E* dgate, bool accumulate_gate, E* dup, bool accumulate_up, const E* dy, const E* gate, const E* up,
                   Index n, xsimd_cpu) {
  simd::parallel_each(
      n,
      [=](Index i, auto... count) {
        const auto g = simd::load(gate + i, count...), u = simd::load(up + i, count...),
                   d = simd::load(dy + i, count...);
        const auto s = simd::sigmoid(g);
        if (dgate != nullptr)
          simd::put(dgate + i, d * u * s * (simd::Lanes(1.0F) + g * (simd::Lanes(1.0F) - s)), accumulate_gate,
                    count...);
        if (dup != nullptr) simd::put(dup + i, d * g * s, accumulate_up, count...);
      },
      dgate, dup, dy, gate, up);
}

template <class E>
void rotary(E* x, const float* table, Index rows, Index heads, Index width, Index turned, float sign, xsimd_cpu) {
  const Index half = turned / 2;
  parallel_pieces(rows, row_piece, [=](Index begin, Index end) {
    const simd::Lanes signs(sign);
    for (Index t = begin; t < end; ++t)
      for (Index h = 0; h < heads; ++h) {
        E* const a = x + (t * heads + h) * width;
        simd::each(0, half, [=](Index j, auto... count) {
          const auto cosine = simd::load(table + t * turned + j, count...),
                     sine = signs * simd::load(table + t * turned + half + j, count...);
          const auto first = simd::load(a + j, count...), second = simd::load(a + half + j, count...);
          simd::store(a + j, first * cosine - second * sine, count...);
          simd::store(a + half + j, second * cosine + first * sine, count...);
        });
      }
  });
}

}  // namespace graft::backend
