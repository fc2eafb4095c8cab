/// \file
/// How a text goes on: how long, with which adapter, and which of the likely tokens is taken.
#pragma once

#include <graft/core/error.hpp>
#include <graft/core/random.hpp>
#include <graft/core/types.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>
#include <vector>

namespace graft {

/// What is asked of a generator beside the prompts.
struct GenerateOptions {
  Index max_new_tokens = 64;  ///< tokens that are generated, at most
  float temperature = 0.0F;   ///< 0: always the likeliest token
  Index top_k = 0;            ///< draw among this many likeliest tokens; 0: all
  /// draw among the likeliest tokens that together have this probability (Holtzman et al. 2020)
  float top_p = 1.0F;
  std::uint64_t seed = 0;
  Index task = 0;                ///< of a multitask prompt
  Index member = 0;              ///< which of a Bank's adapters goes on with all prompts
  std::vector<Index> members{};  ///< or, where it is not empty, which goes on with each
  std::vector<Id> stop{};        ///< tokens that end the text; not part of the result
};

/// Draws a token from logits, or takes the likeliest.
/// \param logits one a token \param options temperature, top-k, top-p and seed
/// \param step how many tokens were drawn before: each has a random number of its own
/// \throws Error where there is no logit, or one is no number
inline Id sample(std::span<const float> logits, const GenerateOptions& options, Index step) {
  if (logits.empty() || std::any_of(logits.begin(), logits.end(), [](float z) { return std::isnan(z) || z > 1e30F; }))
    fail("generate: the model's logits are no numbers; are its weights, and what it was trained to?");
  const auto likeliest = static_cast<Index>(std::max_element(logits.begin(), logits.end()) - logits.begin());
  if (!(options.temperature > 0)) return static_cast<Id>(likeliest);
  std::vector<Index> order(logits.size());
  std::iota(order.begin(), order.end(), Index{0});
  std::sort(order.begin(), order.end(), [&](Index a, Index b) { return logits[a] > logits[b]; });
  if (options.top_k > 0) order.resize(std::min(order.size(), options.top_k));
  std::vector<double> weights;
  double total = 0;
  for (const Index i : order) {
    weights.push_back(std::exp(static_cast<double>((logits[i] - logits[order[0]]) / options.temperature)));
    total += weights.back();
  }
  double kept = 0;
  Index count = 0;
  while (count < order.size() && (count == 0 || kept < static_cast<double>(options.top_p) * total))
    kept += weights[count++];
  double draw = static_cast<double>(uniform01({options.seed, 0}, step)) * kept;
  Index chosen = 0;
  while (chosen + 1 < count && draw >= weights[chosen]) draw -= weights[chosen++];
  return static_cast<Id>(order[chosen]);
}

}  // namespace graft
