/// \file
/// What a method adds to the mean loss of a batch: AdaLoRA's orthogonality.
#pragma once

#include <graft/peft/contract/offers.hpp>
#include <graft/train/trainee.hpp>

#include <span>

namespace graft {

/// weight · (sum of all terms) / terms
struct Penalties {
  float weight = 0;
  Index terms = 0;

  [[nodiscard]] double mean(std::span<const float> sums) const {
    double sum = 0;
    for (const float x : sums) sum += static_cast<double>(x);
    return terms == 0 ? 0.0 : static_cast<double>(weight) * sum / static_cast<double>(terms);
  }
};

/// f(layer) for all layers that add one.
template <class M, class F>
void each_penalized(M& model, const F& f) {
  Trainee<M>::each_layer(model, [&f]<class L>(L& layer) {
    if constexpr (offers_of<L>.penalties > 0) f(layer);
  });
}

/// How many terms there are, and what they weigh.
template <class M>
Penalties penalties_of(M& model) {
  Penalties all;
  each_penalized(model, [&]<class L>(const L&) {
    all.terms += offers_of<L>.penalties;
    all.weight = L::method::penalty_weight;
  });
  return all;
}

}  // namespace graft
