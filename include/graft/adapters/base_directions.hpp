/// \file
/// First values of LoRA that are parts of the base's weight W(Out,In), which then lacks s B A. With s the scaling, R
/// the rank:
///   pissa: s B A = the best approximation of W of rank R (Meng et al. 2024)
///   olora: B, A = the first R columns of Q and rows of U,  W = Q U (Büyükakyüz 2024)
/// An adapter that began so stands on the changed base: whoever opens it makes the change again.
#pragma once

#include <graft/linalg/low_rank_factors.hpp>
#include <graft/peft/low_rank/lora.hpp>

#include <utility>

namespace graft {

/// A and B of a LoRA of type L over the weight w.
template <class L>
LowRankFactors base_directions(const std::vector<float>& w) {
  if (L::method::settings.init == LoraInit::olora) return orthogonal_factors(w, L::out, L::in, L::rank);
  auto factors = low_rank_factors(w, L::out, L::in, L::rank);
  const float root = 1.0F / std::sqrt(L::method::settings.scaling());
  for (auto* values : {&factors.a, &factors.b})
    for (float& x : *values) x *= root;
  return factors;
}

/// W − s B A
[[gnu::noinline]] inline std::vector<float> without_directions(std::vector<float> w, const LowRankFactors& f, Index out,
                                                               Index in, float scaling) {
  const Index rank = f.b.size() / out;
  for (Index o = 0; o < out; ++o)
    for (Index r = 0; r < rank; ++r)
      for (Index i = 0; i < in; ++i) w[o * in + i] -= scaling * f.b[o * rank + r] * f.a[r * in + i];
  return w;
}

/// The weight of a base as it is under a LoRA that started from it.
template <class L>
std::vector<float> weight_under(const L&, std::vector<float> w) {
  const auto factors = base_directions<L>(w);
  return without_directions(std::move(w), factors, L::out, L::in, L::method::settings.scaling());
}

/// Gives every such LoRA of the model its first values, and the base what is left.
template <class Model>
void start_from_base(Model& model) {
  Model::each_site(model, [](auto, const Path&, auto& layer) {
    using L = std::remove_cvref_t<decltype(layer)>;
    if constexpr (offers_of<L>.starts_from_base) {
      auto w = layer.base.weight.read();
      const auto factors = base_directions<L>(w);
      layer.a.assign(factors.a);
      layer.b.assign(factors.b);
      layer.base.weight.assign(without_directions(std::move(w), factors, L::out, L::in, L::method::settings.scaling()));
    }
  });
}

}  // namespace graft
