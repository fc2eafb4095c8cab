#include "combine.hpp"

#include <graft/adapters/arithmetic.hpp>

#include <cstdio>
#include <map>

namespace cli {

void combine(const CombineOptions& o) {
  const std::map<std::string, graft::Combination> ways{
      {"cat", graft::Combination::cat},   {"linear", graft::Combination::linear},
      {"svd", graft::Combination::svd},   {"ties", graft::Combination::ties},
      {"dare", graft::Combination::dare}, {"magnitude", graft::Combination::magnitude}};
  std::vector<graft::LowRankPairs> adapters;
  for (const auto& folder : o.adapters) adapters.push_back(graft::read_pairs(folder));
  const auto weights = o.weights.empty() ? std::vector<float>(adapters.size(), 1.0F) : o.weights;
  const auto result =
      graft::combined(adapters, weights, {.how = ways.at(o.how), .rank = o.rank, .density = o.density, .seed = o.seed});
  const auto first = o.adapters[0] / "adapter_config.json";
  const auto config = graft::read_json(first);
  const auto stated = [&](const char* key, const char* otherwise) {
    return graft::optional<std::string>(config, key, otherwise, first.string());
  };
  graft::write_pairs(result, o.output, stated("base_model_name_or_path", ""), graft::common_scaling(adapters),
                     stated("task_type", "CAUSAL_LM"));
  std::fprintf(stderr, "wrote %s: %zu layers of rank %zu\n", o.output.c_str(), result.size(),
               result.begin()->second.rank);
}

}  // namespace cli
