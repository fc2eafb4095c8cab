/// \file
/// What optimizers do to parameters.
#pragma once

#include <graft/backend/host/reference.hpp>
#include <graft/backend/kernels/updates.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

namespace graft::backend {

/// Asks for a block of memory that is soon read: every array of an optimizer is read once, from end to end.
inline void ask_for(const void* block, Index bytes) {
  for (Index i = 0; i < bytes; i += 64) __builtin_prefetch(static_cast<const std::byte*>(block) + i);
}

/// m ← β₁ m + (1−β₁) s g;  v ← β₂ v + (1−β₂) (s g)²;  p ← p − lr (λ p + m̂ / (√v̂ + ε))
inline void adamw_values(float* p, float* m, float* v, const float* g, float s, Index n, AdamWStep step) {
  const float step_size = step.learning_rate / step.correction1, root = 1.0F / std::sqrt(step.correction2),
              keep = 1.0F - step.learning_rate * step.weight_decay;
  GRAFT_SIMD for (Index i = 0; i < n; ++i) {
    const float gradient = s * g[i];
    m[i] = step.beta1 * m[i] + (1.0F - step.beta1) * gradient;
    v[i] = step.beta2 * v[i] + (1.0F - step.beta2) * gradient * gradient;
    p[i] = p[i] * keep - step_size * m[i] / (std::sqrt(v[i]) * root + step.epsilon);
  }
}

/// Values that optimizers work on at a time.
inline constexpr Index optimizer_block = 256;

/// Calls body(first, count) for blocks of [0, n), on all threads.
inline void optimizer_blocks(Index n, FunctionRef<void(Index, Index)> body) {
  parallel_pieces(n, Index{64} * optimizer_block, [=](Index begin, Index end) {
    for (; begin < end; begin += optimizer_block) body(begin, std::min(optimizer_block, end - begin));
  });
}

inline void adamw(float* p, float* m, float* v, const float* g, Index n, AdamWStep step, const float* scale,
                  reference) {
  if (!std::isfinite(*scale)) return;
  optimizer_blocks(n, [=, s = *scale](Index at, Index count) {
    for (const float* array :
         {static_cast<const float*>(p), static_cast<const float*>(m), static_cast<const float*>(v), g})
      ask_for(array + at + 2 * optimizer_block, optimizer_block * sizeof(float));
    adamw_values(p + at, m + at, v + at, g + at, s, count, step);
  });
}

/// Non-negative numbers up to 1 as bytes: floats of 5 exponent and 3 mantissa bits, from 2⁻³¹ on. `noise` < 2²⁰ rounds
/// at random, so that a moving average whose steps are smaller than a code still moves. A number above zero never
/// becomes zero: AdamW divides by it.
inline std::uint8_t to_byte_float(float x, std::uint32_t noise) {
  constexpr std::int32_t offset = (127 - 31) << 3;
  const auto code = static_cast<std::int32_t>((std::bit_cast<std::uint32_t>(x) + noise) >> 20) - offset;
  return static_cast<std::uint8_t>(std::max(code, static_cast<std::int32_t>(x > 0.0F)));
}
inline float from_byte_float(std::uint8_t code) {
  return code == 0 ? 0.0F : std::bit_cast<float>((static_cast<std::uint32_t>(code) + ((127U - 31U) << 3)) << 20);
}
/// Numbers from −1 to 1: a sign, 4 exponent and 3 mantissa bits, from 2⁻¹⁵ on.
inline std::uint8_t to_signed_byte_float(float x, std::uint32_t noise) {
  constexpr std::int32_t offset = (127 - 15) << 3;
  const auto code = static_cast<std::int32_t>(((std::bit_cast<std::uint32_t>(x) & 0x7FFFFFFFU) + noise) >> 20) - offset;
  return static_cast<std::uint8_t>(std::max(code, 0) |
                                   static_cast<std::int32_t>(std::bit_cast<std::uint32_t>(x) >> 24 & 0x80U));
}
inline float from_signed_byte_float(std::uint8_t code) {
  const std::uint32_t magnitude = code & 0x7FU, sign = (code & 0x80U) << 24;
  return magnitude == 0 ? 0.0F : std::bit_cast<float>(sign | (magnitude + ((127U - 15U) << 3)) << 20);
}

/// Bytes of m, of v, and a scale for each of both in every block.
constexpr Index adamw8bit_state_bytes(Index n) {
  return (2 * n + 3) / 4 * 4 + 2 * sizeof(float) * ((n + optimizer_block - 1) / optimizer_block);
}

/// AdamW with m and v kept as bytes beside the largest of their block (Dettmers et al. 2022; the codes are ours, see
/// above).
inline void adamw8bit(float* p, float* state, const float* g, Index n, AdamWStep step, const float* gradient_scale,
                      std::uint32_t seed, reference) {
  if (!std::isfinite(*gradient_scale)) return;
  auto* const first = reinterpret_cast<std::uint8_t*>(state);
  float* const scales = state + (2 * n + 3) / 4;
  optimizer_blocks(n, [=, s = *gradient_scale](Index at, Index count) {
    ask_for(p + at + 2 * optimizer_block, optimizer_block * sizeof(float));
    ask_for(g + at + 2 * optimizer_block, optimizer_block * sizeof(float));
    std::uint8_t *const m_codes = first + at, *const v_codes = first + n + at;
    float* const scale = scales + at / optimizer_block * 2;
    float m[optimizer_block], v[optimizer_block];
    GRAFT_SIMD for (Index i = 0; i < count; ++i) {
      m[i] = scale[0] * from_signed_byte_float(m_codes[i]);
      v[i] = scale[1] * from_byte_float(v_codes[i]);
    }
    adamw_values(p + at, m, v, g + at, s, count, step);
    std::uint32_t m_bits = 0, v_bits = 0;  // floats above zero are in the order of their bits
    for (Index i = 0; i < count; ++i) {
      m_bits = std::max(m_bits, std::bit_cast<std::uint32_t>(m[i]) & 0x7FFFFFFFU);
      v_bits = std::max(v_bits, std::bit_cast<std::uint32_t>(v[i]));
    }
    const float m_most = std::bit_cast<float>(m_bits), v_most = std::bit_cast<float>(v_bits);
    const float m_share = m_most > 0 ? 1.0F / m_most : 0.0F, v_share = v_most > 0 ? 1.0F / v_most : 0.0F;
    GRAFT_SIMD for (Index i = 0; i < count; ++i) {
      auto hash = (static_cast<std::uint32_t>(at + i) ^ seed) * 0x9E3779B1U;
      hash = (hash ^ hash >> 15) * 0x85EBCA77U;
      hash ^= hash >> 13;
      m_codes[i] = to_signed_byte_float(m[i] * m_share, hash & 0xFFFFFU);
      v_codes[i] = to_byte_float(v[i] * v_share, hash >> 12);
    }
    scale[0] = m_most, scale[1] = v_most;
  });
}

/// sum(1) += Σ x², in pieces, added up in their order
inline void add_squares(float* sum, const float* x, Index n, reference) {
  constexpr Index piece = 1 << 16, lanes = 16;
  const Index pieces = (n + piece - 1) / piece;
  double total = 0;
  for (Index at = 0; at < pieces; at += 256) {  // a bounded number of partial sums
    double partial[256] = {};
    parallel_for(std::min<Index>(256, pieces - at), n > piece, [&](Index i) {
      const Index begin = (at + i) * piece, end = std::min(n, begin + piece);
      double sums[lanes] = {};
      Index j = begin;
      for (; j + lanes <= end; j += lanes) {
        if (j % 64 == 0) ask_for(x + j + 1024, 64 * sizeof(float));
        GRAFT_SIMD for (Index l = 0; l < lanes; ++l) sums[l] +=
            static_cast<double>(x[j + l]) * static_cast<double>(x[j + l]);
      }
      for (; j < end; ++j) sums[(j - begin) % lanes] += static_cast<double>(x[j]) * static_cast<double>(x[j]);
      for (const double s : sums) partial[i] += s;
    });
    for (const double s : partial) total += s;
  }
  *sum += static_cast<float>(total);
}

/// y(1) ← 1, or NaN unless all of x(n) are finite
inline void all_finite(float* y, const float* x, Index n, reference) {
  *y = std::all_of(x, x + n, [](float each) { return std::isfinite(each); }) ? 1.0F
                                                                             : std::numeric_limits<float>::quiet_NaN();
}

/// scales(G) ← w · min(1, clip / (w √squares)) for groups of weight w > 0, and w where clip is 0. NaN, all of them,
/// where `healthy(1)` or a norm is not finite: then a step is not to be taken.
inline void clip_scales(float* scales, const float* squares, const float* weights, const float* healthy, Index groups,
                        float clip, reference) {
  bool fine = std::isfinite(*healthy);
  for (Index g = 0; g < groups; ++g) {
    const float norm = weights[g] > 0 ? weights[g] * std::sqrt(squares[g]) : 0.0F;
    fine = fine && std::isfinite(norm);
    scales[g] = clip > 0 && norm > clip ? weights[g] * (clip / (norm + 1e-6F)) : weights[g];
  }
  if (!fine) std::fill_n(scales, groups, std::numeric_limits<float>::quiet_NaN());
}

/// g(M,r) ← factor · g (a aᵀ + shift I)⁻¹,   a(r,N), by a Cholesky decomposition
inline void precondition_rows(float* g, const float* a, Index rows, Index r, Index n, double factor, double shift,
                              reference) {
  double* const l = scratch<struct CholeskyFactor, double>(r * r);
  for (Index i = 0; i < r; ++i)
    for (Index j = 0; j <= i; ++j) {
      double sum = i == j ? shift : 0;
      for (Index k = 0; k < n; ++k) sum += static_cast<double>(a[i * n + k]) * static_cast<double>(a[j * n + k]);
      for (Index k = 0; k < j; ++k) sum -= l[i * r + k] * l[j * r + k];
      l[i * r + j] = i == j ? std::sqrt(sum) : sum / l[j * r + j];
    }
  parallel_pieces(rows, 64, [=](Index begin, Index end) {
    double* const x = scratch<struct Solved, double>(r);
    for (Index t = begin; t < end; ++t) {
      float* const row = g + t * r;
      for (Index i = 0; i < r; ++i) {
        double sum = static_cast<double>(row[i]);
        for (Index k = 0; k < i; ++k) sum -= l[i * r + k] * x[k];
        x[i] = sum / l[i * r + i];
      }
      for (Index i = r; i-- > 0;) {
        for (Index k = i + 1; k < r; ++k) x[i] -= l[k * r + i] * x[k];
        x[i] /= l[i * r + i];
        row[i] = static_cast<float>(factor * x[i]);
      }
    }
  });
}

}  // namespace graft::backend
