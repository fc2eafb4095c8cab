/// \file
/// How numbers that a model says stand to those that are right.
#pragma once

#include <graft/core/types.hpp>

#include <cmath>
#include <numeric>
#include <span>

namespace graft {

/// Pearson's correlation of two lists of one length; 0 where one of them does not vary.
[[nodiscard]] inline double correlation(std::span<const double> x, std::span<const double> y) {
  const auto n = static_cast<double>(x.size());
  const double mean_x = std::accumulate(x.begin(), x.end(), 0.0) / n,
               mean_y = std::accumulate(y.begin(), y.end(), 0.0) / n;
  double xy = 0, xx = 0, yy = 0;
  for (Index i = 0; i < x.size(); ++i) {
    xy += (x[i] - mean_x) * (y[i] - mean_y);
    xx += (x[i] - mean_x) * (x[i] - mean_x);
    yy += (y[i] - mean_y) * (y[i] - mean_y);
  }
  return xx == 0 || yy == 0 ? 0 : xy / std::sqrt(xx * yy);
}

/// The mean of squared differences of two lists of one length; not a number where they are empty.
[[nodiscard]] inline double mean_squared_error(std::span<const double> x, std::span<const double> y) {
  double squares = 0;
  for (Index i = 0; i < x.size(); ++i) squares += (x[i] - y[i]) * (x[i] - y[i]);
  return squares / static_cast<double>(x.size());
}

}  // namespace graft
