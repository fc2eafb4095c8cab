/// \file
/// The public judge of gradients: central differences against the tape, for an op, a layer or a model of yours.
#pragma once

#include <graft/autodiff/tape.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace graft {

/// The worst disagreement found, and where.
struct GradientReport {
  double worst = 0;   ///< |tape − difference| relative to the larger of the largest difference and 1e-3
  Index entry = 0;    ///< which entry it was, counting through `watched`
  Index checked = 0;  ///< how many entries were compared
};

/// Something to differentiate with respect to: memory on B holding values, and where its gradient lies after backward.
template <class B>
struct Watched {
  Pointer<B> value;
  Index size;
  std::vector<float> gradient;  ///< as the tape computed it
};

/// Compares each watched gradient with (loss(x+h) − loss(x−h)) / 2h. `loss()` runs the forward pass anew and returns
/// the number. Floats limit this to about 1e-2 relative; errors in a formula show as 1e-1 or more.
template <class B, class Loss>
GradientReport check_gradients(const std::vector<Watched<B>>& watched, const Loss& loss, float h = 1e-2F) {
  GradientReport report;
  for (const auto& w : watched) {
    const std::vector<float> original = download<B>(w.value, w.size);
    std::vector<double> difference(w.size);
    double largest = 1e-3;
    for (Index i = 0; i < w.size; ++i) {
      std::vector<float> moved = original;
      const auto at = [&](float x) {
        moved[i] = x;
        upload<B>(w.value, std::span<const float>(moved));
        return static_cast<double>(loss());
      };
      difference[i] = (at(original[i] + h) - at(original[i] - h)) / (2.0 * static_cast<double>(h));
      largest = std::max(largest, std::abs(difference[i]));
    }
    upload<B>(w.value, std::span<const float>(original));
    for (Index i = 0; i < w.size; ++i) {
      double error = std::abs(difference[i] - static_cast<double>(w.gradient[i])) / largest;
      if (std::isnan(error)) error = std::numeric_limits<double>::infinity();  // nothing is larger than a NaN
      if (error > report.worst) {
        report.worst = error;
        report.entry = report.checked + i;
      }
    }
    report.checked += w.size;
  }
  return report;
}

}  // namespace graft
