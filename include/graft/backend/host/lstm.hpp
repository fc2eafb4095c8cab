/// \file
/// A long short-term memory over one sequence, forwards or backwards.
#pragma once

#include <graft/backend/host/elementwise.hpp>

namespace graft::backend {

/// With z = x[t] + h[t−1] wᵀ in four parts:  i, f, o = σ(z₁), σ(z₂), σ(z₄);  g = tanh(z₃);  c[t] = f c[t−1] + i g;
///     h[t] = o tanh(c[t]).
/// x(T,4n), w(4n,n), h(T,n); keeps gates(T,4n) and cells(T,n). `reverse`: t runs from the end.
inline void lstm(float* h, float* gates, float* cells, const float* x, const float* w, Index rows, Index n,
                 bool reverse, reference) {
  for (Index step = 0; step < rows; ++step) {
    const Index t = reverse ? rows - 1 - step : step, before = reverse ? t + 1 : t - 1;
    float* const z = gates + t * 4 * n;
    for (Index j = 0; j < 4 * n; ++j) {
      z[j] = x[t * 4 * n + j];
      for (Index k = 0; step > 0 && k < n; ++k) z[j] += w[j * n + k] * h[before * n + k];
      z[j] = j / n == 2 ? std::tanh(z[j]) : sigmoid(z[j]);
    }
    for (Index k = 0; k < n; ++k) {
      cells[t * n + k] = (step > 0 ? z[n + k] * cells[before * n + k] : 0.0F) + z[k] * z[2 * n + k];
      h[t * n + k] = z[3 * n + k] * std::tanh(cells[t * n + k]);
    }
  }
}

/// dx += …, dw += …, from the last step to the first; either may be null
inline void lstm_inputs(float* dx, float* dw, const float* dh, const float* h, const float* gates, const float* cells,
                        const float* w, Index rows, Index n, bool reverse, reference) {
  float *const from_h = scratch<struct LstmGradients, float>(6 * n), *const from_c = from_h + n, *const dz = from_c + n;
  std::fill_n(from_h, 2 * n, 0.0F);
  for (Index step = rows; step-- > 0;) {
    const Index t = reverse ? rows - 1 - step : step, before = reverse ? t + 1 : t - 1;
    const float* const z = gates + t * 4 * n;
    for (Index k = 0; k < n; ++k) {
      const float i = z[k], f = z[n + k], g = z[2 * n + k], o = z[3 * n + k], squashed = std::tanh(cells[t * n + k]),
                  d = dh[t * n + k] + from_h[k];
      const float dc = from_c[k] + d * o * (1.0F - squashed * squashed);
      dz[k] = dc * g * i * (1.0F - i);
      dz[n + k] = step > 0 ? dc * cells[before * n + k] * f * (1.0F - f) : 0.0F;
      dz[2 * n + k] = dc * i * (1.0F - g * g);
      dz[3 * n + k] = d * squashed * o * (1.0F - o);
      from_c[k] = dc * f;
    }
    std::fill_n(from_h, n, 0.0F);
    for (Index j = 0; j < 4 * n; ++j) {
      if (dx != nullptr) dx[t * 4 * n + j] += dz[j];
      for (Index k = 0; step > 0 && k < n; ++k) {
        from_h[k] += dz[j] * w[j * n + k];
        if (dw != nullptr) dw[j * n + k] += dz[j] * h[before * n + k];
      }
    }
  }
}

}  // namespace graft::backend
