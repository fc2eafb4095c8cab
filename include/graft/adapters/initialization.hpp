/// \file
/// First values of LoRA that look at the base's weights, or at data. With s the scaling, W the base's weight, R the
/// rank:
///   pissa:      s B A = the best approximation of W of rank R, which W then lacks (Meng et al. 2024)
///   olora:      A, B = the first R rows and columns of W = Q U, which then lacks s B A (Büyükakyüz 2024)
///   loftq:      s B A ≈ W − quantised(W − s B A), so that base and adapter together begin near W (Li et al. 2023)
///   orthogonal: A, B at random with B A = 0 (Zhu et al. 2024)
///   eva:        A = the directions that a layer's inputs vary most in, B = 0 (Paischer et al. 2024)
/// The first three change the base. They return the first values, so that what was trained can be written for the base
/// as it was: `write_pairs(combined({low_rank_pairs(model), first}, {1, -1}), folder)`.
#pragma once

#include <graft/adapters/arithmetic.hpp>
#include <graft/adapters/base_directions.hpp>

#include <numeric>

namespace graft {

namespace initialization {

/// Gives every LoRA of the model the factors that f(path, layer) yields, shared out so that s B A is their product, and
/// returns them.
template <class Model, class F>
LowRankPairs assign_factors(Model& model, const F& f) {
  Model::each_site(model, [&f]<class L>(auto, const Path& path, L& layer) {
    if constexpr (offers_of<L>.low_rank) {
      LowRankFactors factors = f(path.str(), layer);
      const float root = 1.0F / std::sqrt(L::method::settings.scaling());
      for (auto* values : {&factors.a, &factors.b})
        for (float& x : *values) x *= root;
      layer.a.assign(factors.a);
      layer.b.assign(factors.b);
    }
  });
  return low_rank_pairs(model);
}
/// The product of the two factors, (Out, In).
inline std::vector<float> product_of(const LowRankFactors& f, Index out, Index in, Index rank) {
  return LowRankPair{.out = out, .in = in, .rank = rank, .a = f.a, .b = f.b}.delta();
}
/// w − other, element by element.
inline std::vector<float> minus(std::vector<float> w, const std::vector<float>& other) {
  for (Index i = 0; i < w.size(); ++i) w[i] -= other[i];
  return w;
}

}  // namespace initialization

/// Starts LoRA from the principal singular vectors of the base's weights, which keep the rest (PiSSA, Meng et al.
/// 2024).
/// \return The pairs as they start, to be subtracted where the trained adapter is written for the untouched base.
template <class Model>
LowRankPairs pissa(Model& model) {
  using namespace initialization;
  return assign_factors(model, []<class L>(const std::string&, L& layer) {
    const auto w = layer.base.weight.read();
    auto f = low_rank_factors(w, L::out, L::in, L::rank);
    layer.base.weight.assign(minus(w, product_of(f, L::out, L::in, L::rank)));
    return f;
  });
}

/// Starts LoRA from the orthonormal factor of the base's weights (OLoRA, Büyükakyüz 2024).
/// \return The pairs as they start.
template <class Model>
LowRankPairs olora(Model& model) {
  Model::each_site(model, []<class L>(auto, const Path&, L& layer) {
    if constexpr (offers_of<L>.low_rank) {
      const auto w = layer.base.weight.read();
      const auto f = orthogonal_factors(w, L::out, L::in, L::rank);
      layer.a.assign(f.a);
      layer.b.assign(f.b);
      layer.base.weight.assign(without_directions(w, f, L::out, L::in, L::method::settings.scaling()));
    }
  });
  return low_rank_pairs(model);
}

/// `weights`: the base's own, before they were rounded to the model's storage.
template <class Model>
LowRankPairs loftq(Model& model, const ModelFiles& weights, Index iterations = 5) {
  using namespace initialization;
  return assign_factors(model, [&]<class L>(const std::string& path, L& layer) {
    const auto w = weights.read(path + ".weight");
    LowRankFactors f{std::vector<float>(L::rank * L::in, 0.0F), std::vector<float>(L::out * L::rank, 0.0F)};
    for (Index i = 0; i < iterations; ++i) {
      layer.base.weight.assign(minus(w, product_of(f, L::out, L::in, L::rank)));
      f = low_rank_factors(minus(w, layer.base.weight.read()), L::out, L::in, L::rank);
    }
    return f;
  });
}

/// requires: ranks are even.
template <class Model>
LowRankPairs orthogonal(Model& model, std::uint64_t seed = 0) {
  Initializer draw{.key = {seed, 2U << 20U}, .base = false};
  return initialization::assign_factors(model, [&draw]<class L>(const std::string& path, L&) {
    if (L::rank % 2 != 0) fail("orthogonal: ", path, " has rank ", L::rank, ", which is odd");
    constexpr Index half = L::rank / 2;
    const auto q = orthogonal_factors(draw.normal(L::rank * L::rank, 1.0F), L::rank, L::rank, L::rank).b;
    const auto right = draw.normal(L::in * half, 0.1F), left = draw.normal(half * L::out, 0.1F);
    LowRankFactors f{std::vector<float>(L::rank * L::in, 0.0F), std::vector<float>(L::out * L::rank, 0.0F)};
    for (Index r = 0; r < L::rank; ++r)
      for (Index h = 0; h < half; ++h) {
        for (Index i = 0; i < L::in; ++i) f.a[r * L::in + i] += right[i * half + h] * q[(2 * h + 1) * L::rank + r];
        for (Index o = 0; o < L::out; ++o) f.b[o * L::rank + r] += left[h * L::out + o] * q[2 * h * L::rank + r];
      }
    return f;
  });
}

/// Shares out a budget of `rank` a layer among the layers that `observed` watched: to each direction in turn that
/// explains most of its layer's variance, up to rho · rank of a layer (0: none at all). The result is `rank_pattern` of
/// an adapter_config.json, from which graft_add_model makes the type.
template <class Observed>
std::map<std::string, Index> eva_ranks(const Observed& observed, Index rank, double rho = 2.0) {
  std::map<std::string, Index> ranks;
  std::vector<std::pair<float, std::string>> shares;
  const auto most = static_cast<Index>(static_cast<double>(rank) * rho);
  Observed::each_site(observed, [&]<class L>(auto, const Path& path, const L& layer) {
    if constexpr (offers_of<L>.observes) {
      const auto values = eigenvalues(layer.gram(), layer.in);
      const float all = std::accumulate(values.begin(), values.end(), 0.0F);
      ranks[path.str()] = 0;
      for (Index i = 0; i < std::min<Index>(most, values.size()); ++i) shares.emplace_back(values[i] / all, path.str());
    }
  });
  std::stable_sort(shares.begin(), shares.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
  for (Index i = 0; i < std::min<Index>(shares.size(), rank * ranks.size()); ++i) ++ranks[shares[i].second];
  return ranks;
}

/// `observed`: the same base with the method `Observe` of the same sites, after it has read data.
template <class Model, class Observed>
void eva(Model& model, const Observed& observed) {
  std::map<std::string, std::vector<float>> grams;
  Observed::each_site(observed, [&grams]<class L>(auto, const Path& path, const L& layer) {
    if constexpr (offers_of<L>.observes) grams[path.str()] = layer.gram();
  });
  Model::each_site(model, [&grams]<class L>(auto, const Path& path, L& layer) {
    if constexpr (offers_of<L>.low_rank) {
      const auto found = grams.find(path.str());
      if (found == grams.end())
        fail("eva: ", path.str(), " has a LoRA and was not observed: give Observe the same On<...> and Blocks<...>");
      layer.a.assign(leading_directions(found->second, L::in, L::rank));
      layer.b.assign(std::vector<float>(L::out * L::rank, 0.0F));
    }
  });
}

}  // namespace graft
