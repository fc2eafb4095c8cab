/// \file
/// Arithmetic of LoRA adapters: several as one, and other methods as LoRA. What is combined are the true changes ΔW = s
/// B A, with all their scalings in; only `linear` works on A and B apart. One adapter of weight 1 is itself.
///   cat:       ΔW = Σ wᵢ ΔWᵢ exactly, of rank Σ Rᵢ
///   linear:
///       A = Σ √(wᵢ sᵢ) Aᵢ, B = Σ √(wᵢ sᵢ) Bᵢ: HF PEFT's, with products of one adapter's A and another's B besides
///   svd:       the nearest to Σ wᵢ ΔWᵢ of a given rank
///   ties:
///       each ΔWᵢ cut to its largest entries, the sign of the heavier side for each entry, the mean of those that have
///       it (Yadav et al. 2023)
///   dare:      entries of each ΔWᵢ dropped at random, the others made larger in turn (Yu et al. 2024)
///   magnitude: each ΔWᵢ cut to its largest entries
#pragma once

#include <graft/checkpoints/adapter_files.hpp>
#include <graft/checkpoints/adapter_folder.hpp>
#include <graft/core/random.hpp>
#include <graft/linalg/low_rank_factors.hpp>

#include <cmath>

namespace graft {

/// ΔW(Out,In) = scaling · b(Out,Rank) a(Rank,In)
struct LowRankPair {
  Index out = 0, in = 0, rank = 0;
  float scaling = 1;
  std::vector<float> a{}, b{};

