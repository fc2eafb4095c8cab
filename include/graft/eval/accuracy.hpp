/// \file
/// How often the likeliest class is the right one.
#pragma once

#include <graft/text/example.hpp>

#include <algorithm>
#include <span>
#include <vector>

namespace graft {

/// The number of the largest score; of several the first. requires: there is one
[[nodiscard]] inline Index likeliest(std::span<const float> scores) {
  return static_cast<Index>(std::max_element(scores.begin(), scores.end()) - scores.begin());
}

/// The share of labels that are the likeliest class.
/// \param scores   of every example those of `classes` classes, label by label
/// \param examples of texts or tokens; a label below 0 is none
/// \param classes  how many there are
/// \return not a number where nothing has a label
[[nodiscard]] inline double accuracy(std::span<const std::vector<float>> scores, std::span<const Example> examples,
                                     Index classes) {
  Index right = 0, labels = 0;
  for (Index i = 0; i < scores.size(); ++i)
    for (Index t = 0; t < examples[i].labels.size(); ++t) {
      if (examples[i].labels[t] < 0) continue;
      const auto said = likeliest(std::span(scores[i]).subspan(t * classes, classes));
      right += said == static_cast<Index>(examples[i].labels[t]) ? 1 : 0;
      ++labels;
    }
  return static_cast<double>(right) / static_cast<double>(labels);
}

}  // namespace graft
