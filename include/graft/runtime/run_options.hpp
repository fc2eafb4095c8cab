/// \file
/// How a run is done, for any model. It has no defaults of its own: what is not said is as `FitOptions`,
/// `TrainerOptions`, `Schedule` and `AdamW` have it, so that a run is the same from C++, from C and from the command
/// line.
#pragma once

#include <graft/train/fit.hpp>

namespace graft {

/// How a run is done.
struct RunOptions {
  FitOptions fit{};          ///< epochs, batches, checkpoints
  TrainerOptions trainer{};  ///< schedule, clipping, seed
  AdamW optimizer{};
  std::filesystem::path trunk_cache{};  ///< file of what frozen blocks yield: read if it is there, written at the end

  /// One seed for the order of examples and for dropout.
  void seed(std::uint64_t seed) { fit.seed = trainer.seed = seed; }
};

}  // namespace graft
