/// \file
/// Architectures of Phi-3 (Abdin et al. 2024).
#pragma once

#include <graft/models/families/llama/llama_config.hpp>

namespace graft {

/// What a config need not say. Inherit from it and hide what differs.
struct Phi3Defaults : LlamaDefaults {
  static constexpr float norm_epsilon = 1e-5F;
};

/// Phi-3-mini-4k-instruct.
struct Phi3Mini : Phi3Defaults {
  static constexpr Index vocabulary = 32'064, width = 3'072, blocks = 32, heads = 32, groups = 32, head_width = 96,
                         feed_forward = 8'192, window = 2'047;
};

}  // namespace graft
