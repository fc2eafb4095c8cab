// What adapters' configs say of a small model.
#pragma once

#include "checkpoints/families/configs.hpp"

#include <graft/io/tensor.hpp>

namespace made {

/// The method of a config's text, as text; `tensors`: those beside it.
std::string method_of(const std::string& text, const graft::StatedConfig& model = read(sizes("llama")),
                      const graft::TensorMap* tensors = nullptr);
void refuses_adapter(const std::string& text, const char* words,
                     const graft::StatedConfig& model = read(sizes("llama")),
                     const graft::TensorMap* tensors = nullptr);
graft::TensorMap tensors(const std::vector<std::pair<std::string, std::vector<Index>>>& shapes);

}  // namespace made
