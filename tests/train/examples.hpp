// Examples for a tiny model to learn from.
#pragma once

#include <graft/text/example.hpp>

namespace tiny {

/// `alike`: tokens that all begin with, and as many again that every third has in common behind them.
inline std::vector<graft::Example> examples(graft::Index n, graft::Index alike = 0) {
  std::vector<graft::Example> all(n);
  for (graft::Index e = 0; e < n; ++e) {
    std::vector<graft::Id> prompt, answer;
    for (graft::Index i = 0; i < 2 * alike; ++i)
      prompt.push_back(static_cast<graft::Id>(((i < alike ? 0 : e % 3 * 11) + i * 7) % 50));
    for (graft::Index i = 0; i < 4 + e % 3; ++i) prompt.push_back(static_cast<graft::Id>((e * 5 + i * 3) % 50));
    for (graft::Index i = 0; i < 3; ++i) answer.push_back(static_cast<graft::Id>((e * 5 + i) % 50));
    all[e].append(prompt, false);
    all[e].append(answer, true);
  }
  return all;
}

}  // namespace tiny