  [[nodiscard]] std::vector<float> delta() const {
    std::vector<float> w(out * in, 0.0F);
    for (Index o = 0; o < out; ++o)
      for (Index r = 0; r < rank; ++r) {
        const float factor = scaling * b[o * rank + r];
        for (Index i = 0; i < in; ++i) w[o * in + i] += factor * a[r * in + i];
      }
    return w;
  }
};

/// The pairs of an adapter, by the path of their layer.
using LowRankPairs = std::map<std::string, LowRankPair>;

/// How adapters are put together: `cat` end to end, exact, with the sum of the ranks; `linear` sums of A and of B;
/// `svd` the sum of the changes cut to a rank; `ties` (Yadav et al. 2023), `dare` (Yu et al. 2024) and `magnitude`,
/// which prune the changes first.
enum class Combination { cat, linear, svd, ties, dare, magnitude };

/// How `combine` puts adapters together.
struct CombineOptions {
  Combination how = Combination::cat;  ///< which of the ways
  Index rank = 0;                      ///< of the result; 0: the sum of ranks for `cat`, else the largest
  double density = 0.5;                ///< the share of entries that ties, dare and magnitude keep
  std::uint64_t seed = 0;              ///< of what dare drops
};

namespace arithmetic {

/// w with all but its `density` largest entries zero.
inline std::vector<float> largest_of(std::vector<float> w, double density) {
  const auto kept = static_cast<Index>(std::llround(density * static_cast<double>(w.size())));
  if (kept >= w.size()) return w;
  std::vector<float> sizes(w.size());
  std::transform(w.begin(), w.end(), sizes.begin(), [](float x) { return std::abs(x); });
  const auto middle = sizes.begin() + static_cast<std::ptrdiff_t>(w.size() - kept);
  std::nth_element(sizes.begin(), middle, sizes.end());
  const float threshold = kept == 0 ? INFINITY : *middle;
  for (float& x : w)
    if (std::abs(x) < threshold) x = 0.0F;
  return w;
}

/// w with entries dropped at random, the others divided by the share that stays.
inline std::vector<float> dropped(std::vector<float> w, double density, RandomKey key) {
  for (Index i = 0; i < w.size(); ++i)
    w[i] = static_cast<double>(uniform01(key, i)) < density ? w[i] / static_cast<float>(density) : 0.0F;
  return w;
}

/// For each entry the sum, or (`elect`) the mean of those whose sign has the greater sum.
inline std::vector<float> summed(const std::vector<std::vector<float>>& all, const std::vector<float>& weights,
                                 bool elect) {
  std::vector<float> sum(all[0].size());
  for (Index i = 0; i < sum.size(); ++i) {
    float total = 0;
    for (Index k = 0; k < all.size(); ++k) total += weights[k] * all[k][i];
    if (!elect) {
      sum[i] = total;
      continue;
    }
    float agreeing = 0, count = 0;
    for (Index k = 0; k < all.size(); ++k)
      if (const float x = weights[k] * all[k][i]; x * total > 0) agreeing += x, count += 1;
    sum[i] = count == 0 ? 0.0F : agreeing / count;
  }
  return sum;
}

}  // namespace arithmetic

/// One layer's pairs as one.
inline LowRankPair combined_layer(const std::vector<const LowRankPair*>& pairs, const std::vector<float>& weights,
                                  const CombineOptions& options, std::uint64_t layer = 0) {
  const Index out = pairs[0]->out, in = pairs[0]->in;
  Index total = 0, largest = 0;
  for (const auto* p : pairs) {
    if (p->out != out || p->in != in)
      fail("adapters of different bases cannot be combined: a layer is ", out, " × ", in, " in one and ", p->out, " × ",
           p->in, " in another");
    total += p->rank;
    largest = std::max(largest, p->rank);
  }
  const bool joins = options.how == Combination::cat || options.how == Combination::svd;
  const Index rank = options.rank != 0 ? options.rank : options.how == Combination::cat ? total : largest;
  LowRankPair result{.out = out, .in = in, .rank = rank};
  if (joins) {
    LowRankPair all{.out = out, .in = in, .rank = total, .a = {}, .b = std::vector<float>(out * total)};
    // so that one adapter of weight 1 stays itself, bit for bit
    if (pairs.size() == 1) all.scaling = pairs[0]->scaling;
    Index first = 0;
    for (Index k = 0; k < pairs.size(); ++k) {
      const float factor = pairs.size() == 1 ? weights[k] : weights[k] * pairs[k]->scaling;
      for (const float x : pairs[k]->a) all.a.push_back(factor * x);
      for (Index o = 0; o < out; ++o)
        std::copy_n(pairs[k]->b.begin() + static_cast<std::ptrdiff_t>(o * pairs[k]->rank), pairs[k]->rank,
                    all.b.begin() + static_cast<std::ptrdiff_t>(o * total + first));
      first += pairs[k]->rank;
    }
    if (rank == total && options.how == Combination::cat) return all;
    if (options.how == Combination::cat && rank < total)
      fail("cat yields the sum of all ranks, ", total, "; svd cuts it to ", rank);
    auto f = low_rank_factors(all.b, all.a, out, in, total, rank);
    result.scaling = all.scaling;
    result.a = std::move(f.a);
    result.b = std::move(f.b);
    return result;
  }
  if (options.how == Combination::linear) {
    if (rank != largest || std::any_of(pairs.begin(), pairs.end(), [&](const auto* p) { return p->rank != rank; }))
      fail("linear needs adapters of one rank; cat and svd do not");
    result.a.assign(rank * in, 0.0F);
    result.b.assign(out * rank, 0.0F);
    for (Index k = 0; k < pairs.size(); ++k) {
      const float factor = weights[k] * pairs[k]->scaling, root = std::sqrt(std::abs(factor));
      for (Index i = 0; i < result.a.size(); ++i) result.a[i] += std::copysign(root, factor) * pairs[k]->a[i];
      for (Index i = 0; i < result.b.size(); ++i) result.b[i] += root * pairs[k]->b[i];
    }
    return result;
  }
  std::vector<std::vector<float>> deltas;
  for (Index k = 0; k < pairs.size(); ++k) {
    auto w = pairs[k]->delta();
    deltas.push_back(options.how == Combination::dare
                         ? arithmetic::dropped(std::move(w), options.density, {options.seed, layer * pairs.size() + k})
                         : arithmetic::largest_of(std::move(w), options.density));
  }
  auto f = low_rank_factors(arithmetic::summed(deltas, weights, options.how == Combination::ties), out, in, rank);
  result.a = std::move(f.a);
  result.b = std::move(f.b);
  return result;
}

/// Adapters as one. A layer that only some of them have counts as zero in the others.
inline LowRankPairs combined(const std::vector<LowRankPairs>& adapters, const std::vector<float>& weights,
                             const CombineOptions& options = {}) {
  if (adapters.empty() || adapters.size() != weights.size())
    fail("combining adapters takes one weight for each: there are ", adapters.size(), " adapters and ", weights.size(),
         " weights");
  if (!(options.density > 0 && options.density <= 1))
    fail("the density is a share of entries, above 0 and at most 1; it is ", options.density);
  std::set<std::string> paths;
  for (const auto& adapter : adapters)
    for (const auto& [path, pair] : adapter) paths.insert(path);
  LowRankPairs result;
  std::uint64_t layer = 0;
  for (const auto& path : paths) {
    std::vector<const LowRankPair*> pairs;
    std::vector<float> of_pairs;
    for (Index k = 0; k < adapters.size(); ++k)
      if (const auto found = adapters[k].find(path); found != adapters[k].end()) {
        pairs.push_back(&found->second);
        of_pairs.push_back(weights[k]);
      }
    result[path] = combined_layer(pairs, of_pairs, options, layer++);
  }
  return result;
}

/// The pairs of a model with LoRA.
template <class Model>
LowRankPairs low_rank_pairs(const Model& model) {
  LowRankPairs pairs;
  Model::each_site(model, [&pairs]<class L>(auto, const Path& path, const L& layer) {
    if constexpr (method_offers<method_of<L>>.low_rank)
      if (method_of<L>::settings.bias)
        fail("low_rank_pairs: ", path.str(), " has a LoraBias, which is no part of a product of two matrices");
    if constexpr (offers_of<L>.low_rank)
      pairs[path.str()] = {L::out, L::in, L::rank, L::method::settings.scaling(), layer.a.read(), layer.b.read()};
  });
  return pairs;
}

/// Gives a model with LoRA these pairs. Its ranks may be larger than theirs, not smaller; its scalings stay its own.
template <class Model>
void assign_pairs(Model& model, const LowRankPairs& pairs) {
  Complaints complaints;
  std::set<std::string> used;
  const auto each = [&model](auto&& f) {
    Model::each_site(model, [&f]<class L>(auto, const Path& path, L& layer) {
      if constexpr (offers_of<L>.low_rank) f(path.str(), layer);
    });
  };
  each([&]<class L>(const std::string& path, const L&) {
    used.insert(path);
    const auto found = pairs.find(path);
    if (found != pairs.end() &&
        (found->second.out != L::out || found->second.in != L::in || found->second.rank > L::rank))
      complaints.add(path + ": rank " + std::to_string(found->second.rank) + " of " +
                     std::to_string(found->second.out) + " × " + std::to_string(found->second.in) +
                     ", the model has rank " + std::to_string(L::rank) + " of " + std::to_string(L::out) + " × " +
                     std::to_string(L::in));
  });
  for (const auto& [path, pair] : pairs)
    if (!used.contains(path)) complaints.add(path + ": the model has no LoRA there");
  complaints.raise_if_any("these low-rank pairs", "A LoRA of a larger rank, or on more sites, holds them.");
  each([&]<class L>(const std::string& path, L& layer) {
    std::vector<float> a(L::rank * L::in, 0.0F), b(L::out * L::rank, 0.0F);
    if (const auto found = pairs.find(path); found != pairs.end()) {
      const LowRankPair& p = found->second;
      const float factor = p.scaling / L::method::settings.scaling();
      std::transform(p.a.begin(), p.a.end(), a.begin(), [factor](float x) { return factor * x; });
      for (Index o = 0; o < L::out; ++o)
        std::copy_n(p.b.begin() + static_cast<std::ptrdiff_t>(o * p.rank), p.rank,
                    b.begin() + static_cast<std::ptrdiff_t>(o * L::rank));
    }
    layer.a.assign(a);
    layer.b.assign(b);
  });
}

/// What any method that merges made of the base's weights, as LoRA of this rank. Yields the share of the changes' norm
/// that the rank leaves out, all layers together. A method that changes biases, or layers that LoRA does not stand at,
/// is refused.
template <class Model>
std::pair<LowRankPairs, double> as_low_rank(const Model& model, Index rank) {
  LowRankPairs pairs;
  double all = 0, missing = 0;
  Model::each_site(model, [&](auto, const Path& path, const auto& layer) {
    using L = std::remove_cvref_t<decltype(layer)>;
    const auto refuse = [&path](const char* why) { fail("as_low_rank: ", path.str(), ": ", why); };
    if constexpr (LinearLayer<L> && offers_of<L>.merges) {
      std::vector<float> before, bias;
      visit_base(
          layer, [&](const Path& name, const auto& p) { (name.name == "bias" ? bias : before) = p.read(); }, path);
      if constexpr (offers_of<L>.merges_bias)
        if (layer.merged_bias(bias) != bias) refuse("the method changes the bias, which a LoRA cannot");
      auto delta = layer.merged_weight(before);
      double square = 0;
      for (Index i = 0; i < delta.size(); ++i) {
        delta[i] -= before[i];
        square += static_cast<double>(delta[i]) * static_cast<double>(delta[i]);
      }
      auto f = low_rank_factors(delta, L::out, L::in, rank);
      all += square;
      missing += square * f.left_out * f.left_out;
      pairs[path.str()] = {L::out, L::in, rank, 1.0F, std::move(f.a), std::move(f.b)};
    } else if (trainable_parameters(layer) > 0) {
      refuse("the method changes what LoRA cannot");
    }
  });
  return {std::move(pairs), all == 0 ? 0.0 : std::sqrt(missing / all)};
}

/// The pairs of a LoRA folder of PEFT's, whatever its ranks and scalings. DoRA, modules saved whole and adapted
/// embeddings are refused.
[[gnu::cold]] inline LowRankPairs read_pairs(const std::filesystem::path& folder) {
  const AdapterFolder adapter(folder, OwnMethods::allowed);
  const AdapterConfig& config = adapter.config();
  const auto& source = config.source;
  if (const auto type = required<std::string>(config.json, "peft_type", source); type != "LORA")
    fail(source, ": peft_type is ", type, "; arithmetic is of LORA adapters");
  check_keys(peft_keys, config.json, "LORA", source);
  for (const char* key : {"use_dora", "lora_bias"})
    if (optional<bool>(config.json, key, false, source))
      fail(source, ": ", key, " is set, and such an adapter is no product of two matrices");
  if (const auto init = config.json.value("init_lora_weights", Json()); init == Json("pissa") || init == Json("olora"))
    fail(source, ": init_lora_weights is ", init.dump(),
         ": the adapter stands on a base that it changed, and arithmetic is of adapters over one base");
  if (config.json.contains("alora_invocation_tokens") && !config.json.at("alora_invocation_tokens").is_null())
    fail(source, ": alora_invocation_tokens is set, and such an adapter is no product of two matrices");
  const auto& tensors = adapter.tensors();
  const RankRules rules(config, "r", 8, "lora_alpha", 8);
  const std::string prefix = "base_model.model.", ending = ".lora_A.weight";
  LowRankPairs pairs;
  for (const auto& [name, tensor] : tensors) {
    if (name.ends_with(".lora_B.weight") && tensors.contains(name.substr(0, name.size() - ending.size()) + ending))
      continue;
    const bool is_a = name.starts_with(prefix) && name.ends_with(ending);
    const auto partner =
        is_a ? tensors.find(name.substr(0, name.size() - ending.size()) + ".lora_B.weight") : tensors.end();
    if (partner == tensors.end())
      fail(source, ": ", name, " is no half of a low-rank pair on a linear layer; arithmetic knows nothing else");
    const std::string path = name.substr(prefix.size(), name.size() - prefix.size() - ending.size());
    const StoredTensor &a = tensor, &b = partner->second;
    if (a.shape.size() != 2 || b.shape.size() != 2 || a.shape[0] != b.shape[1] || a.size() == 0 || b.size() == 0)
      fail(source, ": ", described(name, a.shape), " and ", described("its lora_B", b.shape),
           " are no two matrices with a product");
    for (const auto* t : {&a, &b})
      if (t->type == ElementType::Other)
        fail(source, ": ", name, " or its lora_B has elements of type ", t->type_name.substr(0, 40));
    LowRankPair pair{.out = b.shape[0],
                     .in = a.shape[1],
                     .rank = a.shape[0],
                     .a = to_floats(a, name),
                     .b = to_floats(b, partner->first)};
    const double r = static_cast<double>(pair.rank);
    if (rules.rank_at(path) != r)
      fail(source, ": by its words (r, rank_pattern) ", path, " has rank ", Json(rules.rank_at(path)).dump(),
           ", and the tensor ", name, " has ", pair.rank);
    pair.scaling = static_cast<float>(rules.alpha_at(path) /
                                      (optional<bool>(config.json, "use_rslora", false, source) ? std::sqrt(r) : r));
    pairs.emplace(path, std::move(pair));
  }
  return pairs;
}

/// The scaling that all pairs of all adapters have, or 1.
inline float common_scaling(const std::vector<LowRankPairs>& adapters) {
  float common = 0;
  for (const auto& adapter : adapters)
    for (const auto& [path, pair] : adapter) {
      if (common != 0 && pair.scaling != common) return 1.0F;
      common = pair.scaling;
    }
  return common == 0 ? 1.0F : common;
}

/// Writes pairs as a LoRA folder that PEFT opens, with α = scaling · rank everywhere.
[[gnu::cold]] inline void write_pairs(const LowRankPairs& pairs, const std::filesystem::path& folder,
                                      const std::string& base_name = "", float scaling = 1.0F,
                                      const std::string& task_type = "CAUSAL_LM") {
  if (pairs.empty()) fail("write_pairs: there is nothing to write to ", folder.string());
  AdapterSummary summary{.type = "LORA", .task_type = task_type};
  std::vector<NamedTensor> tensors;
  for (const auto& [path, pair] : pairs) {
    summary.modules.push_back({.path = path, .block = block_in(path), .out = pair.out, .in = pair.in});
    summary.adapted.push_back(
        {.path = path,
         .options = {{"r", pair.rank},
                     {"lora_alpha", static_cast<double>(scaling) * static_cast<double>(pair.rank)},
                     {"use_rslora", false}}});
    auto a = pair.a;
    for (float& x : a) x *= pair.scaling / scaling;
    tensors.push_back({"base_model.model." + path + ".lora_A.weight", {pair.rank, pair.in}, std::move(a)});
    tensors.push_back({"base_model.model." + path + ".lora_B.weight", {pair.out, pair.rank}, pair.b});
  }
  const Json config = adapter_config(summary, base_name, PathsAre::whole);
  std::filesystem::create_directories(folder);
  write_safetensors(folder / "adapter_model.safetensors", tensors);
  write_json(folder / "adapter_config.json", config);
}

}  // namespace graft
