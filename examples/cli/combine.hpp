// graft combine: adapter arithmetic on folders.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

namespace cli {

struct CombineOptions {
  std::vector<std::filesystem::path> adapters;
  std::vector<float> weights;
  std::string how = "cat";
  std::size_t rank = 0, seed = 0;
  double density = 0.5;
  std::filesystem::path output;
};
/// Several LoRA adapters as one; of no model in particular.
void combine(const CombineOptions& options);

}  // namespace cli
