/// \file
/// What was measured, by name.
#pragma once

#include <vector>

namespace graft {

/// A figure by its name in JSON, and how people call it.
struct Figure {
  const char *key, *name;  ///< its name in files; its name for people
  double value;
};

/// Held-out figures at one moment; those that were measured.
struct HeldOutFigures {
  double loss = 0;
  const char* loss_name = "loss per supervised token";  ///< what the loss is a mean over
  std::vector<Figure> others{};                         ///< what else was measured
};

}  // namespace graft
