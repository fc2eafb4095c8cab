// graft combine: adapter arithmetic on folders.
#include "commands.hpp"

#include <graft/checkpoints/arithmetic.hpp>

namespace cli {

namespace {

/// A text of an adapter's config.
std::string stated(const std::filesystem::path& adapter, const char* key, const char* otherwise) {
  const auto path = adapter / "adapter_config.json";
  return graft::optional<std::string>(graft::read_json(path), key, otherwise, path.string());
}

}  // namespace

void combine(const CombineOptions& o) {
  const std::map<std::string, graft::Combination> ways{{"cat", graft::Combination::cat}, {"linear", graft::Combination::linear}, {"svd", graft::Combination::svd},
                                                       {"ties", graft::Combination::ties}, {"dare", graft::Combination::dare}, {"magnitude", graft::Combination::magnitude}};
  std::vector<graft::LowRankPairs> adapters;
  for (const auto& folder : o.adapters) adapters.push_back(graft::read_pairs(folder));
  const auto weights = o.weights.empty() ? std::vector<float>(adapters.size(), 1.0F) : o.weights;
  const auto result = graft::combined(adapters, weights, {.how = ways.at(o.how), .rank = o.rank, .density = o.density, .seed = o.seed});
  graft::write_pairs(result, o.output, stated(o.adapters[0], "base_model_name_or_path", ""), graft::common_scaling(adapters), stated(o.adapters[0], "task_type", "CAUSAL_LM"));
  std::fprintf(stderr, "wrote %s: %zu layers of rank %zu\n", o.output.c_str(), result.size(), result.begin()->second.rank);
}

}  // namespace cli
